// The one HTTP client of the portal: same origin, the CSRF header on writes, every refusal a Problem.
import createClient from "openapi-fetch";
import { Problem, problemOf, unreachable } from "./problem";
import type { paths } from "./schema.gen";

const client = createClient<paths>({
  baseUrl: "/api/v1",
  credentials: "same-origin",
  headers: { "X-Depesche": "portal" },
});

let onLoggedOut: () => void = () => {};
let onNewPassword: () => void = () => {};
/** Called whenever a request finds that the login has ended. */
export function whenLoggedOut(run: () => void) {
  onLoggedOut = run;
}

/** Called whenever a request finds that an administrator has given this user a new password. */
export function whenNewPassword(run: () => void) {
  onNewPassword = run;
}

/** What a refused answer says; the end of a login is noticed on the way. */
async function refusal(response: Response, leads = true): Promise<Problem> {
  const problem = await problemOf(response);
  if (problem.code === "not_logged_in" && leads) onLoggedOut();
  if (problem.code === "must_change_password") onNewPassword();
  return problem;
}

client.use({
  async onResponse({ response, schemaPath }) {
    if (response.ok) return undefined;
    throw await refusal(response, schemaPath !== "/me");
  },
  onError({ error }) {
    return error instanceof Problem ? error : unreachable();
  },
});

/** Unwraps an answer; refusals were already thrown as Problem. */
async function ok<D>(call: Promise<{ data?: D }>): Promise<D> {
  return (await call).data as D;
}

export { client, ok, refusal };

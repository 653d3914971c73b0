import { beforeAll, expect, test } from "vitest";
import { Problem, problemOf } from "../api/problem";
import { setLang } from "../i18n/i18n.svelte";
import { fieldText, problemDetail, problemText } from "./problems";

beforeAll(() => setLang("de"));
const answer = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  problemOf(new Response(typeof body === "string" ? body : JSON.stringify(body), { status, headers }));

test("a code is said in the user's language", async () => {
  const problem = await answer(401, { code: "wrong_password", title: "Wrong password.", status: 401 });

  expect(problemText(problem)).toBe("Benutzername oder Kennwort stimmt nicht.");
  expect(problemDetail(problem)).toBeNull();
});

test("who was faster is named", async () => {
  const problem = await answer(409, { code: "session_taken", title: "Taken.", by: "Ben (1002)" });

  expect(problemText(problem)).toBe("Ben (1002) hat diese Unterhaltung schon übernommen.");
});

test("a conflict keeps the sentence that names what is in the way", async () => {
  const problem = await answer(409, { code: "conflict", title: "Queue Sales is used by +4915550000900." });

  expect(problemText(problem)).toBe("Queue Sales is used by +4915550000900.");
});

test("who opted out is refused in the daemon's words, with day and wording", async () => {
  const said = "Diese Person möchte keine Nachrichten mehr: seit 2026-11-28, mit den Worten „STOP“.";
  const problem = await answer(409, { code: "opted_out", title: "No more.", title_de: said });

  expect(problemText(problem)).toBe(said);
});

test("a sentence of the daemon is said in the user's language, on fields too", async () => {
  const problem = await answer(409, {
    code: "conflict",
    title: "number leads to it",
    title_de: "eine Rufnummer führt dorthin",
    fields: { route: "switched off", name: "required" },
    fields_de: { route: "abgeschaltet" },
  });

  expect(problemText(problem)).toBe("eine Rufnummer führt dorthin");
  expect(problem.fields).toEqual({ route: "abgeschaltet", name: "required" });
});

test("waiting time comes from the body or the header", async () => {
  expect((await answer(429, { code: "too_many_tries", title: "", retry_after_s: 7 })).retryAfterS).toBe(7);
  expect((await answer(429, { code: "too_many_tries", title: "" }, { "retry-after": "9" })).retryAfterS).toBe(9);
});

test("a proxy's page of HTML is a problem like any other", async () => {
  const problem = await answer(502, "<html>Bad gateway</html>");

  expect(problem.code).toBe("http_error");
  expect(problemText(problem)).toBe("Unerwartete Antwort von Depesche.");
});

test("a field's code is translated, a sentence stays", () => {
  expect(fieldText("required")).toBe("Bitte ausfüllen.");
  expect(fieldText("it does not exist (any more)")).toBe("it does not exist (any more)");
});

test("what is no problem of the daemon is no riddle either", () => {
  expect(problemText(new TypeError("x"))).toBe("Das hat nicht geklappt. Versuchen Sie es noch einmal.");
  expect(new Problem({ status: 409, code: "session_taken", title: "", by: undefined }).by).toBeNull();
});

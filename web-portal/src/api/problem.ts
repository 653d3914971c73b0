// A refusal of the daemon as an error value: its code decides the words, its fields land on the form.
import { either } from "../i18n/i18n.svelte";

export interface ProblemBody {
  status: number;
  code: string;
  title: string;
  title_de?: string;
  fields?: Record<string, string>;
  fields_de?: Record<string, string>;
  retry_after_s?: number;
  by?: string | { number: string; name: string };
  winner?: { number: string; name: string };
  recipients?: number;
}

export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly fields: Record<string, string>;
  readonly retryAfterS: number | null;
  /** Who won a pick-up, where the daemon says so. */
  readonly by: string | null;
  /** How many a campaign would reach now, where that has changed. */
  readonly recipients: number | null;

  constructor(body: ProblemBody) {
    super(either({ en: body.title, de: body.title_de ?? body.title }));
    this.status = body.status;
    this.code = body.code;
    const fields = body.fields ?? {};
    this.fields = either({ en: fields, de: { ...fields, ...body.fields_de } });
    this.retryAfterS = body.retry_after_s ?? null;
    this.recipients = body.recipients ?? null;
    const by = body.winner ?? body.by;
    this.by = by === undefined || by === null ? null : typeof by === "string" ? by : `${by.name} (${by.number})`;
  }
}

export const unreachable = () => new Problem({ status: 0, code: "unreachable", title: "The daemon does not answer." });

/** Reads whatever came back as a problem; a proxy's HTML page becomes a plain `http_error`. */
export async function problemOf(response: Response): Promise<Problem> {
  const retryAfter = Number(response.headers.get("retry-after")) || undefined;
  try {
    const body = (await response.json()) as Partial<ProblemBody>;
    if (typeof body.code === "string") {
      return new Problem({
        ...body,
        status: response.status,
        code: body.code,
        title: body.title ?? "",
        retry_after_s: body.retry_after_s ?? retryAfter,
      });
    }
  } catch {
    // not JSON: fall through
  }
  return new Problem({
    status: response.status,
    code: response.status === 401 ? "not_logged_in" : response.status === 503 ? "busy" : "http_error",
    title: `HTTP ${response.status}`,
    retry_after_s: retryAfter,
  });
}

// What travels over the live stream: kinds and ids, never contents.
export interface Change {
  kind:
    | "message"
    | "session"
    | "delivery"
    | "trunk"
    | "extension"
    | "settings"
    | "alarm"
    | "contacts"
    | "source"
    | "import"
    | "opt_outs"
    | "campaign";
  ids: number[];
  session?: number;
}
export type FromWorker =
  | { type: "change"; change: Change }
  | { type: "hello"; version: string }
  | { type: "resync" }
  | { type: "state"; connected: boolean; retryAt: number | null };
export type ToWorker = { type: "start" } | { type: "stop" } | { type: "retry" };

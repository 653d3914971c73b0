// The keys of the query cache, in one place, so that live changes hit what the screens read.
import type { LogQuery, SessionQuery } from "../api/types";

export const keys = {
  me: ["me"] as const,
  counts: ["counts"] as const,
  sessions: ["sessions"] as const,
  sessionList: (query: SessionQuery) => ["sessions", query] as const,
  session: (id: number) => ["session", id] as const,
  thread: (id: number) => ["thread", id] as const,
  search: (q: string) => ["search", q] as const,
  carriers: ["carriers"] as const,
  trunks: ["trunks"] as const,
  channels: ["channels"] as const,
  numbers: ["numbers"] as const,
  templates: ["templates"] as const,
  templatesOf: (channel: number) => ["templates", channel] as const,
  queues: ["queues"] as const,
  extensions: ["extensions"] as const,
  users: ["users"] as const,
  connect: ["connect"] as const,
  alarms: ["alarms"] as const,
  simulator: ["simulator"] as const,
  customerPhone: (customer: string) => ["simulator", "phone", customer] as const,
  messageLog: (id: number) => ["log", "message", id] as const,
  log: (query: LogQuery) => ["log", "all", query] as const,
  exchange: (id: number) => ["log", "one", id] as const,
  trunkLog: (id: number) => ["log", "trunk", id] as const,
};

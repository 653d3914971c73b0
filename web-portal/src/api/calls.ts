// Every call the portal makes, one function each. Features import these; nothing else fetches.
import { client, ok } from "./client";
import type * as T from "./types";

const at = (id: number) => ({ params: { path: { id } } });

/** Short collections come whole, some bare and some in an envelope. */
const items = <X>(answer: X[] | T.Items<X>): X[] => (Array.isArray(answer) ? answer : answer.items);

export const login = (name: string, password: string) => ok(client.POST("/login", { body: { name, password } }));
export const logout = () => ok(client.POST("/logout"));
export const changePassword = (old: string, next: string) =>
  ok(client.POST("/login/password", { body: { old, new: next } }));
export const me = () => ok(client.GET("/me"));
export const patchMe = (body: { language?: "de" | "en"; theme?: "light" | "dark" | "system" }) =>
  ok(client.PATCH("/me", { body }));

export const sessions = {
  list: (query: T.SessionQuery) => ok(client.GET("/sessions", { params: { query } })),
  counts: () => ok(client.GET("/sessions/counts")),
  byIds: (ids: number[]) => ok(client.POST("/sessions/by-ids", { body: { ids } })),
  get: (id: number) => ok(client.GET("/sessions/{id}", at(id))),
  thread: (id: number, before?: string) =>
    ok(client.GET("/sessions/{id}/thread", { params: { path: { id }, query: { before, limit: 50 } } })),
  write: (id: number, body: { text: string; client_id: string; send_at?: string; attachments?: number[] }) =>
    ok(client.POST("/sessions/{id}/messages", { ...at(id), body })),
  mediaRules: (id: number) => ok(client.GET("/sessions/{id}/media-rules", at(id))),
  fit: (id: number, uploads: number[]) => ok(client.POST("/sessions/{id}/fit", { ...at(id), body: { uploads } })),
  start: (body: {
    channel: number;
    number?: number;
    pool?: string;
    to: string;
    text: string;
    client_id: string;
    send_at?: string;
    attachments?: number[];
  }) => ok(client.POST("/sessions", { body })),
  say: (id: number, body: { say: T.Say; client_id: string; in_reply_to?: number }) =>
    ok(client.POST("/sessions/{id}/say", { ...at(id), body })),
  pickUp: (id: number) => ok(client.POST("/sessions/{id}/pick-up", at(id))),
  transfer: (id: number, to: T.Route) => ok(client.POST("/sessions/{id}/transfer", { ...at(id), body: { to } })),
  end: (id: number) => ok(client.POST("/sessions/{id}/end", at(id))),
  read: (id: number, upTo: number) => ok(client.POST("/sessions/{id}/read", { ...at(id), body: { up_to: upTo } })),
  unread: (id: number) => ok(client.POST("/sessions/{id}/unread", at(id))),
};

export const messages = {
  get: (id: number) => ok(client.GET("/messages/{id}", at(id))),
  sendAgain: (id: number) => ok(client.POST("/messages/{id}/send-again", at(id))),
  cancel: (id: number) => ok(client.POST("/messages/{id}/cancel", at(id))),
  change: (id: number, body: { text?: string; send_at?: string }) =>
    ok(client.PATCH("/messages/{id}", { ...at(id), body })),
  settle: (id: number, state: "sent" | "failed") =>
    ok(client.POST("/messages/{id}/settle", { ...at(id), body: { state } })),
  log: async (id: number) => items(await ok(client.GET("/messages/{id}/log", at(id)))),
};
/** Files that were put here and not sent yet; putting them here is `upload` in upload.ts. */
export const uploads = {
  byIds: async (ids: number[]) =>
    items(await ok(client.GET("/uploads", { params: { query: { ids: ids.join(",") } } }))),
  forget: (id: number) => ok(client.DELETE("/uploads/{id}", at(id))),
};
/** Addresses of files, for elements that fetch by themselves. */
export const fileAt = {
  upload: (id: number) => `/api/v1/uploads/${id}/file`,
  uploadThumb: (id: number) => `/api/v1/uploads/${id}/thumb`,
  file: (id: number) => `/api/v1/attachments/${id}/file`,
  original: (id: number) => `/api/v1/attachments/${id}/file?download`,
  thumb: (id: number) => `/api/v1/attachments/${id}/thumb`,
};
export const templates = {
  list: (channel?: number) => ok(client.GET("/templates", { params: { query: channel ? { channel } : {} } })),
  refresh: () => ok(client.POST("/templates/refresh")),
};
export const search = (q: string) => ok(client.GET("/search", { params: { query: { q, limit: 30 } } }));

export const carriers = async () => items(await ok(client.GET("/carriers")));
export const trunks = {
  list: async () => items(await ok(client.GET("/trunks"))),
  get: (id: number) => ok(client.GET("/trunks/{id}", at(id))),
  create: (body: T.TrunkInput) => ok(client.POST("/trunks", { body })),
  save: (id: number, body: T.TrunkInput) => ok(client.PUT("/trunks/{id}", { ...at(id), body })),
  remove: (id: number) => ok(client.DELETE("/trunks/{id}", at(id))),
  test: (id: number) => ok(client.POST("/trunks/{id}/test", at(id))),
  accountNumbers: (id: number) => ok(client.POST("/trunks/{id}/account-numbers", at(id))),
  log: (id: number, after?: string) =>
    ok(client.GET("/trunks/{id}/log", { params: { path: { id }, query: { after, limit: 50 } } })),
};
export const log = {
  list: (query: T.LogQuery) => ok(client.GET("/log", { params: { query } })),
  get: (id: number) => ok(client.GET("/log/{id}", at(id))),
};
export const channels = {
  list: async () => items(await ok(client.GET("/channels"))),
  create: (body: T.ChannelInput) => ok(client.POST("/channels", { body })),
  save: (id: number, body: T.ChannelInput) => ok(client.PUT("/channels/{id}", { ...at(id), body })),
  remove: (id: number) => ok(client.DELETE("/channels/{id}", at(id))),
};
/** What channels take of files. */
export const media = {
  get: async (channel: number) => complete(await ok(client.GET("/channels/{id}/media", at(channel)))),
  save: async (channel: number, body: Omit<T.ChannelMedia, "defaults">) =>
    complete(await ok(client.PUT("/channels/{id}/media", { ...at(channel), body }))),
};
type SomeMedia = Partial<Omit<T.ChannelMedia, "defaults">>;
const limits = (m: SomeMedia) => ({
  files_max: m.files_max ?? null,
  picture_bytes_max: m.picture_bytes_max ?? null,
  paper_bytes_max: m.paper_bytes_max ?? null,
  other_bytes_max: m.other_bytes_max ?? null,
  total_bytes_max: m.total_bytes_max ?? null,
  countries: m.countries ?? null,
});
const complete = (found: SomeMedia & { defaults: SomeMedia }): T.ChannelMedia => ({
  ...limits(found),
  families: found.families ?? null,
  kept_days: found.kept_days ?? 183,
  strip_location: found.strip_location ?? true,
  active_pdf: found.active_pdf ?? "refuse",
  links_instead: found.links_instead ?? true,
  defaults: { ...limits(found.defaults), families: found.defaults.families ?? [] },
});
export const numbers = {
  list: async () => items(await ok(client.GET("/numbers"))),
  create: (body: T.NumberInput) => ok(client.POST("/numbers", { body })),
  save: (id: number, body: T.NumberInput) => ok(client.PUT("/numbers/{id}", { ...at(id), body })),
  remove: (id: number) => ok(client.DELETE("/numbers/{id}", at(id))),
  mediaRules: (id: number, to: string) =>
    ok(client.GET("/numbers/{id}/media-rules", { params: { path: { id }, query: { to } } })),
  fit: (id: number, to: string, uploads: number[]) =>
    ok(client.POST("/numbers/{id}/fit", { ...at(id), body: { to, uploads } })),
};
export const pools = async () => items(await ok(client.GET("/pools")));
/** How channels and numbers send, beside their pace. */
export const sending = {
  ofChannel: async (id: number) => whole(await ok(client.GET("/channels/{id}/sending", at(id)))),
  setChannel: async (id: number, body: T.ChannelSending) =>
    whole(await ok(client.PUT("/channels/{id}/sending", { ...at(id), body }))),
  ofNumber: async (id: number) => counted(await ok(client.GET("/numbers/{id}/sending", at(id)))),
  setNumber: async (id: number, body: T.NumberSending) =>
    counted(await ok(client.PUT("/numbers/{id}/sending", { ...at(id), body }))),
};
const whole = (found: Partial<T.ChannelSending>): T.ChannelSending => ({
  valid_for_s: found.valid_for_s ?? null,
  fallback: found.fallback ?? null,
  smart: found.smart ?? false,
  prices: found.prices ?? [],
});
const counted = (found: Partial<T.NumberSending>): T.NumberSending => ({
  in_segments: found.in_segments ?? false,
  pool: found.pool ?? null,
});
export const queues = {
  list: async () => items(await ok(client.GET("/queues"))),
  create: (body: T.QueueInput) => ok(client.POST("/queues", { body })),
  save: (id: number, body: T.QueueInput) => ok(client.PUT("/queues/{id}", { ...at(id), body })),
  remove: (id: number) => ok(client.DELETE("/queues/{id}", at(id))),
};
export const extensions = {
  list: async () => items(await ok(client.GET("/extensions"))),
  create: (body: T.ExtensionInput) => ok(client.POST("/extensions", { body })),
  save: (id: number, body: T.ExtensionInput) => ok(client.PUT("/extensions/{id}", { ...at(id), body })),
  remove: (id: number) => ok(client.DELETE("/extensions/{id}", at(id))),
  newPassword: (id: number) => ok(client.POST("/extensions/{id}/password", at(id))),
  test: (id: number) => ok(client.POST("/extensions/{id}/test", at(id))),
};
export const users = {
  list: async () => items(await ok(client.GET("/users"))),
  create: (body: T.UserInput) => ok(client.POST("/users", { body })),
  save: (id: number, body: T.UserInput) => ok(client.PUT("/users/{id}", { ...at(id), body })),
  remove: (id: number) => ok(client.DELETE("/users/{id}", at(id))),
  newPassword: (id: number) => ok(client.POST("/users/{id}/password", at(id))),
};
export const connect = () => ok(client.GET("/connect"));
export const alarms = async () => items(await ok(client.GET("/alarms")));

export const simulator = {
  get: () => ok(client.GET("/simulator")),
  phone: (customer: string) => ok(client.GET("/simulator/phone", { params: { query: { customer } } })),
  write: (body: { customer: string; number: string; text: string; uploads: number[] }) =>
    ok(client.POST("/simulator/write", { body })),
};

// Every call the portal makes, one function each. Features import these; nothing else fetches.
import { client, ok } from "./client";
import type { SessionQuery } from "./schema";
import type * as T from "./types";

const at = (id: number) => ({ params: { path: { id } } });

/** Short collections come whole, some bare and some in an envelope. */
const items = <X>(answer: X[] | T.Items<X>): X[] => (Array.isArray(answer) ? answer : answer.items);

export const login = (name: string, password: string) => ok(client.POST("/api/v1/login", { body: { name, password } }));
export const logout = () => ok(client.POST("/api/v1/logout"));
export const changePassword = (old: string, next: string) =>
  ok(client.POST("/api/v1/login/password", { body: { old, new: next } }));
export const me = () => ok(client.GET("/api/v1/me"));
export const patchMe = (body: { language?: "de" | "en"; theme?: string }) => ok(client.PATCH("/api/v1/me", { body }));

export const sessions = {
  list: (query: SessionQuery) => ok(client.GET("/api/v1/sessions", { params: { query } })),
  counts: () => ok(client.GET("/api/v1/sessions/counts")),
  byIds: (ids: number[]) => ok(client.POST("/api/v1/sessions/by-ids", { body: { ids } })),
  get: (id: number) => ok(client.GET("/api/v1/sessions/{id}", at(id))),
  thread: (id: number, before?: string) =>
    ok(client.GET("/api/v1/sessions/{id}/thread", { params: { path: { id }, query: { before, limit: 50 } } })),
  write: (id: number, body: { text: string; client_id: string }) =>
    ok(client.POST("/api/v1/sessions/{id}/messages", { ...at(id), body })),
  start: (body: { channel: number; number: number; to: string; text: string; client_id: string }) =>
    ok(client.POST("/api/v1/sessions", { body })),
  pickUp: (id: number) => ok(client.POST("/api/v1/sessions/{id}/pick-up", at(id))),
  transfer: (id: number, to: T.Route) => ok(client.POST("/api/v1/sessions/{id}/transfer", { ...at(id), body: { to } })),
  end: (id: number) => ok(client.POST("/api/v1/sessions/{id}/end", at(id))),
  read: (id: number, upTo: number) =>
    ok(client.POST("/api/v1/sessions/{id}/read", { ...at(id), body: { up_to: upTo } })),
  unread: (id: number) => ok(client.POST("/api/v1/sessions/{id}/unread", at(id))),
};

export const messages = {
  get: (id: number) => ok(client.GET("/api/v1/messages/{id}", at(id))),
  sendAgain: (id: number) => ok(client.POST("/api/v1/messages/{id}/send-again", at(id))),
  settle: (id: number, state: "sent" | "failed") =>
    ok(client.POST("/api/v1/messages/{id}/settle", { ...at(id), body: { state } })),
  log: async (id: number) => items(await ok(client.GET("/api/v1/messages/{id}/log", at(id)))),
};
export const search = (q: string) => ok(client.GET("/api/v1/search", { params: { query: { q, limit: 30 } } }));

export const carriers = async () => items(await ok(client.GET("/api/v1/carriers")));
export const trunks = {
  list: async () => items(await ok(client.GET("/api/v1/trunks"))),
  get: (id: number) => ok(client.GET("/api/v1/trunks/{id}", at(id))),
  create: (body: T.TrunkInput) => ok(client.POST("/api/v1/trunks", { body })),
  save: (id: number, body: T.TrunkInput) => ok(client.PUT("/api/v1/trunks/{id}", { ...at(id), body })),
  remove: (id: number) => ok(client.DELETE("/api/v1/trunks/{id}", at(id))),
  test: (id: number) => ok(client.POST("/api/v1/trunks/{id}/test", at(id))),
  log: (id: number, after?: string) =>
    ok(client.GET("/api/v1/trunks/{id}/log", { params: { path: { id }, query: { after, limit: 50 } } })),
};
export const channels = {
  list: async () => items(await ok(client.GET("/api/v1/channels"))),
  create: (body: T.ChannelInput) => ok(client.POST("/api/v1/channels", { body })),
  save: (id: number, body: T.ChannelInput) => ok(client.PUT("/api/v1/channels/{id}", { ...at(id), body })),
  remove: (id: number) => ok(client.DELETE("/api/v1/channels/{id}", at(id))),
};
export const numbers = {
  list: async () => items(await ok(client.GET("/api/v1/numbers"))),
  create: (body: T.NumberInput) => ok(client.POST("/api/v1/numbers", { body })),
  save: (id: number, body: T.NumberInput) => ok(client.PUT("/api/v1/numbers/{id}", { ...at(id), body })),
  remove: (id: number) => ok(client.DELETE("/api/v1/numbers/{id}", at(id))),
};
export const queues = {
  list: async () => items(await ok(client.GET("/api/v1/queues"))),
  create: (body: T.QueueInput) => ok(client.POST("/api/v1/queues", { body })),
  save: (id: number, body: T.QueueInput) => ok(client.PUT("/api/v1/queues/{id}", { ...at(id), body })),
  remove: (id: number) => ok(client.DELETE("/api/v1/queues/{id}", at(id))),
};
export const extensions = {
  list: async () => items(await ok(client.GET("/api/v1/extensions"))),
  create: (body: T.ExtensionInput) => ok(client.POST("/api/v1/extensions", { body })),
  save: (id: number, body: T.ExtensionInput) => ok(client.PUT("/api/v1/extensions/{id}", { ...at(id), body })),
  remove: (id: number) => ok(client.DELETE("/api/v1/extensions/{id}", at(id))),
  newPassword: (id: number) => ok(client.POST("/api/v1/extensions/{id}/password", at(id))),
  test: (id: number) => ok(client.POST("/api/v1/extensions/{id}/test", at(id))),
};
export const users = {
  list: async () => items(await ok(client.GET("/api/v1/users"))),
  create: (body: T.UserInput) => ok(client.POST("/api/v1/users", { body })),
  save: (id: number, body: T.UserInput) => ok(client.PUT("/api/v1/users/{id}", { ...at(id), body })),
  remove: (id: number) => ok(client.DELETE("/api/v1/users/{id}", at(id))),
  newPassword: (id: number) => ok(client.POST("/api/v1/users/{id}/password", at(id))),
};
export const connect = () => ok(client.GET("/api/v1/connect"));
export const alarms = async () => items(await ok(client.GET("/api/v1/alarms")));

export const simulator = {
  get: () => ok(client.GET("/api/v1/simulator")),
  phone: (customer: string) => ok(client.GET("/api/v1/simulator/phone", { params: { query: { customer } } })),
  write: (body: { customer: string; number: string; text: string }) =>
    ok(client.POST("/api/v1/simulator/write", { body })),
};

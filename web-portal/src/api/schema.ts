// The contract in the shape openapi-fetch reads: one line per path of the private API.
import type * as T from "./types";

interface Body<B> {
  requestBody: { content: { "application/json": B } };
}
type NoQuery = Record<never, never>;
interface Answer<R, Q, P> {
  parameters: { query?: Q; header?: never; cookie?: never } & ([P] extends [never] ? { path?: never } : { path: P });
  responses: { 200: { headers: Record<string, unknown>; content: { "application/json": R } } };
}
type Get<R, Q = NoQuery, P = never> = Answer<R, Q, P> & { requestBody?: never };
type Send<R, B, P = never> = Answer<R, NoQuery, P> & Body<B>;
type Do<R, P = never> = Answer<R, NoQuery, P> & { requestBody?: never };
interface Id {
  id: number;
}
interface Collection<R, I, C = R> {
  get: Get<T.Items<R>>;
  post: Send<C, I>;
}
interface One<R, I> {
  get: Get<R, NoQuery, Id>;
  put: Send<R, I, Id>;
  delete: Do<undefined, Id>;
}
interface Paged {
  after?: string;
  limit?: number;
}
export interface SessionQuery extends Paged {
  tab: T.Tab;
  q?: string;
  channel?: number;
  queue?: number;
  extension?: number;
}

export interface paths {
  "/api/v1/login": { post: Send<T.Me, { name: string; password: string }> };
  "/api/v1/logout": { post: Do<undefined> };
  "/api/v1/login/password": { post: Send<undefined, { old: string; new: string }> };
  "/api/v1/me": { get: Get<T.Me>; patch: Send<T.Me, { language?: "de" | "en"; theme?: string }> };
  "/api/v1/sessions": {
    get: Get<T.Page<T.Session>, SessionQuery>;
    post: Send<
      { session: T.Session; message: T.Message },
      { channel: number; number: number; to: string; text: string; client_id: string }
    >;
  };
  "/api/v1/sessions/counts": { get: Get<T.Counts> };
  "/api/v1/sessions/by-ids": { post: Send<T.Items<T.Session>, { ids: number[] }> };
  "/api/v1/sessions/{id}": { get: Get<T.Session, NoQuery, Id> };
  "/api/v1/sessions/{id}/thread": { get: Get<T.ThreadPage, { before?: string; limit?: number }, Id> };
  "/api/v1/sessions/{id}/messages": { post: Send<T.Message, { text: string; client_id: string }, Id> };
  "/api/v1/sessions/{id}/pick-up": { post: Do<T.Session, Id> };
  "/api/v1/sessions/{id}/transfer": { post: Send<T.Session, { to: T.Route }, Id> };
  "/api/v1/sessions/{id}/end": { post: Do<T.Session, Id> };
  "/api/v1/sessions/{id}/read": { post: Send<undefined, { up_to: number }, Id> };
  "/api/v1/sessions/{id}/unread": { post: Do<undefined, Id> };
  "/api/v1/messages/{id}": { get: Get<T.Message, NoQuery, Id> };
  "/api/v1/messages/{id}/send-again": { post: Do<T.Message, Id> };
  "/api/v1/messages/{id}/settle": { post: Send<T.Message, { state: "sent" | "failed" }, Id> };
  "/api/v1/messages/{id}/log": { get: Get<T.Items<T.Exchange>, NoQuery, Id> };
  "/api/v1/search": { get: Get<T.SearchResult, { q: string; limit?: number }> };
  "/api/v1/carriers": { get: Get<T.Carrier[]> };
  "/api/v1/trunks": Collection<T.Trunk, T.TrunkInput>;
  "/api/v1/trunks/{id}": One<T.Trunk, T.TrunkInput>;
  "/api/v1/trunks/{id}/test": { post: Do<{ steps: T.Step[] }, Id> };
  "/api/v1/trunks/{id}/log": { get: Get<T.Page<T.Exchange>, Paged, Id> };
  "/api/v1/channels": Collection<T.Channel, T.ChannelInput>;
  "/api/v1/channels/{id}": One<T.Channel, T.ChannelInput>;
  "/api/v1/numbers": Collection<T.OwnNumber, T.NumberInput>;
  "/api/v1/numbers/{id}": One<T.OwnNumber, T.NumberInput>;
  "/api/v1/queues": Collection<T.Queue, T.QueueInput>;
  "/api/v1/queues/{id}": One<T.Queue, T.QueueInput>;
  "/api/v1/extensions": Collection<T.Extension, T.ExtensionInput, { extension: T.Extension; password: string }>;
  "/api/v1/extensions/{id}": One<T.Extension, T.ExtensionInput>;
  "/api/v1/extensions/{id}/password": { post: Do<{ extension: T.Extension; password: string }, Id> };
  "/api/v1/extensions/{id}/test": { post: Do<{ steps: T.Step[] }, Id> };
  "/api/v1/users": Collection<T.User, T.UserInput, { user: T.User; password: string }>;
  "/api/v1/users/{id}": One<T.User, T.UserInput>;
  "/api/v1/users/{id}/password": { post: Do<{ user: T.User; password: string }, Id> };
  "/api/v1/connect": { get: Get<T.Connect> };
  "/api/v1/alarms": { get: Get<T.Items<T.Alarm>> };
  "/api/v1/simulator": { get: Get<T.Simulator> };
  "/api/v1/simulator/phone": { get: Get<{ texts: T.CustomerText[] }, { customer: string }> };
  "/api/v1/simulator/write": { post: Send<{ carrier_id: string }, { customer: string; number: string; text: string }> };
}

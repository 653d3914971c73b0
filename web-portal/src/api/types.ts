// The nouns of the private API as the portal reads them. Times are milliseconds since 1970 UTC; ids are numbers.
export type Role = "admin" | "supervisor" | "agent";
export type ChannelKind = "sms" | "whatsapp";
export type Direction = "in" | "out";
export type Status =
  | "received"
  | "queued"
  | "sending"
  | "sent"
  | "delivered"
  | "read"
  | "failed"
  | "undelivered"
  | "uncertain"
  | "skipped"
  | "cancelled";

export interface Page<T> {
  items: T[];
  next: string | null;
}
export interface Items<T> {
  items: T[];
}

export interface ExtensionRef {
  id: number;
  number: string;
  name: string;
}
export interface NamedRef {
  id: number;
  name: string;
}
export interface ChannelRef extends NamedRef {
  kind: ChannelKind;
}

export interface Me {
  user: {
    id: number;
    name: string;
    role: Role;
    extension: ExtensionRef | null;
    must_change_password: boolean;
    language: "de" | "en" | null;
    theme?: "light" | "dark" | "system" | null;
  };
  can: string[];
  version: string;
  site: { country: string };
}

/** Why something failed, in plain words of both languages, with the carrier's own code and words where it gave any. */
export interface Reason {
  code: string;
  carrier_code: string | null;
  detail: string | null;
  en: string;
  de: string;
}

export interface Session {
  id: number;
  channel: ChannelRef;
  number: { id: number; address: string; label: string };
  peer: { id: number; address: string; name: string | null };
  state: "waiting" | "held" | "closed";
  queue: NamedRef | null;
  extension: ExtensionRef | null;
  pick_up: "manual" | "automatic" | "none" | null;
  opened_at: number;
  closed_at: number | null;
  last_at: number;
  last_text: string;
  last_direction: Direction;
  last_status: Status;
  unread: number;
  awaiting_reply: boolean;
  can: { reply: boolean; pick_up: boolean; transfer: boolean; end: boolean };
}
export type Tab = "mine" | "waiting" | "all" | "ended";
export interface Counts {
  mine: number;
  waiting: number;
  all: number;
  ended: number;
  unread: number;
}

export interface Message {
  id: number;
  session_id: number;
  direction: Direction;
  text: string;
  at: number;
  author: { kind: "peer" | "extension" | "user"; name: string | null; extension: ExtensionRef | null };
  status: Status;
  reason: Reason | null;
  segments: number | null;
  media_count: number;
  phones: { extension: string; status: Status; reason: Reason | null }[];
  can: { send_again: boolean; settle: boolean };
}
export type EventKind =
  "opened" | "offered" | "picked_up" | "transferred" | "ended" | "ended_automatically" | "reopened" | "expired";
export interface SessionEvent {
  id: number;
  at: number;
  kind: EventKind;
  by: string | null;
  from: string | null;
  to: string | null;
}
export type ThreadItem = { type: "message"; message: Message } | { type: "event"; event: SessionEvent };
export interface ThreadPage {
  items: ThreadItem[];
  before: string | null;
}

export interface Exchange {
  id: number;
  at: number;
  trunk: number | null;
  extension: number | null;
  delivery: number | null;
  direction: Direction;
  what: "send" | "webhook" | "sip" | "test" | "ask";
  took_ms: number;
  status: string;
  outcome: string;
  request: string;
  answer: string;
}
export interface SearchResult {
  messages: { message: Message; session: Session; marked: string }[];
  sessions: Session[];
}

export interface CarrierField {
  key: string;
  en: string;
  de: string;
  hint: string | null;
  secret: boolean;
  required: boolean;
  default: string | null;
}
export interface Carrier {
  name: string;
  title: string;
  kinds: ChannelKind[];
  fields: CarrierField[];
}
export type TrunkState = "ok" | "off" | "misconfigured" | "no_credit" | "unreachable" | "unknown";
export interface Trunk {
  id: number;
  name: string;
  carrier: string;
  enabled: boolean;
  settings: Record<string, string | null>;
  secrets_set: string[];
  mps: number | null;
  on_uncertain: "ask" | "send_again";
  webhook_url: string;
  state: TrunkState;
  state_reason: Reason | null;
  last_in_at: number | null;
  last_out_at: number | null;
  errors_24h: number;
  version: number;
}
export interface TrunkInput {
  name: string;
  carrier: string;
  enabled: boolean;
  settings: Record<string, string | null>;
  mps: number | null;
  on_uncertain: Trunk["on_uncertain"];
  version?: number;
}
export interface Step {
  name: string;
  verdict: "good" | "bad" | "skipped";
  en: string;
  de: string;
  took_ms: number;
}
export interface Channel {
  id: number;
  name: string;
  kind: ChannelKind;
  trunk: NamedRef;
  enabled: boolean;
  close_after_days: number | null;
  version: number;
}
export interface ChannelInput {
  name: string;
  kind: ChannelKind;
  trunk: number;
  enabled: boolean;
  close_after_days: number | null;
  version?: number;
}
export type SenderClass = "long_code" | "toll_free" | "short_code" | "alphanumeric" | "whats_app";
export type Route = { extension: number } | { queue: number };
export interface OwnNumber {
  id: number;
  channel: ChannelRef;
  address: string;
  label: string;
  sender_class: SenderClass;
  mps: number | null;
  route: Route;
  version: number;
}
export interface NumberInput {
  channel: number;
  address: string;
  label: string;
  sender_class: SenderClass;
  mps: number | null;
  route: Route;
  version?: number;
}
export type PickUp = "manual" | "automatic" | "none";
export interface Queue {
  id: number;
  name: string;
  pick_up: PickUp;
  members: ExtensionRef[];
  waiting: number;
  version: number;
}
export interface QueueInput {
  name: string;
  pick_up: PickUp;
  members: number[];
  version?: number;
}
export interface Binding {
  contact: string;
  transport: string;
  user_agent: string | null;
  expires_at: number;
}
export interface Extension {
  id: number;
  number: string;
  name: string;
  enabled: boolean;
  default_number: number | null;
  bindings: Binding[];
  reachable: "registered" | "through_pbx" | "no";
  waiting_texts: number;
  version: number;
}
export interface ExtensionInput {
  number: string;
  name: string;
  enabled: boolean;
  default_number: number | null;
  version?: number;
}
export interface User {
  id: number;
  name: string;
  role: Role;
  extension: ExtensionRef | null;
  must_change_password: boolean;
  last_login_at: number | null;
}
export interface UserInput {
  name: string;
  role: Role;
  extension: number | null;
}
export interface Connect {
  mode: "registrar" | "pbx";
  domain: string;
  listeners: { transport: string; host: string; port: number }[];
}
export interface Alarm {
  id: number;
  at: number;
  kind: "trunk" | "disk" | "phone" | "store";
  subject: string;
  reason: Reason;
}

export interface Simulator {
  trunk: NamedRef | null;
  numbers: OwnNumber[];
  customers: { address: string; last_at: number | null }[];
  behaviours: { ending: string; en: string; de: string }[];
}
export interface CustomerText {
  direction: "to_customer" | "from_customer";
  our_number: string;
  text: string;
  at: number;
  state: string;
}

// Campaigns: shapes and calls. The shapes are written by hand until the contract has them; then they become the
// generated ones, and `send` becomes the typed client.
import { client } from "./client";
import type { components } from "./schema.gen";
import type { ChannelKind, FitStep, Items, Page, Reason, Route } from "./types";

export type TemplateUse = components["schemas"]["TemplateUse"];

export type CampaignStatus =
  "draft" | "scheduled" | "pending" | "executing" | "paused" | "retrying" | "stop" | "completed" | "cancelled";
export type RecipientState =
  | "waiting"
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
export type Flag = "replied" | "opted_out" | "clicked";
export type NumberKind =
  "business" | "business2" | "mobile" | "mobile2" | "home" | "home2" | "business_fax" | "home_fax" | "other";

export interface BookPick {
  phonebook: number;
  kinds: NumberKind[];
  all_numbers: boolean;
}
export interface TemplatePlan {
  name: string;
  language: string;
  header: string | null;
  body: string[];
  buttons: { index: number; value: string }[];
}
export interface Hours {
  from: string;
  until: string;
  days: number[];
  outside: "move" | "skip";
}
export type Sender = { number: number } | { pool: string };
export interface Plan {
  name: string;
  channel: number | null;
  sender: Sender | null;
  audience: {
    typed: string;
    books: BookPick[];
    without_lists: number[];
    exclude: { typed: string; books: number[]; campaigns: number[] };
  };
  content: { text: string; template: TemplatePlan | null; count_links: boolean };
  rules: {
    start: { local: string; zone: string } | null;
    /** `day` is the house's own. */
    repeat: { every: "week" | "month"; until: string | null; day?: number | null } | null;
    hours: Hours | null;
    pace: number | null;
    session: "direct" | { open: Route };
    stop_after: number;
    goes_on_by_itself: boolean;
    marketing: boolean;
  };
}
export type Counts = Record<RecipientState | Flag | "all", number>;
export type May =
  "edit" | "launch" | "pause" | "resume" | "cancel" | "unschedule" | "duplicate" | "delete" | "retry" | "uncertain";
export interface Money {
  micros: number;
  currency: string;
}
export interface CampaignRow {
  id: number;
  name: string;
  channel: number | null;
  channel_name: string | null;
  kind: ChannelKind | null;
  sender_label: string | null;
  status: CampaignStatus;
  reason: Reason | null;
  position: number | null;
  counts: Counts;
  due_at: number | null;
  zone: string | null;
  started_at: number | null;
  ended_at: number | null;
  created_at: number;
  by_name: string;
  version: number;
  may: May[];
}
export interface CampaignFile {
  position: number;
  name: string;
  type: string;
  bytes: number;
}
export interface Layout {
  encoding: string;
  separator: "comma" | "semicolon" | "tab" | "pipe";
  header: boolean;
}
export interface CampaignList {
  id: number;
  name: string;
  layout: Layout;
  columns: { name: string; variable: string }[];
  number_column: number;
  name_column: number | null;
  rows: number;
  good: number;
  faulty: number;
  faults: { line: number; given: string; en: string; de: string }[];
  first: string[][];
  /** It is still being read, or that broke off. */
  reading: boolean;
}
export interface Blocker {
  field: string;
  code: string;
  en: string;
  de: string;
}
export interface Campaign extends CampaignRow {
  plan: Plan;
  files: CampaignFile[];
  lists: CampaignList[];
  copy_of: number | null;
  cost: Money | null;
  blocked: Blocker[];
  copied?: string[];
  not_copied?: string[];
}
export interface Estimate {
  recipients: number;
  sends: number;
  opted_out: number;
  invalid: number;
  duplicates: number;
  excluded: number;
  /** Who cannot be said it: it would be empty, too long, or not fit the template. */
  unsaid: number;
  outside_hours: number;
  faults: { source: "typed" | "phonebook" | number; line: number | null; given: string; en: string; de: string }[];
  segments: { least: number; most: number; all: number } | null;
  encoding: "gsm7" | "ucs2" | null;
  cost: Money | null;
  cost_each: Money | null;
  seconds: number | null;
  ends_at: number | null;
  limits: { en: string; de: string }[];
  unknown_variables: string[];
  blockers: Blocker[];
}
export interface Preview {
  /** Which of those who are written to, from 1. */
  at: number;
  of: number;
  /** Null: there is nobody yet, it is shown without any values. */
  to: string | null;
  name: string;
  text: string | null;
  files: { name: string; steps: FitStep[] }[];
  way: "files" | "links" | "none";
  /** With its values filled in. */
  template: TemplateUse | null;
  segments: number | null;
  encoding: "gsm7" | "ucs2" | null;
  missing: string[];
  /** Why nothing is said to this one. */
  problem: { en: string; de: string } | null;
  blockers: Blocker[];
}
export interface Variable {
  name: string;
  from: "contact" | "list" | "site";
  example: string;
}
export interface Recipient {
  id: number;
  name: string;
  given: string;
  address: string | null;
  state: RecipientState;
  reason: Reason | null;
  tries: number;
  changed_at: number;
  sent_at: number | null;
  delivered_at: number | null;
  read_at: number | null;
  replied_at: number | null;
  opted_out_at: number | null;
  clicks: number;
  session: number | null;
  message: number | null;
  segments: number;
  cost: Money | null;
}
export interface TimelineStep {
  at: number;
  sent: number;
  delivered: number;
  read: number;
  failed: number;
}
export interface Results {
  counts: Counts;
  cost: Money | null;
  reasons: { code: string; en: string; de: string; state: RecipientState; count: number }[];
  timeline: TimelineStep[];
  /** Whether the trunk reports deliveries at all. */
  reports: boolean;
  links: { target: string; clicks: number; people: number }[];
}
export interface CampaignSettings {
  campaigns_max: number;
  recipients_max: number;
  user_per_day: number;
  user_per_month: number;
  number_per_day: number;
  number_per_month: number;
  kept_days: number | null;
  version: number;
}
export interface Phonebook {
  id: number;
  name: string;
  remark: string;
  contacts: number;
}
export interface CampaignQuery {
  status?: CampaignStatus;
  channel?: number;
  q?: string;
}
export interface RecipientQuery {
  state?: RecipientState;
  flag?: Flag;
  q?: string;
}
export type Choice = "arrived" | "failed" | "send_again";

interface Asked {
  query?: object;
  body?: unknown;
}
interface Loose {
  request(method: string, path: string, init: object): Promise<{ data?: unknown }>;
}
async function send<Answer>(method: string, path: string, { query, body }: Asked = {}): Promise<Answer> {
  // A file leaves as its bytes, everything else as JSON.
  const raw = body instanceof Blob;
  const init = {
    params: { query },
    body,
    ...(raw ? { bodySerializer: (b: unknown) => b, headers: { "Content-Type": body.type || "text/csv" } } : {}),
  };
  return (await (client as unknown as Loose).request(method.toLowerCase(), path, init)).data as Answer;
}

const at = (id: number) => `/campaigns/${id}`;
const PAGE = 50;

export const campaigns = {
  list: (query: CampaignQuery, after?: string) =>
    send<Page<CampaignRow>>("GET", "/campaigns", { query: { ...query, after, limit: PAGE } }),
  get: (id: number) => send<Campaign>("GET", at(id)),
  create: (plan: Plan) => send<Campaign>("POST", "/campaigns", { body: { plan } }),
  save: (id: number, plan: Plan, version: number) => send<Campaign>("PUT", at(id), { body: { plan, version } }),
  remove: (id: number) => send<void>("DELETE", at(id)),
  launch: (id: number, version: number, recipients: number) =>
    send<Campaign>("POST", `${at(id)}/launch`, { body: { version, expect: { recipients } } }),
  act: (id: number, what: "pause" | "resume" | "cancel" | "unschedule" | "duplicate") =>
    send<Campaign>("POST", `${at(id)}/${what}`),
  retry: (id: number, recipients: number[] | null) =>
    send<Campaign>("POST", `${at(id)}/retry`, { body: { recipients } }),
  settle: (id: number, recipients: number[] | null, choice: Choice) =>
    send<{ changed: number }>("POST", `${at(id)}/uncertain`, { body: { recipients, choice } }),
  recipients: (id: number, query: RecipientQuery, after?: string) =>
    send<Page<Recipient>>("GET", `${at(id)}/recipients`, { query: { ...query, after, limit: PAGE } }),
  results: (id: number) => send<Results>("GET", `${at(id)}/results`),
  attach: (id: number, upload: number) => send<Items<CampaignFile>>("POST", `${at(id)}/files`, { body: { upload } }),
  detach: (id: number, position: number) => send<Items<CampaignFile>>("DELETE", `${at(id)}/files/${position}`),
  addList: (id: number, file: File) =>
    send<CampaignList>("POST", `${at(id)}/lists`, { query: { name: file.name }, body: file }),
  readList: (id: number, list: number, how: Pick<CampaignList, "layout" | "number_column" | "name_column">) =>
    send<CampaignList>("PUT", `${at(id)}/lists/${list}`, { body: how }),
  dropList: (id: number, list: number) => send<void>("DELETE", `${at(id)}/lists/${list}`),
  estimate: (id: number) => send<Estimate>("POST", `${at(id)}/estimate`),
  preview: (id: number, n: number) => send<Preview>("GET", `${at(id)}/preview`, { query: { at: n } }),
  test: (id: number, to: string) => send<{ message: number }>("POST", `${at(id)}/test`, { body: { to } }),
  variables: async (id: number) =>
    (await send<{ items: Variable[] }>("GET", "/campaigns/variables", { query: { campaign: id } })).items,
  settings: () => send<CampaignSettings>("GET", "/campaigns/settings"),
  setSettings: (body: CampaignSettings) => send<CampaignSettings>("PUT", "/campaigns/settings", { body }),
  phonebooks: async () => (await send<{ items: Phonebook[] }>("GET", "/phonebooks")).items,
};
/** For links that the browser follows by itself. */
export const exportAt = (id: number, format: "csv" | "xlsx", state?: string) =>
  `/api/v1${at(id)}/export?format=${format}${state ? `&state=${state}` : ""}`;

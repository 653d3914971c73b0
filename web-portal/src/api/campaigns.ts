// Campaigns: shapes and calls. The shapes are the daemon's, see schema.gen.ts.
import { client } from "./client";
import type { components } from "./schema.gen";
import type { Items, Page } from "./types";

type Schemas = components["schemas"];
/** What the daemon answers is always whole: what may be left out when it is asked is there in the answer. */
export type Whole<T> = T extends readonly (infer X)[]
  ? Whole<X>[]
  : T extends object
    ? { [K in keyof T]-?: Whole<Exclude<T[K], undefined>> }
    : T;

export type TemplateUse = Schemas["TemplateUse"];
export type CampaignStatus = Schemas["CampaignStatus"];
export type Counts = Schemas["CountsOut"];
export type Flag = "replied" | "opted_out" | "clicked";
export type RecipientState = Exclude<keyof Counts, Flag | "all">;
export type NumberKind = Schemas["NumberKind"];
export type BookPick = Whole<Schemas["BookPick"]>;
export type TemplatePlan = Whole<Schemas["TemplatePlan"]>;
export type Hours = Schemas["Hours"];
export type Sender = Schemas["SenderPick"];
export type Plan = Whole<Schemas["Plan"]>;
export type May =
  "edit" | "launch" | "schedule" | "unschedule" | "pause" | "resume" | "retry" | "cancel" | "delete" | "duplicate";
export type Money = Schemas["MoneyOut"];
export type CampaignRow = Omit<Schemas["CampaignRow"], "may"> & { may: May[] };
export type CampaignFile = Schemas["CampaignFileOut"];
export type Layout = Schemas["Layout"];
export type CampaignList = Schemas["ListOut"];
export type Blocker = Schemas["BlockerOut"];
export type Campaign = CampaignRow & {
  plan: Plan;
  files: CampaignFile[];
  lists: CampaignList[];
  copy_of: number | null;
  cost: Money | null;
};
/** A duplicate, and what it has of the original and what not. */
export type Copied = Omit<Schemas["DuplicateOut"], "campaign"> & { campaign: Campaign };
export type Estimate = Schemas["EstimateOut"];
export type Preview = Schemas["PreviewOut"];
export type Variable = Schemas["VariableOut"];
export type Recipient = Omit<Schemas["RecipientOut"], "state"> & { state: RecipientState };
export type TimelineStep = Schemas["TimelineStep"];
export type Results = Omit<Schemas["ResultsOut"], "reasons"> & {
  reasons: (Schemas["ReasonOut"] & { state: RecipientState; count: number })[];
};
export type CampaignSettings = Whole<Schemas["CampaignLimits"]>;
export type Phonebook = Schemas["PhonebookOut"];
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
export type Choice = Schemas["UncertainChoice"];

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
  act: (id: number, what: "pause" | "resume" | "cancel" | "unschedule") => send<Campaign>("POST", `${at(id)}/${what}`),
  duplicate: (id: number) => send<Copied>("POST", `${at(id)}/duplicate`),
  retry: (id: number, recipients: number[] | null) =>
    send<Campaign>("POST", `${at(id)}/retry`, { body: { recipients } }),
  settle: (id: number, recipients: number[] | null, choice: Choice) =>
    send<{ changed: number }>("POST", `${at(id)}/uncertain`, { body: { recipients, choice } }),
  recipients: (id: number, query: RecipientQuery, after?: string) =>
    send<Page<Recipient>>("GET", `${at(id)}/recipients`, { query: { ...query, after, limit: PAGE } }),
  results: (id: number) => send<Results>("GET", `${at(id)}/results`),
  attach: (id: number, upload: number) => send<Campaign>("POST", `${at(id)}/files`, { body: { upload } }),
  detach: (id: number, position: number) => send<Campaign>("DELETE", `${at(id)}/files/${position}`),
  addList: (id: number, file: File) =>
    send<CampaignList>("POST", `${at(id)}/lists`, { query: { name: file.name }, body: file }),
  readList: (id: number, list: number, how: Pick<CampaignList, "layout" | "number_column" | "name_column">) =>
    send<CampaignList>("PUT", `${at(id)}/lists/${list}`, { body: how }),
  dropList: (id: number, list: number) => send<void>("DELETE", `${at(id)}/lists/${list}`),
  estimate: (id: number) => send<Estimate>("POST", `${at(id)}/estimate`),
  preview: (id: number, n: number) => send<Preview>("GET", `${at(id)}/preview`, { query: { at: n } }),
  test: (id: number, to: string) => send<{ message: number }>("POST", `${at(id)}/test`, { body: { to } }),
  variables: async (id: number) =>
    (await send<Items<Variable>>("GET", "/campaigns/variables", { query: { campaign: id } })).items,
  settings: () => send<CampaignSettings>("GET", "/campaigns/settings"),
  setSettings: (body: CampaignSettings) => send<CampaignSettings>("PUT", "/campaigns/settings", { body }),
  phonebooks: async () => (await send<Items<Phonebook>>("GET", "/phonebooks")).items,
};
/** For links that the browser follows by itself. */
export const exportAt = (id: number, format: "csv" | "xlsx", state?: string) =>
  `/api/v1${at(id)}/export?format=${format}${state ? `&state=${state}` : ""}`;

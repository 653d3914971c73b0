// Every call around phonebooks, consent, people and the audit, one function each.
import { refusal } from "./client";
import type * as P from "./people";
import { unreachable } from "./problem";
import type { Items, Page } from "./types";

type Query = Record<string, string | number | boolean | null | undefined>;
const BASE = "/api/v1";

export function address(path: string, query: Query = {}): string {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") asked.set(name, String(value));
  }
  const text = asked.toString();
  return BASE + path + (text ? `?${text}` : "");
}

interface Asked {
  query?: Query;
  body?: unknown;
  signal?: AbortSignal | undefined;
}
async function call<T>(method: string, path: string, { query, body, signal }: Asked = {}): Promise<T> {
  const file = body instanceof Blob;
  const response = await fetch(address(path, query), {
    method,
    credentials: "same-origin",
    headers: {
      "X-Depesche": "portal",
      ...(body === undefined ? {} : { "Content-Type": file ? "application/octet-stream" : "application/json" }),
    },
    body: body === undefined ? null : file ? body : JSON.stringify(body),
    signal: signal ?? null,
  }).catch((error: unknown) => {
    throw signal?.aborted ? error : unreachable();
  });
  if (!response.ok) throw await refusal(response);
  return (response.status === 204 ? undefined : await response.json()) as T;
}
const get = <T>(path: string, query?: Query, signal?: AbortSignal) =>
  call<T>("GET", path, { ...(query ? { query } : {}), signal });
const post = <T>(path: string, body?: unknown) => call<T>("POST", path, { body });
const items = async <T>(answer: Promise<Items<T>>) => (await answer).items;

export const phonebooks = {
  list: () => items(get<Items<P.Phonebook>>("/phonebooks")),
  create: (body: P.PhonebookInput) => post<P.Phonebook>("/phonebooks", body),
  save: (id: number, body: P.PhonebookInput) => call<P.Phonebook>("PUT", `/phonebooks/${id}`, { body }),
  remove: (id: number, withContacts: boolean) =>
    call<void>("DELETE", `/phonebooks/${id}`, { query: { with_contacts: withContacts } }),
};
export const contacts = {
  list: (
    query: { phonebook?: number | undefined; q?: string | undefined; after?: string | undefined; limit?: number },
    signal?: AbortSignal,
  ) => get<Page<P.ContactRow>>("/contacts", query, signal),
  get: (id: number) => get<P.Contact>(`/contacts/${id}`),
  byAddress: (of: string, signal?: AbortSignal) =>
    items(get<Items<P.Contact>>("/contacts/by-address", { address: of }, signal)),
  create: (body: P.ContactInput) => post<P.Contact>("/contacts", body),
  save: (id: number, body: P.ContactInput) => call<P.Contact>("PUT", `/contacts/${id}`, { body }),
  remove: (id: number) => call<void>("DELETE", `/contacts/${id}`),
  bulk: (body: { ids: number[]; action: "add" | "remove" | "delete"; phonebook: number | null }) =>
    post<{ changed: number }>("/contacts/bulk", body),
  duplicates: (by: P.SameBy, after?: string) => get<Page<P.Duplicates>>("/contacts/duplicates", { by, after }),
  merge: (body: { keep: number; others: number[]; version: number }) => post<P.Contact>("/contacts/merge", body),
  exportAt: (format: "csv" | "vcard" | "vcard4", phonebook?: number) =>
    address("/contacts/export", { format, phonebook }),
};
export const imports = {
  list: () => items(get<Items<P.Import>>("/imports")),
  get: (id: number) => get<P.Import>(`/imports/${id}`),
  put: (file: File) => call<P.Import>("POST", "/imports", { query: { name: file.name }, body: file }),
  plan: (id: number, body: P.ImportPlan) => call<P.Import>("PUT", `/imports/${id}`, { body }),
  check: (id: number) => post<P.Import>(`/imports/${id}/check`),
  run: (id: number) => post<P.Import>(`/imports/${id}/run`),
  remove: (id: number) => call<void>("DELETE", `/imports/${id}`),
  faultsAt: (id: number) => address(`/imports/${id}/faults.csv`),
};
export const sources = {
  list: () => items(get<Items<P.Source>>("/contact-sources")),
  create: (body: P.SourceInput) => post<P.Source>("/contact-sources", body),
  save: (id: number, body: P.SourceInput) => call<P.Source>("PUT", `/contact-sources/${id}`, { body }),
  remove: (id: number) => call<void>("DELETE", `/contact-sources/${id}`),
  test: (id: number) => post<P.SourceTest>(`/contact-sources/${id}/test`, {}),
  read: (id: number, mayShrink: boolean) => post<P.Source>(`/contact-sources/${id}/read`, { may_shrink: mayShrink }),
};

export const optOuts = {
  list: (query: P.OptOutQuery, signal?: AbortSignal) => get<Page<P.OptOut>>("/opt-outs", { ...query }, signal),
  add: (body: P.OptOutInput) => post<P.OptOut>("/opt-outs", body),
  withdraw: (id: number, note: string) => post<P.OptOut>(`/opt-outs/${id}/withdraw`, { note }),
  take: (file: File, dryRun: boolean) =>
    call<P.OptOutsTaken>("POST", "/opt-outs/import", { query: { dry_run: dryRun }, body: file }),
  exportAt: (format: "csv" | "xlsx") => address("/opt-outs/export", { format }),
};
export const consent = {
  settings: () => get<P.ConsentSettings>("/consent/settings"),
  saveSettings: (body: P.ConsentSettings) => call<P.ConsentSettings>("PUT", "/consent/settings", { body }),
  of: (person: string) => items(get<Items<P.Consent>>("/consents", { address: person })),
  add: (body: P.ConsentInput) => post<P.Consent>("/consents", body),
  withdraw: (id: number) => post<void>(`/consents/${id}/withdraw`),
};
export const people = {
  kept: (person: string) => get<P.Kept>("/people", { address: person }),
  exportAt: (person: string) => address("/people/export", { address: person }),
  erase: (person: string, confirm: string) => post<P.Kept>("/people/erase", { address: person, confirm }),
};
export const audit = (query: P.AuditQuery) => get<Page<P.AuditEntry>>("/audit", { ...query });

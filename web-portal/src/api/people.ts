// Phonebooks, contacts, imports, refusals, consent, people and the audit as the API speaks of them. Written by hand until
// schema.gen.ts has them; then these names point there, as in types.ts.
import type { Step } from "./types";

export const NUMBER_KINDS = [
  "mobile",
  "mobile2",
  "business",
  "business2",
  "home",
  "home2",
  "business_fax",
  "home_fax",
  "other",
] as const;
export type NumberKind = (typeof NUMBER_KINDS)[number];
export interface Words {
  en: string;
  de: string;
}

export interface Phonebook {
  id: number;
  name: string;
  remark: string;
  contacts: number;
  /** Where it is read from; null: it is kept here. */
  source: { id: number; name: string; kind: SourceKind } | null;
  version: number;
}
export interface PhonebookInput {
  name: string;
  remark: string;
  version?: number;
}

export interface ContactNumber {
  kind: NumberKind;
  /** As it was typed. */
  given: string;
  /** As it is written to; null: it cannot be read. */
  address: string | null;
  problem: Words | null;
}
export interface ContactRow {
  id: number;
  first_name: string;
  last_name: string;
  company: string;
  email: string;
  numbers: ContactNumber[];
  phonebooks: number[];
  opted_out: boolean;
  read_only: boolean;
}
export interface Contact extends ContactRow {
  remark: string;
  address: string;
  language: string | null;
  time_zone: string | null;
  custom: Record<string, string>;
  created_at: number;
  updated_at: number;
  version: number;
  source: { id: number; name: string } | null;
}
export interface ContactInput {
  first_name: string;
  last_name: string;
  company: string;
  email: string;
  remark: string;
  address: string;
  language: string | null;
  time_zone: string | null;
  custom: Record<string, string>;
  numbers: { kind: NumberKind; given: string }[];
  phonebooks: number[];
  version?: number;
}
export type SameBy = "number" | "email" | "name";
export interface Duplicates {
  key: string;
  contacts: ContactRow[];
}

export const SEPARATORS = ["semicolon", "comma", "tab", "pipe"] as const;
export type Separator = (typeof SEPARATORS)[number];
export interface Layout {
  encoding: string;
  separator: Separator;
  header: boolean;
}
export type Known = "skip" | "update" | "add";
export type ImportState = "uploaded" | "checking" | "checked" | "running" | "done" | "failed";
export interface ImportFault {
  line: number;
  column: string | null;
  en: string;
  de: string;
}
export interface Import {
  id: number;
  name: string;
  format: "csv" | "vcard";
  recognised: "yeastar" | "3cx" | "depesche" | "outlook" | "google" | null;
  state: ImportState;
  layout: Layout;
  columns: string[];
  mapping: (string | null)[];
  /** The first rows; empty in lists. */
  first: string[][];
  phonebook: number | null;
  known: Known;
  rows_total: number | null;
  rows_done: number;
  added: number;
  updated: number;
  skipped: number;
  faulty: number;
  faults_total: number;
  /** The first of them. */
  faults: ImportFault[];
  problem: string | null;
  problem_de: string | null;
  at: number;
}
export interface ImportPlan {
  layout: Layout;
  mapping: (string | null)[];
  phonebook: number | null;
  known: Known;
}

export type SourceKind = "ldap" | "carddav";
export interface LdapSettings {
  kind: "ldap";
  host: string;
  /** Null: as is usual with the security. */
  port: number | null;
  security: "ldaps" | "starttls" | "plain";
  user: string;
  base: string;
  filter: string;
  scope: "sub" | "one" | "base";
  key: string;
  /** Which attributes a field is read from; what is left out is as usual. */
  attributes: Record<string, string[]>;
}
export interface CardDavSettings {
  kind: "carddav";
  url: string;
  user: string;
}
export type SourceSettings = LdapSettings | CardDavSettings;
export type SourceState = "new" | "good" | "problem" | "reading" | "off" | "leaving";
export interface Source {
  id: number;
  name: string;
  kind: SourceKind;
  enabled: boolean;
  settings: SourceSettings;
  has_password: boolean;
  every_s: number;
  next_at: number | null;
  read_at: number | null;
  state: SourceState;
  contacts: number;
  last: { added: number; changed: number; gone: number; unreadable: number } | null;
  problem: {
    en: string;
    de: string;
    todo_en: string | null;
    todo_de: string | null;
    /** Very many are gone there: nothing was changed before somebody agrees. */
    asks_to_shrink: boolean;
  } | null;
  phonebook: number | null;
  version: number;
}
export interface SourceInput {
  name: string;
  enabled: boolean;
  settings: SourceSettings;
  /** Null: as it is. */
  password: string | null;
  every_s: number;
  version?: number;
}
export interface SourceTest {
  steps: Step[];
  preview: {
    first_name: string;
    last_name: string;
    company: string;
    email: string;
    numbers: { kind: NumberKind; given: string }[];
  }[];
}

export type Scope = { type: "number"; number: number } | { type: "channel"; channel: number } | { type: "everything" };
export const OPT_OUT_SOURCES = ["word", "carrier", "refusal", "user", "import", "api"] as const;
export type OptOutSource = (typeof OPT_OUT_SOURCES)[number];
export interface OptOut {
  id: number;
  /** Null: the person was erased, a digest alone is left. */
  address: string | null;
  name: string | null;
  /** Null: the number or channel is gone. */
  scope: Scope | null;
  scope_label: string;
  marketing_only: boolean;
  source: OptOutSource;
  words: string | null;
  note: string;
  channel_name: string | null;
  by_name: string | null;
  at: number;
  withdrawn_at: number | null;
  withdrawn_by: string | null;
  withdrawn_words: string | null;
}
export interface OptOutQuery {
  q?: string | undefined;
  source?: string | undefined;
  active?: boolean | undefined;
  after?: string | undefined;
  limit?: number;
}
export interface OptOutInput {
  address: string;
  scope: Scope;
  marketing_only: boolean;
  note: string;
}
export interface OptOutsTaken {
  rows: number;
  added: number;
  known: number;
  faulty: number;
  /** The first hundred of them. */
  faults: { line: number; en: string; de: string }[];
}
/** What a session says of its peer's refusal. */
export interface OptedOut {
  id: number;
  at: number;
  source: OptOutSource;
  words: string | null;
  marketing_only: boolean;
  may_reply: boolean;
}

export const TONGUES = ["de", "en", "fr", "es", "it", "nl", "pl", "tr"] as const;
export type Tongue = (typeof TONGUES)[number];
export const WORD_KINDS = ["stop", "start", "help"] as const;
export type WordKind = (typeof WORD_KINDS)[number];
export interface ConsentSettings {
  stop: Record<Tongue, string[]>;
  start: Record<Tongue, string[]>;
  help: Record<Tongue, string[]>;
  scope: Scope["type"];
  answers: Record<WordKind, Partial<Record<Tongue, string>>>;
  reopen_on_write: boolean;
  version: number;
}
export const CONFIRMS = ["we", "carrier", "nobody"] as const;
export type Confirms = (typeof CONFIRMS)[number];

export interface Consent {
  id: number;
  address: string | null;
  contact: number | null;
  source: string;
  text: string;
  at: number;
  by_name: string | null;
  withdrawn_at: number | null;
}
export interface ConsentInput {
  address: string;
  contact: number | null;
  source: string;
  text: string;
  at: number;
}

/** How much is kept of a person, and what is gone after erasing. */
export type Kept = Record<string, number>;
export interface AuditEntry {
  id: number;
  at: number;
  who: string;
  what: string;
  about: string | null;
  /** More of it, as plain values. */
  detail: unknown;
}
export interface AuditQuery {
  who?: string | undefined;
  what?: string | undefined;
  address?: string | undefined;
  from?: number | undefined;
  until?: number | undefined;
  after?: string | undefined;
  limit?: number;
}

// Phonebooks, contacts, imports, refusals, consent, people and the audit as the API speaks of them; see schema.gen.ts.
import type { components } from "./schema.gen";
import type { Step } from "./types";

type Schemas = components["schemas"];

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
export type NumberKind = Schemas["NumberKind"];
export interface Words {
  en: string;
  de: string;
}

export type Phonebook = Omit<Schemas["PhonebookOut"], "source"> & {
  /** Where it is read from; null: it is kept here. */
  source: { id: number; name: string; kind: SourceKind } | null;
};
export interface PhonebookInput {
  name: string;
  remark: string;
  version?: number;
}

export type ContactNumber = Schemas["ContactNumberOut"];
export type ContactRow = Schemas["ContactRow"];
export type Contact = Schemas["ContactOut"];
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
export type Duplicates = Schemas["Duplicates"];

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

export type Scope = Schemas["Scope"];
export const OPT_OUT_SOURCES = ["word", "carrier", "refusal", "user", "import", "api"] as const;
export type OptOutSource = Schemas["OptOutSource"];
export type OptOut = Schemas["OptOutOut"];
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
export type OptOutsTaken = Schemas["OptOutsImported"];
/** What a session says of its peer's refusal. */
export type OptedOut = Schemas["OptedOutOut"];

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
export const CONFIRMS = ["we", "carrier", "nobody"] as const satisfies readonly Schemas["Confirms"][];
export type Confirms = Schemas["Confirms"];

export type Consent = Schemas["ConsentOut"];
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

// A source of contacts between the API and the form: all of both kinds, of which one is sent.
import type { CardDavSettings, LdapSettings, Source, SourceKind, SourceSettings } from "../../api/people";

export const SECURITIES = ["ldaps", "starttls", "plain"] as const;
export const SCOPES = ["sub", "one", "base"] as const;
/** How often, in seconds. */
export const EVERY = [900, 3600, 21_600, 86_400] as const;
export const USUAL_PORT = { ldaps: 636, starttls: 389, plain: 389 } as const;
export const USUAL_FILTER = "(&(objectClass=person)(|(telephoneNumber=*)(mobile=*)(homePhone=*)(ipPhone=*)(mail=*)))";

export interface SourceValues {
  name: string;
  kind: SourceKind;
  enabled: boolean;
  every_s: number;
  password: string;
  ldap: Omit<LdapSettings, "kind" | "port" | "attributes"> & { port: string; attributes: string };
  carddav: Omit<CardDavSettings, "kind">;
}

export function valuesOfSource(row: Source | undefined): SourceValues {
  const ldap = row?.settings.kind === "ldap" ? row.settings : null;
  const carddav = row?.settings.kind === "carddav" ? row.settings : null;
  return {
    name: row?.name ?? "",
    kind: row?.kind ?? "ldap",
    enabled: row?.enabled ?? true,
    every_s: row?.every_s ?? 3600,
    password: "",
    ldap: {
      host: ldap?.host ?? "",
      port: ldap?.port ? String(ldap.port) : "",
      security: ldap?.security ?? "ldaps",
      user: ldap?.user ?? "",
      base: ldap?.base ?? "",
      filter: ldap?.filter ?? "",
      scope: ldap?.scope ?? "sub",
      key: ldap?.key ?? "",
      attributes: attributesText(ldap?.attributes ?? {}),
    },
    carddav: { url: carddav?.url ?? "", user: carddav?.user ?? "" },
  };
}

export function settingsOf(values: SourceValues): SourceSettings {
  const trimmed = <T extends object>(all: T): T =>
    Object.fromEntries(Object.entries(all).map(([k, v]) => [k, typeof v === "string" ? v.trim() : v])) as T;
  if (values.kind === "carddav") return { kind: "carddav", ...trimmed(values.carddav) };
  const { port, attributes, filter, ...rest } = trimmed(values.ldap);
  return {
    kind: "ldap",
    ...rest,
    filter: filter || USUAL_FILTER,
    port: port === "" ? null : Number(port),
    attributes: attributesOf(attributes),
  };
}

/** One field a line: "number:mobile = mobile, pager"; nothing after the sign switches the field off. */
export const attributesText = (attributes: Record<string, string[]>): string =>
  Object.entries(attributes)
    .map(([target, names]) => `${target} = ${names.join(", ")}`.trimEnd())
    .join("\n");
export function attributesOf(text: string): Record<string, string[]> {
  const lines = text
    .split("\n")
    .map((line) => line.split("="))
    .filter((parts) => parts.length === 2 && parts[0]?.trim());
  return Object.fromEntries(
    lines.map(([target = "", names = ""]) => [
      target.trim(),
      names
        .split(",")
        .map((n) => n.trim())
        .filter((n) => n !== ""),
    ]),
  );
}

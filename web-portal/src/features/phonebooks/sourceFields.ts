// What a source of contacts needs to know, by its kind.
import type { SourceKind } from "../../api/people";

export interface SourceField {
  key: string;
  required: boolean;
  placeholder: string;
}
export const SOURCE_FIELDS: Record<SourceKind, SourceField[]> = {
  ldap: [
    { key: "url", required: true, placeholder: "ldaps://ad.example.com" },
    { key: "bind_dn", required: false, placeholder: "cn=depesche,dc=example,dc=com" },
    { key: "base_dn", required: true, placeholder: "ou=people,dc=example,dc=com" },
    { key: "filter", required: false, placeholder: "(objectClass=person)" },
  ],
  carddav: [
    { key: "url", required: true, placeholder: "https://cloud.example.com/remote.php/dav/addressbooks/users/…" },
    { key: "user", required: false, placeholder: "depesche" },
  ],
};
/** How often, in minutes. */
export const EVERY = [15, 60, 360, 1440] as const;

/** Only what this kind knows, without what was left empty. */
export function settingsOf(kind: SourceKind, settings: Record<string, string>): Record<string, string> {
  const pairs = SOURCE_FIELDS[kind].map((f) => [f.key, (settings[f.key] ?? "").trim()] as const);
  return Object.fromEntries(pairs.filter(([, value]) => value !== ""));
}

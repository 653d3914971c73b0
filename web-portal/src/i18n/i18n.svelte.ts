// Typed words: keys come from de.json, each language is one file loaded on demand, plurals are key_one / key_other.
import type de from "./de.json";

export type Key = keyof typeof de;
type PluralBase<K> = K extends `${infer B}_other` ? B : never;
export type PluralKey = PluralBase<Key>;
export type Lang = "de" | "en";
export const LANGS: readonly Lang[] = ["de", "en"];
export const LANG_NAMES: Record<Lang, string> = { de: "Deutsch", en: "English" };

type Dictionary = Record<Key, string>;
const load: Record<Lang, () => Promise<{ default: Dictionary }>> = {
  de: () => import("./de.json"),
  en: () => import("./en.json"),
};
const STORED = "depesche.language";

let dictionary = $state.raw<Dictionary>();
let lang = $state<Lang>("de");

export const i18n = {
  get lang() {
    return lang;
  },
};

export async function setLang(next: Lang) {
  dictionary = (await load[next]()).default;
  lang = next;
  document.documentElement.lang = next;
  localStorage.setItem(STORED, next);
}

/** The stored choice, else the browser's, else German. */
export function initLang() {
  const stored = localStorage.getItem(STORED);
  const wanted = stored ?? navigator.language.slice(0, 2);
  return setLang(wanted === "en" ? "en" : wanted === "de" ? "de" : stored ? "de" : "en");
}

export type Vars = Record<string, string | number>;
export function t(key: Key, vars: Vars = {}): string {
  return fill(dictionary?.[key] ?? key, vars);
}
/** Words for a counted thing; `{n}` is the formatted count. */
export function tn(base: PluralKey, n: number, vars: Vars = {}): string {
  const form = new Intl.PluralRules(lang).select(n) === "one" ? "one" : "other";
  return t(`${base}_${form}` as Key, { n: n.toLocaleString(lang), ...vars });
}
/** Words for a code the daemon sent, where we have them. */
export function tCode(prefix: string, code: string): string | null {
  return dictionary?.[`${prefix}.${code}` as Key] ?? null;
}
/** Picks the current language out of a text the daemon sends in both. */
export function either<T>(both: { en: T; de: T }): T {
  return lang === "de" ? both.de : both.en;
}

function fill(text: string, vars: Vars): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(vars[name] ?? ""));
}

// Typed words: keys come from the German files, each language is loaded on demand, plurals are key_one / key_other. What
// only some screens need is a file of its own, so that the inbox does not wait for it.
import type campaignsDe from "./campaigns.de.json";
import type de from "./de.json";
import type peopleDe from "./people.de.json";
import type setupDe from "./setup.de.json";

export type Key = keyof typeof de | keyof typeof setupDe | keyof typeof campaignsDe | keyof typeof peopleDe;
type PluralBase<K> = K extends `${infer B}_other` ? B : never;
export type PluralKey = PluralBase<Key>;
export type Lang = "de" | "en";
export const LANGS: readonly Lang[] = ["de", "en"];
export const LANG_NAMES: Record<Lang, string> = { de: "Deutsch", en: "English" };

type Dictionary = Partial<Record<Key, string>>;
type Load = Record<Lang, () => Promise<{ default: Dictionary }>>;
const load: Load = {
  de: () => import("./de.json"),
  en: () => import("./en.json"),
};
const parts = {
  setup: { de: () => import("./setup.de.json"), en: () => import("./setup.en.json") },
  campaigns: { de: () => import("./campaigns.de.json"), en: () => import("./campaigns.en.json") },
  people: { de: () => import("./people.de.json"), en: () => import("./people.en.json") },
} satisfies Record<string, Load>;
type Part = keyof typeof parts;
const STORED = "depesche.language";

let dictionary = $state.raw<Dictionary>();
// eslint-disable-next-line svelte/prefer-svelte-reactivity -- nothing on screen depends on it
const needed = new Map<Part, Promise<void>>();
let lang = $state<Lang>("de");

export const i18n = {
  get lang() {
    return lang;
  },
};

export async function setLang(next: Lang) {
  const all: Promise<{ default: Dictionary }>[] = [
    load[next](),
    ...[...needed.keys()].map((part) => parts[part][next]()),
  ];
  dictionary = Object.assign({}, ...(await Promise.all(all)).map((words) => words.default)) as Dictionary;
  lang = next;
  document.documentElement.lang = next;
  localStorage.setItem(STORED, next);
}

/** For screens with words of their own: hands them out once those are there too. */
export async function needWords<Screen>(part: Part, screen: Promise<Screen>): Promise<Screen> {
  const words = needed.get(part) ?? addWords(part);
  needed.set(part, words);
  await words.catch((error: unknown) => {
    needed.delete(part);
    throw error;
  });
  return screen;
}
export const needSetupWords = <Screen>(screen: Promise<Screen>) => needWords("setup", screen);
async function addWords(part: Part) {
  const asked = lang;
  const more = (await parts[part][asked]()).default;
  // Another language chosen meanwhile has brought its own.
  if (asked === lang) dictionary = { ...dictionary, ...more };
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

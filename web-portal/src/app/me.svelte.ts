// Who is logged in and what the portal may show them. The daemon decides; this only hides.
import type { Me } from "../api/types";
import { i18n, setLang, type Lang } from "../i18n/i18n.svelte";
import { theme, type Theme } from "./theme.svelte";

let current = $state.raw<Me | null>(null);

export const session = {
  get me() {
    return current;
  },
  get userId() {
    return current?.user.id ?? 0;
  },
  get extension() {
    return current?.user.extension ?? null;
  },
};

export function setMe(me: Me | null) {
  current = me;
  const language = me?.user.language as Lang | null | undefined;
  if (language && language !== i18n.lang) void setLang(language);
  const wanted = me?.user.theme as Theme | null | undefined;
  if (wanted) theme.choice = wanted;
}

export const can = (right: string) => current?.can.includes(right) ?? false;
export const isAgent = () => current?.user.role === "agent";

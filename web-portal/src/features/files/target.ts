// Where attached files go, for asking what may go there and what is done to them.
import type { QueryClient } from "@tanstack/svelte-query";
import { numbers, sessions } from "../../api/calls";
import type { MediaRules } from "../../api/types";
import { keys } from "../../app/keys";
import type { Target } from "./attaching.svelte";

const FRESH_MS = 60_000;
const rules = (cache: QueryClient, key: string, queryFn: () => Promise<MediaRules>) =>
  cache.fetchQuery({ queryKey: keys.mediaRulesOf(key), queryFn, staleTime: FRESH_MS });

export function targetOfSession(cache: QueryClient, id: number): Target {
  const key = `session ${id}`;
  return {
    key,
    rules: () => rules(cache, key, () => sessions.mediaRules(id)),
    fit: (uploads) => sessions.fit(id, uploads),
  };
}
/** Before there is a conversation. */
export function targetOfNumber(cache: QueryClient, id: number, to: string): Target {
  const key = `number ${id} ${to}`;
  return {
    key,
    rules: () => rules(cache, key, () => numbers.mediaRules(id, to)),
    fit: (uploads) => numbers.fit(id, to, uploads),
  };
}

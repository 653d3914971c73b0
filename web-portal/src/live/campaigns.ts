// Campaigns in the query cache: lists and the open one at most twice a second, what is heavy every other second.
import type { QueryClient } from "@tanstack/svelte-query";
import { keys } from "../app/keys";

const OFTEN_MS = 500;
const SELDOM_MS = 2500;

export function campaignChanges(cache: QueryClient) {
  const timers = new Map<string, ReturnType<typeof setTimeout>>();
  function soon(name: string, ms: number, run: () => void) {
    if (timers.has(name)) return;
    timers.set(
      name,
      setTimeout(() => {
        timers.delete(name);
        run();
      }, ms),
    );
  }
  return {
    changed(ids: Iterable<number>) {
      soon("list", OFTEN_MS, () => void cache.invalidateQueries({ queryKey: keys.campaigns }));
      for (const id of ids) {
        soon(`one ${id}`, OFTEN_MS, () => void cache.invalidateQueries({ queryKey: keys.campaign(id), exact: true }));
        soon(`more ${id}`, SELDOM_MS, () => void cache.invalidateQueries({ queryKey: keys.campaignDetails(id) }));
      }
    },
    stop: () => timers.forEach((timer) => clearTimeout(timer)),
  };
}

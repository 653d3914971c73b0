// What every set-up screen does after a change: fresh lists, a short word, the drawer closed.
import type { QueryClient } from "@tanstack/svelte-query";
import { t } from "../../i18n/i18n.svelte";
import { toast } from "../../ui/toast.svelte";

export async function saved(cache: QueryClient, lists: readonly (readonly string[])[], name: string) {
  await Promise.all(lists.map((queryKey) => cache.invalidateQueries({ queryKey })));
  toast(t("common.saved", { name }));
}
export async function removed(cache: QueryClient, lists: readonly (readonly string[])[], name: string) {
  toast(t("common.deleted", { name }));
  await Promise.all(lists.map((queryKey) => cache.invalidateQueries({ queryKey })));
}

/** "" or a number typed into a text field, as the daemon wants it. */
export const numberOrNull = (typed: string): number | null => (typed.trim() === "" ? null : Number(typed));
export const isNumberOrEmpty = (typed: string): boolean => typed.trim() === "" || Number(typed) > 0;

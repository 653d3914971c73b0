// What can be done with a campaign, its words and its icon, for lists and pages alike; the daemon says which hold (`may`).
import CalendarX from "@lucide/svelte/icons/calendar-x";
import Copy from "@lucide/svelte/icons/copy";
import OctagonX from "@lucide/svelte/icons/octagon-x";
import Pause from "@lucide/svelte/icons/pause";
import Pencil from "@lucide/svelte/icons/pencil";
import Play from "@lucide/svelte/icons/play";
import RotateCcw from "@lucide/svelte/icons/rotate-ccw";
import Trash2 from "@lucide/svelte/icons/trash-2";
import type { QueryClient } from "@tanstack/svelte-query";
import type { Component } from "svelte";
import { campaigns, type Campaign, type CampaignRow, type Copied } from "../../api/campaigns";
import { keys } from "../../app/keys";
import { t, tn } from "../../i18n/i18n.svelte";

export type Verb = "edit" | "duplicate" | "pause" | "resume" | "retry" | "cancel" | "unschedule" | "delete";
type IconOf = Component<{ size?: number; "aria-hidden"?: "true"; class?: string }>;
export const ICONS: Record<Verb, IconOf> = {
  edit: Pencil,
  duplicate: Copy,
  pause: Pause,
  resume: Play,
  retry: RotateCcw,
  cancel: OctagonX,
  unschedule: CalendarX,
  delete: Trash2,
};
export const VERBS: readonly Verb[] = [
  "resume",
  "pause",
  "edit",
  "retry",
  "duplicate",
  "unschedule",
  "cancel",
  "delete",
];
export const DANGEROUS: ReadonlySet<Verb> = new Set(["cancel", "delete"]);
export const verbText = (verb: Verb) => t(`campaign_verb.${verb}`);
export const verbsOf = (c: CampaignRow): Verb[] => VERBS.filter((verb) => c.may.includes(verb));

/** What to ask before it is done; null: done at once. */
export function question(verb: Verb, c: CampaignRow): { title: string; text: string; verb: string } | null {
  const name = c.name;
  const button = verbText(verb);
  const open = c.counts.waiting + c.counts.queued;
  if (verb === "delete")
    return { title: t("campaign.ask_delete", { name }), text: t("campaign.ask_delete_text"), verb: button };
  if (verb === "cancel")
    return { title: t("campaign.ask_cancel", { name }), text: tn("campaign.ask_cancel_text", open), verb: button };
  if (verb === "retry")
    return {
      title: t("campaign.ask_retry", { name }),
      text: tn("campaign.ask_retry_text", c.counts.failed),
      verb: button,
    };
  if (verb === "unschedule" || (verb === "edit" && c.status === "scheduled"))
    return { title: t("campaign.ask_unschedule", { name }), text: t("campaign.ask_unschedule_text"), verb: button };
  return null;
}

/** Does it, and lets the screens know. What comes back is the campaign as it is now, or null where it is gone. */
export async function perform(
  cache: QueryClient,
  verb: Exclude<Verb, "duplicate">,
  c: CampaignRow,
): Promise<Campaign | null> {
  const done = await call(verb, c);
  if (done) cache.setQueryData(keys.campaign(done.id), done);
  void cache.invalidateQueries({ queryKey: keys.campaigns });
  if (done) void cache.invalidateQueries({ queryKey: keys.campaignDetails(done.id) });
  return done;
}
export async function duplicate(cache: QueryClient, c: CampaignRow): Promise<Copied> {
  const made = await campaigns.duplicate(c.id);
  cache.setQueryData(keys.campaign(made.campaign.id), made.campaign);
  void cache.invalidateQueries({ queryKey: keys.campaigns });
  return made;
}
async function call(verb: Exclude<Verb, "duplicate">, c: CampaignRow): Promise<Campaign | null> {
  switch (verb) {
    case "delete":
      await campaigns.remove(c.id);
      return null;
    case "retry":
      return campaigns.retry(c.id, null);
    case "edit":
      return c.status === "scheduled" ? campaigns.act(c.id, "unschedule") : null;
    default:
      return campaigns.act(c.id, verb);
  }
}

// What the inbox shows stands in the address: tab, filters, the open session.
import type { SessionQuery, Tab } from "../../api/types";
import { session } from "../../app/me.svelte";
import { query } from "../../app/router";

export const TABS: readonly Tab[] = ["mine", "waiting", "all", "ended"];

export const NO_FILTERS = { channel: null, queue: null, extension: null } as const;

export const inbox = {
  /** People without an extension own no sessions: they start with all of them. */
  get tab(): Tab {
    const tab = query.get("tab") as Tab | null;
    return tab && TABS.includes(tab) ? tab : session.extension ? "mine" : "all";
  },
  get filters(): { channel?: number; queue?: number; extension?: number } {
    return {
      channel: query.id("channel") ?? undefined,
      queue: query.id("queue") ?? undefined,
      extension: query.id("extension") ?? undefined,
    };
  },
  get list(): SessionQuery {
    return { tab: this.tab, ...this.filters };
  },
  get open(): number | null {
    return query.id("id");
  },
  get search(): string {
    return query.get("q") ?? "";
  },
  show(id: number | null, message: number | null = null) {
    query.set({ id, at: message });
  },
};

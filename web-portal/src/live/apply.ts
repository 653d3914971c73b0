// Live changes into the query cache: ids are gathered for 100 ms, then changed rows are fetched in one call.
import type { InfiniteData, QueryClient } from "@tanstack/svelte-query";
import { sessions } from "../api/calls";
import type { SessionQuery, Page, Session, ThreadPage } from "../api/types";
import { keys } from "../app/keys";
import { campaignChanges } from "./campaigns";
import type { Change } from "./events";
import { mergeSessions, mergeThread } from "./merge";

const GATHER_MS = 100;
const IDS_MAX = 200;
const CONTACTS_MS = 1000;

export function applyChanges(
  cache: QueryClient,
  myExtension: () => number | null,
  heard: (sessions: Session[]) => void = () => {},
) {
  let ids = new Set<number>();
  let touched = new Set<Change["kind"]>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const campaigns = campaignChanges(cache);
  let contactTimer: ReturnType<typeof setTimeout> | undefined;

  function change(c: Change) {
    if (c.kind === "campaign") return campaigns.changed(c.ids);
    touched.add(c.kind);
    if (c.session !== undefined && c.session !== null) ids.add(c.session);
    if (c.kind === "session") for (const id of c.ids) ids.add(id);
    timer ??= setTimeout(flush, GATHER_MS);
  }

  function flush() {
    timer = undefined;
    const [nowIds, nowTouched] = [ids, touched];
    ids = new Set();
    touched = new Set();
    if (nowIds.size > IDS_MAX) void cache.invalidateQueries({ queryKey: keys.sessions });
    else if (nowIds.size > 0) void patchSessions([...nowIds]);
    for (const id of nowIds) void refreshThread(cache, id);
    refreshSetup(nowTouched);
  }

  async function patchSessions(asked: number[]) {
    void cache.invalidateQueries({ queryKey: keys.counts });
    const { items } = await sessions.byIds(asked);
    heard(items);
    const seen = new Set(items.map((s) => s.id));
    putSessions(cache, items, new Set(asked.filter((id) => !seen.has(id))), myExtension());
  }

  function refreshSetup(kinds: Set<Change["kind"]>) {
    const stale: (readonly string[])[] = [];
    if (kinds.has("trunk")) stale.push(keys.trunks);
    if (kinds.has("extension")) stale.push(keys.extensions);
    if (kinds.has("alarm")) stale.push(keys.alarms);
    if (kinds.has("message") || kinds.has("delivery")) stale.push(keys.simulator, ["log"]);
    if (kinds.has("contacts")) contactTimer ??= setTimeout(refreshContacts, CONTACTS_MS);
    if (kinds.has("source")) stale.push(keys.sources, keys.phonebooks);
    if (kinds.has("import")) stale.push(keys.imports);
    if (kinds.has("opt_outs")) stale.push(keys.optOuts, keys.contacts, keys.sessions, ["session"]);
    if (kinds.has("settings"))
      stale.push(
        keys.consentSettings,
        keys.trunks,
        keys.channels,
        keys.numbers,
        keys.mediaRules,
        keys.queues,
        keys.extensions,
        keys.users,
        keys.me,
        keys.alarms,
      );
    for (const queryKey of stale) void cache.invalidateQueries({ queryKey });
  }

  /** An import changes contacts many times a second; names of peers stand in sessions too. */
  function refreshContacts() {
    contactTimer = undefined;
    const stale: (readonly string[])[] = [keys.contacts, keys.phonebooks, keys.sources, keys.sessions, ["session"]];
    for (const queryKey of stale) void cache.invalidateQueries({ queryKey });
  }

  function resync() {
    void cache.invalidateQueries();
  }
  function stop() {
    clearTimeout(timer);
    campaigns.stop();
    clearTimeout(contactTimer);
  }
  return { change, resync, stop };
}

/** Puts changed sessions where the lists on screen want them. */
export function putSessions(
  cache: QueryClient,
  changed: Session[],
  gone: ReadonlySet<number>,
  myExtension: number | null,
) {
  for (const session of changed) cache.setQueryData(keys.session(session.id), session);
  for (const [key, data] of cache.getQueriesData<InfiniteData<Page<Session>>>({ queryKey: keys.sessions })) {
    const query = key[1] as SessionQuery | undefined;
    if (!data || !query) continue;
    const pages = mergeSessions(data.pages, query, changed, gone, myExtension);
    if (pages) cache.setQueryData(key, { ...data, pages });
    else void cache.invalidateQueries({ queryKey: key });
  }
}

/** Fetches the newest page of a thread that is on screen and lays it over what is loaded. */
export async function refreshThread(cache: QueryClient, id: number) {
  const key = keys.thread(id);
  if (!cache.getQueryData(key)) return;
  const newest = await sessions.thread(id);
  cache.setQueryData<ThreadPage>(key, (loaded) => mergeThread(loaded, newest));
}

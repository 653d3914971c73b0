// Pure: how changed rows find their place in lists and threads that are already on screen.
import type { SessionQuery, Page, Session, ThreadItem, ThreadPage } from "../api/types";

/** Does this session belong in that list? `null`: only the daemon knows (text search). */
export function belongs(session: Session, query: SessionQuery, myExtension: number | null): boolean | null {
  if (query.q) return null;
  if (query.channel !== undefined && session.channel.id !== query.channel) return false;
  if (query.queue !== undefined && session.queue?.id !== query.queue) return false;
  if (query.extension !== undefined && session.extension?.id !== query.extension) return false;
  switch (query.tab) {
    case "mine":
      return session.state === "held" && session.extension !== null && session.extension.id === myExtension;
    case "waiting":
      return session.state === "waiting";
    case "all":
      return session.state !== "closed";
    case "ended":
      return session.state === "closed";
    default:
      return null;
  }
}

/**
 * The pages of a list with the changed sessions in their new places, newest first. Ids that were asked for and
 * not answered are no longer ours to see. `null` when the list has to be fetched again instead.
 */
export function mergeSessions(
  pages: Page<Session>[],
  query: SessionQuery,
  changed: Session[],
  gone: ReadonlySet<number>,
  myExtension: number | null,
): Page<Session>[] | null {
  const byId = new Map(changed.map((s) => [s.id, s]));
  const shown = pages.flatMap((p) => p.items);
  const known = new Set(shown.map((s) => s.id));
  const kept: Session[] = [];
  for (const session of shown) {
    if (gone.has(session.id)) continue;
    const next = byId.get(session.id);
    const place = next ? belongs(next, query, myExtension) : true;
    if (place === null) return null;
    if (place) kept.push(next ?? session);
  }
  const more = pages.at(-1)?.next ?? null;
  const oldest = shown.at(-1)?.last_at ?? 0;
  for (const session of changed) {
    if (known.has(session.id)) continue;
    const place = belongs(session, query, myExtension);
    if (place === null) return null;
    // A row older than what is loaded comes with its own page.
    if (place && (more === null || session.last_at >= oldest)) kept.push(session);
  }
  kept.sort((a, b) => b.last_at - a.last_at || b.id - a.id);
  return repage(kept, pages);
}

// Keeps the number of pages and their cursors: the next page is still asked for with the same cursor.
function repage(items: Session[], pages: Page<Session>[]): Page<Session>[] {
  const result: Page<Session>[] = [];
  let from = 0;
  pages.forEach((page, i) => {
    const last = i === pages.length - 1;
    const to = last ? items.length : Math.min(items.length, from + page.items.length);
    result.push({ items: items.slice(from, to), next: page.next });
    from = to;
  });
  return result;
}

export const itemKey = (item: ThreadItem) =>
  item.type === "message" ? `m${item.message.id}` : `e${item.event.id}.${item.event.kind}`;
export const itemAt = (item: ThreadItem) => (item.type === "message" ? item.message.at : item.event.at);

/** The newest page of a thread laid over what is loaded; when they no longer touch, the newest page alone. */
export function mergeThread(loaded: ThreadPage | undefined, newest: ThreadPage): ThreadPage {
  if (!loaded || loaded.items.length === 0) return newest;
  const fresh = new Map(newest.items.map((i) => [itemKey(i), i]));
  const touches = loaded.items.some((i) => fresh.has(itemKey(i)));
  if (!touches && newest.before !== null) return newest;
  const known = new Set(loaded.items.map(itemKey));
  const items = loaded.items.map((i) => fresh.get(itemKey(i)) ?? i);
  items.push(...newest.items.filter((i) => !known.has(itemKey(i))));
  items.sort((a, b) => itemAt(a) - itemAt(b));
  return { items, before: loaded.before };
}

/** An older page put in front. */
export function prependThread(loaded: ThreadPage, older: ThreadPage): ThreadPage {
  const known = new Set(loaded.items.map(itemKey));
  return { items: [...older.items.filter((i) => !known.has(itemKey(i))), ...loaded.items], before: older.before };
}

// Nothing typed or attached is ever lost: drafts per user and session in localStorage, saved on every change.
const PREFIX = "depesche.draft.";
const DRAFTS_MAX = 200;

export type DraftOf = number | "new";
export interface Draft {
  text: string;
  /** Files that were put here and not sent yet. */
  uploads: number[];
}
interface Stored extends Draft {
  at: number;
}
const keyOf = (user: number, session: DraftOf) => `${PREFIX}${user}.${session}`;

export function loadDraft(user: number, session: DraftOf): Draft {
  const { text, uploads } = read(keyOf(user, session)) ?? { text: "", uploads: [] };
  return { text, uploads };
}

/** Changes what is given and leaves the rest as it is. */
export function saveDraft(user: number, session: DraftOf, change: Partial<Draft>, now = Date.now()) {
  const key = keyOf(user, session);
  const next: Stored = { ...loadDraft(user, session), ...change, at: now };
  if (next.text.trim() === "" && next.uploads.length === 0) return localStorage.removeItem(key);
  try {
    localStorage.setItem(key, JSON.stringify(next));
  } catch {
    // storage is full: forget the oldest drafts and try once more
    forgetOldest(DRAFTS_MAX / 2);
    localStorage.setItem(key, JSON.stringify(next));
  }
  forgetOldest(DRAFTS_MAX);
}

function forgetOldest(keep: number) {
  const keys = Object.keys(localStorage).filter((k) => k.startsWith(PREFIX));
  if (keys.length <= keep) return;
  keys.sort((a, b) => (read(a)?.at ?? 0) - (read(b)?.at ?? 0));
  for (const key of keys.slice(0, keys.length - keep)) localStorage.removeItem(key);
}

function read(key: string): Stored | null {
  try {
    const draft = JSON.parse(localStorage.getItem(key) ?? "null") as Partial<Stored> | null;
    if (typeof draft?.text !== "string") return null;
    const uploads = Array.isArray(draft.uploads) ? draft.uploads.filter((id) => Number.isInteger(id) && id > 0) : [];
    return { text: draft.text, uploads, at: draft.at ?? 0 };
  } catch {
    return null;
  }
}

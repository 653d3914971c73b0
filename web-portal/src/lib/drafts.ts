// Nothing typed is ever lost: drafts per user and session in localStorage, saved on every change.
const PREFIX = "depesche.draft.";
const DRAFTS_MAX = 200;

interface Draft {
  text: string;
  at: number;
}
const keyOf = (user: number, session: number | "new") => `${PREFIX}${user}.${session}`;

export function loadDraft(user: number, session: number | "new"): string {
  return read(keyOf(user, session))?.text ?? "";
}

export function saveDraft(user: number, session: number | "new", text: string, now = Date.now()) {
  const key = keyOf(user, session);
  if (text.trim() === "") return localStorage.removeItem(key);
  try {
    localStorage.setItem(key, JSON.stringify({ text, at: now } satisfies Draft));
  } catch {
    // storage is full: forget the oldest drafts and try once more
    forgetOldest(DRAFTS_MAX / 2);
    localStorage.setItem(key, JSON.stringify({ text, at: now } satisfies Draft));
  }
  forgetOldest(DRAFTS_MAX);
}

function forgetOldest(keep: number) {
  const keys = Object.keys(localStorage).filter((k) => k.startsWith(PREFIX));
  if (keys.length <= keep) return;
  keys.sort((a, b) => (read(a)?.at ?? 0) - (read(b)?.at ?? 0));
  for (const key of keys.slice(0, keys.length - keep)) localStorage.removeItem(key);
}

function read(key: string): Draft | null {
  try {
    const draft = JSON.parse(localStorage.getItem(key) ?? "null") as Draft | null;
    return typeof draft?.text === "string" ? draft : null;
  } catch {
    return null;
  }
}

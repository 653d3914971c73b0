// The browser's own notifications, where somebody asked for them: who wrote, and what in a few words.
import type { Session } from "../api/types";
import { peerName, previewText } from "../features/inbox/words";
import { session as login } from "./me.svelte";
import { prefs } from "./prefs.svelte";
import { openPath, query } from "./router";

export type Notifying = "off" | "on" | "denied" | "insecure";

export function notifying(): Notifying {
  if (!isSecureContext || typeof Notification === "undefined") return "insecure";
  if (Notification.permission === "denied") return "denied";
  return prefs.notify && Notification.permission === "granted" ? "on" : "off";
}
/** Asks the browser where it has not been asked yet. */
export async function setNotifying(on: boolean): Promise<Notifying> {
  if (on && notifying() !== "insecure" && Notification.permission === "default") await Notification.requestPermission();
  prefs.notify = on && notifying() !== "insecure" && Notification.permission === "granted";
  return notifying();
}

/** The last message told, by session. */
let told: Record<number, number> = {};
const TOLD_MAX = 500;

/** Which of the changed sessions are news for this person: theirs or waiting, written to, unread, not in sight. */
export function news(sessions: readonly Session[], myExtension: number | null, open: number | null): Session[] {
  return sessions.filter(
    (s) =>
      s.last_direction === "in" &&
      s.unread > 0 &&
      (s.state === "waiting" || (s.extension !== null && s.extension.id === myExtension)) &&
      s.id !== open &&
      (told[s.id] ?? 0) < s.last_at,
  );
}

export function tellNews(sessions: readonly Session[]) {
  if (notifying() !== "on") return;
  const inSight = document.hidden || !document.hasFocus() ? null : query.id("id");
  if (Object.keys(told).length > TOLD_MAX) told = {};
  for (const s of news(sessions, login.extension?.id ?? null, inSight)) {
    told[s.id] = s.last_at;
    tell(s);
  }
}

function tell(s: Session) {
  try {
    // The same tag in another tab replaces this one instead of telling twice.
    const shown = new Notification(peerName(s), {
      body: previewText(s),
      tag: `depesche-${s.id}`,
      icon: "/favicon.svg",
    });
    shown.onclick = () => {
      window.focus();
      void openPath(`/inbox?tab=${s.state === "waiting" ? "waiting" : "mine"}&id=${s.id}`);
      shown.close();
    };
  } catch {
    // Some phones only let service workers tell; there it stays off.
    prefs.notify = false;
  }
}

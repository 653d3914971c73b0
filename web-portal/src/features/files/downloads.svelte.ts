// Archives on their way into the browser; they go on while people look at other conversations.
import { archive } from "../../api/download";
import { problemText } from "../../app/problems";
import { tn } from "../../i18n/i18n.svelte";
import { saveBlob } from "../../lib/save";
import { toast } from "../../ui/toast.svelte";

export interface Download {
  received: number;
  total: number | null;
  since: number;
  now: number;
  state: "running" | "done" | "broken";
  error: unknown;
  abort: AbortController;
}

let all = $state.raw<Readonly<Record<number, Download>>>({});
const TELL_EVERY_MS = 150;

export const downloadOf = (message: number): Download | undefined => all[message];

function set(message: number, change: Partial<Download>) {
  const before = all[message];
  if (before) all = { ...all, [message]: { ...before, ...change } };
}
function drop(message: number) {
  all = Object.fromEntries(Object.entries(all).filter(([id]) => Number(id) !== message));
}

export async function downloadAll(message: number, files: number, bytes: number) {
  if (all[message]?.state === "running") return;
  const abort = new AbortController();
  const since = Date.now();
  all = {
    ...all,
    [message]: {
      received: 0,
      total: bytes,
      since,
      now: since,
      state: "running",
      error: null,
      abort,
    },
  };
  let told = 0;
  try {
    const blob = await archive(
      message,
      (received, total) => {
        const now = Date.now();
        if (now - told < TELL_EVERY_MS && received > 0) return;
        told = now;
        set(message, { received, total: total ?? bytes, now });
      },
      abort.signal,
    );
    saveBlob(blob, `depesche-${message}.zip`);
    set(message, { state: "done" });
    toast(tn("bulk.done", files));
  } catch (error) {
    if (abort.signal.aborted) return drop(message);
    set(message, { state: "broken", error });
    toast(problemText(error), "bad");
  }
}

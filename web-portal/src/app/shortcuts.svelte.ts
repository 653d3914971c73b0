// One registry of shortcuts: it drives the dispatcher, the `?` help and the hints on buttons.
import { untrack } from "svelte";
import type { Key } from "../i18n/i18n.svelte";
import { prefs } from "./prefs.svelte";

export type Group = "global" | "go" | "inbox";
export interface Shortcut {
  /** "?", "/", "g i", "alt+j": codes as typed; letters are matched by their physical key. */
  keys: string;
  label: Key;
  group: Group;
  run: () => void;
}

let registered = $state.raw<readonly Shortcut[]>([]);
export const shortcuts = {
  get all() {
    return registered;
  },
};

/** Adds shortcuts while a component lives: `$effect(() => register([...]))`. */
export function register(list: Shortcut[]): () => void {
  // Untracked: whoever registers inside an effect must not depend on the registry.
  registered = [...untrack(() => registered), ...list];
  return () => {
    registered = untrack(() => registered).filter((s) => !list.includes(s));
  };
}

let pending = "";
let pendingUntil = 0;

export function onKeydown(event: KeyboardEvent, now = Date.now()) {
  if (!prefs.shortcuts || event.defaultPrevented || event.isComposing) return;
  // AltGr writes @ and € on German keyboards: never a shortcut.
  if (event.getModifierState?.("AltGraph")) return;
  const modified = event.altKey || event.ctrlKey || event.metaKey;
  if (!modified && isTyping(event.target)) return;
  const pressed = nameOf(event);
  if (!pressed) return;
  const sequence = pending && now < pendingUntil ? `${pending} ${pressed}` : pressed;
  pending = "";
  const hit = find(sequence) ?? find(pressed);
  if (hit) {
    event.preventDefault();
    hit.run();
  } else if (registered.some((s) => s.keys.startsWith(`${pressed} `))) {
    pending = pressed;
    pendingUntil = now + 1500;
  }
}

// The newest registration wins: a dialog or page may override a global key.
const find = (keys: string) => registered.findLast((s) => s.keys === keys);

function nameOf(event: KeyboardEvent): string | null {
  const letter = /^Key([A-Z])$/.exec(event.code)?.[1]?.toLowerCase();
  const arrow = /^Arrow(Up|Down|Left|Right)$/.exec(event.code)?.[1]?.toLowerCase();
  if (event.altKey || event.ctrlKey || event.metaKey) {
    const base = letter ?? arrow;
    if (!base) return null;
    return `${event.ctrlKey || event.metaKey ? "ctrl+" : ""}${event.altKey ? "alt+" : ""}${base}`;
  }
  if (event.key === "?" || event.key === "/") return event.key;
  return event.shiftKey ? null : (letter ?? null);
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}

/** "Alt+J", "G then I": keys for the eye. */
export function showKeys(keys: string, then: string): string[] {
  return keys
    .split(" ")
    .map((k) =>
      k
        .split("+")
        .map((part) => NAMES[part] ?? part.toUpperCase())
        .join(" + "),
    )
    .flatMap((k, i) => (i === 0 ? [k] : [then, k]));
}
const NAMES: Record<string, string> = { alt: "Alt", ctrl: "Ctrl", up: "↑", down: "↓", left: "←", right: "→" };

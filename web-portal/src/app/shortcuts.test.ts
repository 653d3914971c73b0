import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { prefs } from "./prefs.svelte";
import { onKeydown, register, showKeys } from "./shortcuts.svelte";

let undo: () => void;
const next = vi.fn();
const inbox = vi.fn();
const help = vi.fn();

beforeEach(() => {
  vi.clearAllMocks();
  prefs.shortcuts = true;
  undo = register([
    { keys: "alt+j", label: "keys.next", group: "inbox", run: next },
    { keys: "g i", label: "keys.next", group: "go", run: inbox },
    { keys: "?", label: "keys.help", group: "global", run: help },
  ]);
});
afterEach(() => undo());

const press = (init: KeyboardEventInit & { target?: HTMLElement; altGraph?: boolean }, now = 0) => {
  const event = new KeyboardEvent("keydown", { bubbles: true, cancelable: true, ...init });
  Object.defineProperty(event, "target", { value: init.target ?? document.body });
  Object.defineProperty(event, "getModifierState", { value: (key: string) => key === "AltGraph" && init.altGraph });
  onKeydown(event, now);
};

test("a letter with Alt works even while typing", () => {
  const box = document.createElement("textarea");

  press({ code: "KeyJ", key: "j", altKey: true, target: box });

  expect(next).toHaveBeenCalledOnce();
});

test("AltGr writes characters, it is no shortcut", () => {
  press({ code: "KeyJ", key: "j", altKey: true, ctrlKey: true, altGraph: true });
  press({ code: "KeyJ", key: "j", altKey: true, altGraph: true });

  expect(next).not.toHaveBeenCalled();
});

test("a plain key is left alone while typing", () => {
  press({ code: "Slash", key: "?", target: document.createElement("input") });

  expect(help).not.toHaveBeenCalled();
});

test("two keys in a row go somewhere, unless too much time passes", () => {
  press({ code: "KeyG", key: "g" }, 0);
  press({ code: "KeyI", key: "i" }, 500);
  expect(inbox).toHaveBeenCalledOnce();

  press({ code: "KeyG", key: "g" }, 10_000);
  press({ code: "KeyI", key: "i" }, 20_000);
  expect(inbox).toHaveBeenCalledOnce();
});

test("shortcuts can be switched off", () => {
  prefs.shortcuts = false;

  press({ code: "KeyJ", key: "j", altKey: true });

  expect(next).not.toHaveBeenCalled();
});

test("keys are shown as people read them", () => {
  expect(showKeys("alt+j", "then")).toEqual(["Alt + J"]);
  expect(showKeys("g i", "then")).toEqual(["G", "then", "I"]);
});

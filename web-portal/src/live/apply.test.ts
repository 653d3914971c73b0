import type { QueryClient } from "@tanstack/svelte-query";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { applyChanges } from "./apply";

const asked: string[] = [];
const cache = {
  invalidateQueries: ({ queryKey }: { queryKey: string[] }) => {
    asked.push(String(queryKey[0]));
    return Promise.resolve();
  },
} as unknown as QueryClient;

beforeEach(() => {
  vi.useFakeTimers();
  asked.length = 0;
});
afterEach(() => vi.useRealTimers());

test("an opt-out refreshes the list, contacts and conversations; an import only itself", () => {
  const live = applyChanges(cache, () => null);

  live.change({ kind: "opt_outs", ids: [] });
  live.change({ kind: "import", ids: [4] });
  vi.advanceTimersByTime(150);

  expect(asked.toSorted()).toEqual(["contacts", "imports", "opt-outs", "session", "sessions"]);
});

test("contacts that change many times a second are asked for once", () => {
  const live = applyChanges(cache, () => null);

  for (let i = 0; i < 8; i += 1) {
    live.change({ kind: "contacts", ids: [] });
    vi.advanceTimersByTime(110);
  }
  vi.advanceTimersByTime(1100);

  expect(asked.filter((key) => key === "contacts")).toHaveLength(1);
  live.stop();
});

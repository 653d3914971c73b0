import { render, screen, within } from "@testing-library/svelte";
import { flushSync } from "svelte";
import { beforeAll, expect, test, vi } from "vitest";
import { setLang } from "../i18n/i18n.svelte";
import DataTable from "./DataTable.svelte";

interface Row {
  id: number;
  name: string;
  waiting: number;
}
const rows: Row[] = [
  { id: 1, name: "Zoe", waiting: 2 },
  { id: 2, name: "Ärztin", waiting: 10 },
  { id: 3, name: "Bernd", waiting: 0 },
];
const columns = [
  { key: "name", title: "Name", text: (r: Row) => r.name },
  { key: "waiting", title: "Waiting", text: (r: Row) => String(r.waiting), sortBy: (r: Row) => r.waiting },
];
const shown = () =>
  screen
    .getAllByRole("row")
    .slice(1)
    .map((r) => within(r).getAllByRole("cell")[0]?.textContent?.trim());
const draw = (more: object = {}) => render(DataTable, { label: "People", rows, columns, ...more } as never);
const sortBy = (name: string) => {
  screen.getByRole("button", { name }).click();
  flushSync();
};

beforeAll(() => setLang("de"));

test("names sort as the language does, numbers as numbers", () => {
  draw();

  sortBy("Name");
  expect(shown()).toEqual(["Ärztin", "Bernd", "Zoe"]);
  sortBy("Waiting");
  expect(shown()).toEqual(["Bernd", "Zoe", "Ärztin"]);
  sortBy("Waiting");
  expect(shown()).toEqual(["Ärztin", "Zoe", "Bernd"]);
});

test("a filter looks through all columns", () => {
  draw({ filter: "10" });

  expect(shown()).toEqual(["Ärztin"]);
});

test("a row opens by its first cell's button, for keyboards too", () => {
  const onopen = vi.fn();
  draw({ onopen });

  screen.getByRole("button", { name: "Bernd" }).click();

  expect(onopen).toHaveBeenCalledExactlyOnceWith(rows[2]);
});

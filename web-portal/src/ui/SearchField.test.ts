import { fireEvent, render, screen } from "@testing-library/svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import SearchField from "./SearchField.svelte";

const onsearch = vi.fn();
const field = () => screen.getByRole<HTMLInputElement>("searchbox");
const props = (value: string) => ({ label: "Search", placeholder: "", value, onsearch, class: "" });
const type = (value: string) => fireEvent.input(field(), { target: { value } });

beforeEach(() => {
  vi.useFakeTimers();
  onsearch.mockClear();
});
afterEach(() => vi.useRealTimers());

test("a space before the next word stays while the search is asked without it", async () => {
  const { rerender } = render(SearchField, props(""));

  await type("anna ");
  vi.advanceTimersByTime(150);
  await rerender(props("anna"));

  expect(onsearch.mock.calls).toEqual([["anna"]]);
  expect(field().value).toBe("anna ");
});

test("letters that come quickly are asked for once", async () => {
  render(SearchField, props(""));

  await type("a");
  vi.advanceTimersByTime(100);
  await type("an");
  vi.advanceTimersByTime(150);

  expect(onsearch.mock.calls).toEqual([["an"]]);
});

test("a search that comes from elsewhere is shown", async () => {
  const { rerender } = render(SearchField, props("anna"));

  await rerender(props("ben"));

  expect(field().value).toBe("ben");
});

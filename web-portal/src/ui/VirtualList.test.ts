import { render, screen } from "@testing-library/svelte";
import { createRawSnippet } from "svelte";
import { expect, test } from "vitest";
import VirtualList from "./VirtualList.svelte";

test("of five thousand rows only a windowful is in the page", () => {
  const row = createRawSnippet<[{ id: number }]>((item) => ({ render: () => `<span>row ${item().id}</span>` }));
  const items = Array.from({ length: 5000 }, (_, id) => ({ id }));

  render(VirtualList, { items, rowHeight: 64, row, label: "rows" } as never);

  expect(screen.getAllByText(/row/).length).toBeLessThan(60);
});

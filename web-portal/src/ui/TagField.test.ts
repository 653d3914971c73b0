import { fireEvent, render, screen } from "@testing-library/svelte";
import { expect, test } from "vitest";
import TagField from "./TagField.svelte";

const draw = (tags: string[], max = 50) =>
  render(TagField, { label: "Words", tags, max, charsMax: 10, removeText: (tag: string) => `Remove ${tag}` } as never);
const shown = () => screen.queryAllByRole("button").map((b) => b.getAttribute("aria-label"));
async function type(text: string) {
  const box = screen.getByLabelText("Words");
  await fireEvent.input(box, { target: { value: text } });
  await fireEvent.keyDown(box, { key: "Enter" });
}

test("a word ends with Enter, several at once are parted, none stands twice", async () => {
  draw(["stop"]);

  await type("Stop, arret; basta");

  expect(shown()).toEqual(["Remove stop", "Remove arret", "Remove basta"]);
});

test("words are taken off one by one, and there are no more than fit", async () => {
  draw(["a", "b"], 2);

  expect(screen.queryByRole("textbox")).toBeNull();
  await fireEvent.click(screen.getByRole("button", { name: "Remove a" }));
  expect(shown()).toEqual(["Remove b"]);
  expect(screen.getByRole("textbox")).toBeTruthy();
});

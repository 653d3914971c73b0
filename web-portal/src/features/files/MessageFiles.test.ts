import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { beforeAll, expect, test } from "vitest";
import type { Attachment, Message, Reason } from "../../api/types";
import { setLang } from "../../i18n/i18n.svelte";
import Gallery from "./Gallery.svelte";
import MessageFiles from "./MessageFiles.svelte";

beforeAll(() => setLang("en"));

const file = (id: number, more: Partial<Attachment> = {}): Attachment => ({
  id,
  position: id,
  name: `photo-${id}.jpg`,
  family: "picture",
  media_type: "image/jpeg",
  bytes: 1000,
  width: 800,
  height: 600,
  count: null,
  state: "here",
  reason: null,
  has_thumb: true,
  steps: [],
  fetched: 0,
  ...more,
});
const draw = (attachments: Attachment[], more: Partial<Message> = {}) =>
  render(MessageFiles, {
    message: { id: 1, text: "", media_count: 0, sent_as: null, ...more, attachments } as Message,
  });

test("four pictures are shown, the fourth says how many more there are", () => {
  const { container } = draw([1, 2, 3, 4, 5, 6, 7].map((id) => file(id)));

  const pictures = [...container.querySelectorAll("img")];
  expect(pictures.map((p) => p.getAttribute("src"))).toEqual(
    [1, 2, 3, 4].map((id) => `/api/v1/attachments/${id}/thumb`),
  );
  expect(pictures.every((p) => p.getAttribute("width") && p.getAttribute("height"))).toBe(true);
  expect(pictures[0]?.getAttribute("alt")).toBe("photo-1.jpg");
  expect(screen.getByRole("button", { name: "+3: show all 7 pictures" })).toBeTruthy();
});

test("a single picture keeps its shape within bounds", () => {
  const { container } = draw([file(1, { width: 4000, height: 2000 })]);

  const picture = container.querySelector("img");
  expect([picture?.getAttribute("width"), picture?.getAttribute("height")]).toEqual(["280", "140"]);
});

test("an old message without files but with a count says the count", () => {
  draw([], { media_count: 2 });

  expect(screen.getByText("2 attachments")).toBeTruthy();
});

test("film and sound have the platform's own controls, and everything can be fetched", async () => {
  const { container } = draw([
    file(1, { family: "video", media_type: "video/mp4", name: "film.mp4" }),
    file(2, { family: "audio", media_type: "audio/ogg", name: "voice.ogg" }),
    file(3, { family: "document", media_type: "text/plain", name: "note.txt" }),
  ]);

  await waitFor(() => expect(container.querySelectorAll("a[download]").length).toBe(3));
  expect(container.querySelector("video")?.hasAttribute("controls")).toBe(true);
  expect(container.querySelector("audio")?.getAttribute("src")).toBe("/api/v1/attachments/2/file");
  expect(container.querySelector("a")?.getAttribute("href")).toBe("/api/v1/attachments/1/file?download");
});

test("what is not here is said, never hidden", async () => {
  const why = (code: string, en: string) => ({ code, en, de: en }) as Reason;
  draw([
    file(1, { state: "loading", bytes: null }),
    file(2, { state: "expired", bytes: null }),
    file(3, { state: "failed", bytes: null, reason: why("file_gone", "The carrier lost it.") }),
    file(4, { state: "failed", bytes: null, reason: why("file_type_not_allowed", "No.") }),
  ]);

  expect(await screen.findByText("loading …")).toBeTruthy();
  expect(screen.getByText("no longer available")).toBeTruthy();
  expect(screen.getByText("The carrier lost it.")).toBeTruthy();
  expect(screen.getByText("Some media could not be received because of an unsupported format.")).toBeTruthy();
});

test("links say how often they were opened", async () => {
  draw([file(1, { fetched: 3 }), file(2, { fetched: 1 })], { sent_as: "links" });

  expect(await screen.findByText(/Sent as a link · opened 3 times/)).toBeTruthy();
});

test("the gallery goes with the keys and stays within its pictures", async () => {
  const { container } = render(Gallery, { pictures: [1, 2, 3].map((id) => file(id)), start: 1, onclose: () => {} });
  const dialog = container.querySelector("dialog") as HTMLDialogElement;
  const says = () => container.querySelector("[aria-live]")?.textContent?.trim();

  expect(says()).toBe("2 of 3");
  await fireEvent.keyDown(dialog, { key: "ArrowRight" });
  await fireEvent.keyDown(dialog, { key: "ArrowRight" });
  expect(says()).toBe("3 of 3");
  await fireEvent.keyDown(dialog, { key: "Home" });
  expect([says(), container.querySelector("img")?.getAttribute("src")]).toEqual([
    "1 of 3",
    "/api/v1/attachments/1/file",
  ]);
});

import { render, screen } from "@testing-library/svelte";
import { beforeAll, expect, test, vi } from "vitest";
import type { Message } from "../../api/types";
import { setLang } from "../../i18n/i18n.svelte";
import Bubble from "./Bubble.svelte";

beforeAll(() => setLang("de"));

const message: Message = {
  id: 1,
  session_id: 1,
  direction: "out",
  text: "Hallo",
  at: 0,
  author: { kind: "extension", name: "Anna", extension: null },
  status: "delivered",
  reason: null,
  rich: null,
  in_reply_to: null,
  encoding: null,
  cost: null,
  way: null,
  segments: 1,
  media_count: 0,
  attachments: [],
  sent_as: null,
  phones: [],
  can: { send_again: false, settle: false, cancel: false, edit: false },
};
const reason = {
  code: "carrier_refused",
  carrier_code: "30005",
  detail: null,
  de: "Nicht vergeben.",
  en: "Unknown.",
  todo_de: "Bitte anrufen.",
  todo_en: "Call.",
} as const;
const nothing = {
  marked: false,
  busy: false,
  onagain: vi.fn(),
  onsettle: vi.fn(),
  oncancel: vi.fn(),
  onchange: vi.fn(),
  onlog: vi.fn(),
};
const draw = (more: Partial<Message>) => render(Bubble, { message: { ...message, ...more }, ...nothing });

test("a tick never stands without its word", () => {
  draw({});

  expect(screen.getByText("Zugestellt")).toBeTruthy();
});

test("a failure says why and offers another try", () => {
  draw({ status: "failed", reason, can: { send_again: true, settle: false, cancel: false, edit: false } });

  expect(screen.getByText("Nicht vergeben.")).toBeTruthy();
  expect(screen.getByText("Bitte anrufen.")).toBeTruthy();
  expect(screen.getByText("Code des Anbieters: 30005")).toBeTruthy();
  screen.getByRole("button", { name: "Erneut senden" }).click();
  expect(nothing.onagain).toHaveBeenCalledOnce();
});

test("markup in a text is text, only web addresses are links", () => {
  const text = '<b onclick="x()">fett</b> https://example.com/a javascript:alert(1)';
  const { container } = draw({ direction: "in", status: "received", text });

  expect(container.querySelector("b")).toBeNull();
  expect([...container.querySelectorAll("a")].map((a) => a.getAttribute("href"))).toEqual(["https://example.com/a"]);
});

test("a phone that has not got the text is named with the reason", () => {
  draw({
    direction: "in",
    status: "received",
    phones: [
      { extension: "1001", status: "delivered", reason: null },
      { extension: "1003", status: "queued", reason },
    ],
  });

  expect(screen.getByText(/Telefon 1003: wartet: Nicht vergeben./)).toBeTruthy();
  expect(screen.queryByText(/Telefon 1001/)).toBeNull();
});

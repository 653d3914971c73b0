import { describe, expect, it } from "vitest";
import type { Template } from "../api/types";
import { fill, filled, preview, span } from "./template";

const template = {
  name: "order",
  language: "en_US",
  named: true,
  components: [
    { type: "header", format: "text", text: "Order {{id}}" },
    { type: "body", text: "Hello {{first_name}}, {{day}}" },
    { type: "buttons", buttons: [{ kind: "URL", text: "Follow", url: "https://a.example/{{1}}" }] },
  ],
  needs: {
    header: "text",
    header_variable: "id",
    body: ["first_name", "day"],
    buttons: [{ index: 0, kind: "url", text: "Follow", required: true }],
  },
} as unknown as Template;

describe("templates", () => {
  it("read as they will arrive, with what is missing left visible", () => {
    const shown = preview(template, { "header.id": "7", "body.first_name": "{{day}}" });
    expect(shown).toMatchObject({ head: "Order 7", body: "Hello {{day}}, {{day}}", buttons: ["Follow"] });
    expect(fill("{{1}} and {{ 2 }}", { "body.1": "a", "body.2": "b" }, "body")).toBe("a and b");
  });
  it("are handed over with names where the template has names", () => {
    const say = filled(template, {
      "header.id": "7",
      "body.first_name": " Ann ",
      "body.day": "Monday",
      "buttons.0": "x",
    });
    expect(say.body[0]).toEqual({ name: "first_name", value: "Ann" });
    expect(say.header).toEqual({ type: "text", value: "7" });
    expect(say.buttons).toEqual([{ index: 0, kind: "url", value: "x" }]);
  });
  it("times are said in hours and minutes", () => {
    expect([span(86_399), span(59), span(3600)]).toEqual(["23 h 59 min", "1 min", "1 h 0 min"]);
  });
});

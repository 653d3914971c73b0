import { expect, test } from "vitest";
import { splitLinks } from "./links";
import { uuid } from "./uuid";

const links = (text: string) =>
  splitLinks(text)
    .filter((p) => p.href)
    .map((p) => [p.text, p.host]);

test.each([
  ["Siehe https://example.com/a?b=1.", [["https://example.com/a?b=1", "example.com"]]],
  ["(http://example.com:8080)", [["http://example.com:8080", "example.com:8080"]]],
  ["javascript:alert(1) ftp://example.com", []],
  ["https://bank.example.com@evil.example.com/", []],
  ["kein Link", []],
])("%s", (text, found) => {
  expect(links(text)).toEqual(found);
  expect(
    splitLinks(text)
      .map((p) => p.text)
      .join(""),
  ).toBe(text);
});

test("a client id has the form of a random UUID", () => {
  expect(uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

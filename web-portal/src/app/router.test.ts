import { expect, test, vi } from "vitest";

vi.mock("sv-router", () => ({ createRouter: () => ({}), Router: {}, searchParams: {} }));
const { safeNext } = await import("./router");

test.each([
  ["/trunks?id=1", "/trunks?id=1"],
  [null, "/inbox"],
  ["//evil.example.com", "/inbox"],
  ["/\\evil.example.com", "/inbox"],
  ["https://evil.example.com", "/inbox"],
  ["javascript:alert(1)", "/inbox"],
  ["/login?next=/login", "/inbox"],
])("after the login %s leads to %s", (next, path) => {
  expect(safeNext(next)).toBe(path);
});

import { expect, test } from "vitest";
import { countSegments } from "./segments";

test.each([
  ["", "gsm", 0, 0, 160],
  ["Hallo", "gsm", 5, 1, 155],
  ["Grüße für 5 €", "gsm", 14, 1, 146],
  ["a".repeat(160), "gsm", 160, 1, 0],
  ["a".repeat(161), "gsm", 161, 2, 145],
  ["a".repeat(306), "gsm", 306, 2, 0],
  ["a".repeat(307), "gsm", 307, 3, 152],
  ["Привет", "ucs2", 6, 1, 64],
  ["ü".repeat(70) + "ç", "ucs2", 71, 2, 63],
  ["😀".repeat(35), "ucs2", 70, 1, 0],
  ["😀".repeat(36), "ucs2", 72, 2, 61],
])("a text of its kind is counted as carriers count it (%#)", (text, encoding, used, segments, left) => {
  expect(countSegments(text)).toEqual({ encoding, used, segments, left });
});

test("an extension character never straddles two segments", () => {
  // 152 septets, then a euro of two: it moves to the second segment whole.
  const text = "a".repeat(152) + "€" + "a".repeat(20);

  expect(countSegments(text)).toEqual({ encoding: "gsm", used: 174, segments: 2, left: 153 - 22 });
});

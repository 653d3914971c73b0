import { expect, test } from "vitest";
import segments from "../../../tests/vectors/segments.json";
import vectors from "../../../tests/vectors/smart.json";
import { countSegments } from "./segments";
import { plain } from "./smart";

test.each(vectors.map((v) => [v.what, v.text, v.plain] as const))("look-alikes: %s", (_, text, wanted) => {
  expect(plain(text)).toBe(wanted);
});

test.each(segments.map((v) => [v.what, v] as const))("segments as the daemon counts them: %s", (_, v) => {
  const { encoding, used, segments, left } = countSegments(v.text);

  expect([encoding === "gsm" ? "gsm7" : encoding, used, segments, left]).toEqual([
    v.encoding,
    v.units,
    v.segments,
    v.left,
  ]);
});

import { expect, test } from "vitest";
import { fieldOf, insertVariable, pieces, unfinishedIn, unknownIn, variable } from "./text";

test("variables are found with their replacement, everything else stays text", () => {
  const found = pieces("Hallo {{first_name|Sie}}, Code {{ rabatt }}! {{}} {x} {{a b}}");

  expect(found.map((p) => [p.text, p.name, p.fallback])).toEqual([
    ["Hallo ", null, null],
    ["{{first_name|Sie}}", "first_name", "Sie"],
    [", Code ", null, null],
    ["{{ rabatt }}", "rabatt", null],
    ["! {{}} {x} {{a b}}", null, null],
  ]);
  expect(found.map((p) => p.text).join("")).toBe("Hallo {{first_name|Sie}}, Code {{ rabatt }}! {{}} {x} {{a b}}");
});

test("a variable put in at the cursor has its replacement selected", () => {
  const made = insertVariable("Hallo !", 6, 6, "größe");

  expect(made.text).toBe("Hallo {{größe|…}}!");
  expect(made.text.slice(made.from, made.to)).toBe("…");
  expect(unfinishedIn(made.text)).toEqual(["größe"]);
});

test("a variable put in replaces what is selected", () => {
  expect(insertVariable("Hallo NAME!", 6, 10, "name").text).toBe("Hallo {{name|…}}!");
});

test("names nobody knows are told once each", () => {
  expect(unknownIn("{{a}} {{b}} {{a|x}} {{c}}", new Set(["b"]))).toEqual(["a", "c"]);
});

test("a value that is one field is told from a text with a field in it", () => {
  expect(fieldOf("{{first_name|Kunde}}")).toEqual({ name: "first_name", fallback: "Kunde" });
  expect(fieldOf(variable("code"))).toEqual({ name: "code", fallback: "" });
  expect(fieldOf("Hallo {{first_name}}")).toBeNull();
  expect(fieldOf("{{a}}{{b}}")).toBeNull();
  expect(fieldOf("")).toBeNull();
});

// Look-alikes: one typographic quote makes an SMS Unicode, 70 characters to a segment instead of 160. They are replaced by
// characters of GSM-7 that look the same, but only where the whole text becomes GSM-7 by it. The daemon does the same.
import { countSegments } from "./segments";

const SAME: [string, string][] = [
  ["\u2018\u2019\u201a\u201b\u2032\u2039\u203a\u00b4\u0060\u02bc", "'"],
  ["\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'],
  ["\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"],
  ["\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t", " "],
  ["\u200b\u2060\ufeff\u00ad\u200e\u200f", ""],
  ["\u2028\u2029", "\n"],
  ["\u2026", "..."],
  ["\u2022\u00b7\u25cf\u25aa", "-"],
  ["\u2044\u2215", "/"],
  ["\u2264", "<="],
  ["\u2265", ">="],
  ["\u00d7", "x"],
  // Cyrillic, then Greek letters that are drawn as Latin ones.
  ["\u0410\u0391", "A"],
  ["\u0412\u0392", "B"],
  ["\u0421", "C"],
  ["\u0415\u0395", "E"],
  ["\u041d\u0397", "H"],
  ["\u0406\u0399", "I"],
  ["\u0408", "J"],
  ["\u041a\u039a", "K"],
  ["\u041c\u039c", "M"],
  ["\u039d", "N"],
  ["\u041e\u039f", "O"],
  ["\u0420\u03a1", "P"],
  ["\u0405", "S"],
  ["\u0422\u03a4", "T"],
  ["\u0425\u03a7", "X"],
  ["\u03a5", "Y"],
  ["\u0396", "Z"],
  ["\u0430", "a"],
  ["\u0441", "c"],
  ["\u0435", "e"],
  ["\u0456", "i"],
  ["\u0458", "j"],
  ["\u043e\u03bf", "o"],
  ["\u0440", "p"],
  ["\u0455", "s"],
  ["\u0445", "x"],
  ["\u0443", "y"],
];
const TABLE = new Map(SAME.flatMap(([all, same]) => [...all].map((c) => [c, same] as const)));
// Letter and accent apart, as some keyboards write them; only what GSM-7 has joined.
const JOINED = new Set("àèéìòùäöüÄÖÜñÑÉåÅÇ");

export function plain(text: string): string {
  if (countSegments(text).encoding === "gsm") return text;
  const joined = text.replace(/[A-Za-z][\u0300\u0301\u0303\u0308\u030a\u0327]/gu, (pair) => {
    const one = pair.normalize("NFC");
    return JOINED.has(one) ? one : pair;
  });
  const replaced = [...joined].map((c) => TABLE.get(c) ?? c).join("");
  return countSegments(replaced).encoding === "gsm" ? replaced : text;
}

// How many SMS a text costs: GSM 03.38 septets (160, 153 when split) or UCS-2 units (70, 67 when split).
const GSM =
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑ\u00dc\u00a7¿abcdefghijklmnopqrstuvwxyzäöñüà";
const BASIC = new Set(GSM);
const EXTENDED = new Set("^{}\\[~]|€\f");

export interface Segments {
  encoding: "gsm" | "ucs2";
  /** Septets, or UCS-2 units. */
  used: number;
  segments: number;
  /** Units left in the last segment. */
  left: number;
}

export function countSegments(text: string): Segments {
  const chars = [...text];
  if (chars.every((c) => BASIC.has(c) || EXTENDED.has(c))) {
    const sizes = chars.map((c) => (EXTENDED.has(c) ? 2 : 1));
    return split("gsm", sizes, 160, 153);
  }
  return split(
    "ucs2",
    chars.map((c) => c.length),
    70,
    67,
  );
}

// A character never straddles two segments, so the last place of a segment may stay empty.
function split(encoding: Segments["encoding"], sizes: number[], single: number, part: number): Segments {
  const used = sizes.reduce((a, b) => a + b, 0);
  if (used <= single) return { encoding, used, segments: used === 0 ? 0 : 1, left: single - used };
  let segments = 1;
  let inLast = 0;
  for (const size of sizes) {
    if (inLast + size > part) {
      segments += 1;
      inLast = 0;
    }
    inLast += size;
  }
  return { encoding, used, segments, left: part - inLast };
}

// Search hits: the daemon puts U+E000 and U+E001 around them, never HTML.
export interface Marked {
  text: string;
  hit: boolean;
}
export function splitMarks(marked: string): Marked[] {
  return marked
    .split("\uE000")
    .flatMap((piece, i) => {
      if (i === 0) return [{ text: piece, hit: false }];
      const [hit = "", rest = ""] = piece.split("\uE001");
      return [
        { text: hit, hit: true },
        { text: rest, hit: false },
      ];
    })
    .filter((p) => p.text !== "");
}

// Pure: variables inside a campaign's texts, `{{first_name|there}}`: found, put in, taken for a field of the recipient.
export interface Piece {
  text: string;
  /** Null: plain text. */
  name: string | null;
  fallback: string | null;
}

/** What stands where somebody is to write what is said instead. */
export const PLACEHOLDER = "…";
const FOUND = /\{\{\s*([\p{L}\p{N}_.-]+)\s*(?:\|([^{}]*))?\}\}/gu;

export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(FOUND)) {
    if (match.index > from) found.push(plain(text.slice(from, match.index)));
    found.push({ text: match[0], name: match[1] ?? "", fallback: match[2] ?? null });
    from = match.index + match[0].length;
  }
  if (from < text.length) found.push(plain(text.slice(from)));
  return found;
}
const plain = (text: string): Piece => ({ text, name: null, fallback: null });

const named = (text: string) => pieces(text).filter((p): p is Piece & { name: string } => p.name !== null);
/** Names in the text that nobody knows, each once. */
export const unknownIn = (text: string, known: ReadonlySet<string>): string[] => [
  ...new Set(
    named(text)
      .map((p) => p.name)
      .filter((name) => !known.has(name)),
  ),
];
/** Names whose replacement was never written. */
export const unfinishedIn = (text: string): string[] =>
  named(text)
    .filter((p) => p.fallback === PLACEHOLDER)
    .map((p) => p.name);

export const variable = (name: string, fallback = ""): string => (fallback ? `{{${name}|${fallback}}}` : `{{${name}}}`);

/** The text with a variable at the cursor, and what is selected then: what is said where nothing is known. */
export function insertVariable(text: string, start: number, end: number, name: string) {
  const put = variable(name, PLACEHOLDER);
  const from = start + put.length - PLACEHOLDER.length - 2;
  return { text: text.slice(0, start) + put + text.slice(end), from, to: from + PLACEHOLDER.length };
}

/** A value that is one field of the recipient and nothing else. */
export function fieldOf(value: string): { name: string; fallback: string } | null {
  const [only, more] = pieces(value.trim());
  return only && !more && only.name !== null ? { name: only.name, fallback: only.fallback ?? "" } : null;
}

export const charsOf = (text: string): number => [...text].length;

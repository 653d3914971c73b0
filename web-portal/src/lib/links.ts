// Addresses inside a text as parts of their own. Only http and https; everything else stays plain text.
export interface Part {
  text: string;
  href: string | null;
  host: string | null;
}

const FOUND = /\bhttps?:\/\/[^\s<>"'`]+/gi;
const TRAILING = /[.,;:!?)\]}»"']+$/;

export function splitLinks(text: string): Part[] {
  const parts: Part[] = [];
  let from = 0;
  for (const match of text.matchAll(FOUND)) {
    const raw = match[0].replace(TRAILING, "");
    const url = parse(raw);
    if (!url) continue;
    if (match.index > from) parts.push(plain(text.slice(from, match.index)));
    parts.push({ text: raw, href: url.href, host: url.host });
    from = match.index + raw.length;
  }
  if (from < text.length) parts.push(plain(text.slice(from)));
  return parts;
}

const plain = (text: string): Part => ({ text, href: null, host: null });

function parse(raw: string): URL | null {
  try {
    const url = new URL(raw);
    // A name or password in front of the host only hides where a link leads.
    return url.username || url.password ? null : url;
  } catch {
    return null;
  }
}

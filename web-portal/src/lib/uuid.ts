// A random UUID (version 4) that also works on plain HTTP, where crypto.randomUUID is missing.
export function uuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The same content tried again is the same message; other content, or the next message, is another. */
export class ClientIds {
  #content = "";
  #id = "";

  of(content: string): string {
    if (content !== this.#content || this.#id === "") {
      this.#content = content;
      this.#id = uuid();
    }
    return this.#id;
  }
  next() {
    this.#id = "";
  }
}

// Templates as they read once they are filled in; a value that looks like a variable stays as it is.
import type { Template } from "../api/types";

export type Values = Record<string, string>;

/** The text with its variables replaced; what is not filled in yet stays visible. */
export function fill(text: string, values: Values, prefix: string): string {
  return text.replace(/\{\{\s*([A-Za-z0-9_]+)\s*\}\}/g, (whole, name: string) => {
    const value = values[`${prefix}.${name}`]?.trim();
    return value ? value : whole;
  });
}

export interface Preview {
  head: string | null;
  format: string | null;
  body: string;
  foot: string | null;
  buttons: string[];
}

export function preview(template: Template, values: Values): Preview {
  const shown: Preview = { head: null, format: null, body: "", foot: null, buttons: [] };
  for (const part of template.components) {
    if (part.type === "header") {
      shown.format = part.format;
      if (part.format === "text") shown.head = fill(part.text ?? "", values, "header");
      else shown.head = values["header"]?.trim() || null;
    } else if (part.type === "body") shown.body = fill(part.text, values, "body");
    else if (part.type === "footer") shown.foot = part.text;
    else shown.buttons = part.buttons.map((b) => b.text || b.kind);
  }
  return shown;
}

/** What the API takes. */
export function filled(template: Template, values: Values) {
  const value = (key: string) => (values[key] ?? "").trim();
  const { needs } = template;
  const header =
    needs.header === "text"
      ? { type: "text" as const, value: value(`header.${needs.header_variable ?? "1"}`) }
      : needs.header === "location"
        ? {
            type: "location" as const,
            link: value("header"),
            latitude: null,
            longitude: null,
            name: null,
            address: null,
          }
        : needs.header
          ? value("header_upload")
            ? { type: "upload" as const, upload: Number(value("header_upload")) }
            : { type: "media" as const, link: value("header") }
          : null;
  return {
    type: "template" as const,
    name: template.name,
    language: template.language,
    header,
    body: needs.body.map((name) => ({ name: template.named ? name : null, value: value(`body.${name}`) })),
    buttons: needs.buttons
      .filter((b) => value(`buttons.${b.index}`))
      .map((b) => ({ index: b.index, kind: b.kind, value: value(`buttons.${b.index}`) })),
  };
}

/** Seconds as people say them: "3 h 12 min". */
export function span(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  return minutes >= 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${Math.max(minutes, 1)} min`;
}

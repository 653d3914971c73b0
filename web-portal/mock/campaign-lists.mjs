// The mock's tables: CSV in, CSV and XLSX out, as much of it as a test needs.
import { zip } from "./files.mjs";

const KNOWN_NUMBER = /^(mobil|mobile|telefon|phone|nummer|number|handy)/i;
const KNOWN_NAME = /^(name|vorname|first.?name)/i;
const ROWS_SHOWN = 20;
const SEPARATORS = { semicolon: ";", comma: ",", tab: "\t", pipe: "|" };

/** +49… where a number can be read, else null. */
export function addressOf(given) {
  const digits = given.replace(/[\s()/.-]/g, "");
  const e164 = digits.startsWith("+")
    ? digits
    : digits.startsWith("00")
      ? `+${digits.slice(2)}`
      : digits.startsWith("0")
        ? `+49${digits.slice(1)}`
        : "";
  return /^\+\d{8,15}$/.test(e164) ? e164 : null;
}
export const variableOf = (column) =>
  column
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "_")
    .replace(/^_|_$/g, "") || "spalte";

function text(raw, encoding) {
  return encoding === "utf-8" ? raw.toString("utf8").replace(/^\uFEFF/, "") : raw.toString("latin1");
}
export function readTable(name, raw, how) {
  const valid = Buffer.compare(Buffer.from(raw.toString("utf8")), raw) === 0;
  const layout = how.layout ?? { encoding: valid ? "utf-8" : "windows-1252", separator: null, header: true };
  const lines = text(raw, layout.encoding)
    .split(/\r?\n/)
    .filter((line) => line.trim());
  const named =
    layout.separator ?? Object.keys(SEPARATORS).find((s) => lines[0]?.includes(SEPARATORS[s])) ?? "semicolon";
  const separator = SEPARATORS[named];
  const cells = lines.map((line) => line.split(separator).map((cell) => cell.replace(/^"|"$/g, "").trim()));
  const head = layout.header ? cells.shift() : cells[0]?.map((_, i) => `Spalte ${i + 1}`);
  const columns = (head ?? []).map((column) => ({ name: column, variable: variableOf(column) }));
  const guess = (pattern) => {
    const at = columns.findIndex((c) => pattern.test(c.name));
    return at < 0 ? null : at;
  };
  const number = how.number_column ?? guess(KNOWN_NUMBER) ?? 0;
  const faults = [];
  cells.forEach((row, i) => {
    if (addressOf(row[number] ?? "")) return;
    const line = i + (layout.header ? 2 : 1);
    const given = row[number] || "–";
    faults.push({ line, given, en: "is no phone number", de: "ist keine Rufnummer" });
  });
  cells.raw = raw;
  return {
    id: how.id,
    name,
    layout: { ...layout, separator: named },
    columns,
    number_column: number,
    name_column: how.name_column === undefined ? guess(KNOWN_NAME) : how.name_column,
    rows: cells.length,
    good: cells.length - faults.length,
    faulty: faults.length,
    reading: false,
    faults: faults.slice(0, 100),
    first: cells.slice(0, ROWS_SHOWN).map((row) => [...row]),
    cells,
  };
}

/** A leading quote takes the power from what would be a formula. */
const inert = (cell) => (/^[=+\-@\t]/.test(cell) ? `'${cell}` : cell);
export function sheet(recipients, format) {
  const rows = [
    ["Rufnummer", "Name", "Status", "Grund", "Versuche"],
    ...recipients.map((r) => [r.address ?? r.given, r.name, r.state, r.reason?.de ?? "", String(r.tries)]),
  ];
  if (format === "csv") {
    const body = rows.map((r) => r.map((c) => `"${inert(c).replaceAll('"', '""')}"`).join(";")).join("\r\n");
    return { type: "text/csv; charset=utf-8", bytes: Buffer.from(`\uFEFF${body}\r\n`) };
  }
  const xml = rows
    .map((r) => `<row>${r.map((c) => `<c t="inlineStr"><is><t>${c.replace(/[<&]/g, "")}</t></is></c>`).join("")}</row>`)
    .join("");
  const bytes = zip([{ name: "xl/worksheets/sheet1.xml", bytes: Buffer.from(`<worksheet>${xml}</worksheet>`) }]);
  return { type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", bytes };
}

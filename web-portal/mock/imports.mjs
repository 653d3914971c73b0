// The mock's imports: tables are really read (UTF-8, simple quotes), columns guessed from their names, rows taken over in steps.
const GUESS = {
  vorname: "first_name",
  firstname: "first_name",
  nachname: "last_name",
  lastname: "last_name",
  name: "full_name",
  firma: "company",
  companyname: "company",
  email: "email",
  mobil: "number:mobile",
  mobilenumber: "number:mobile",
  telefon: "number:business",
  businessnumber: "number:business",
  bemerkung: "remark",
};
const BYTE = { semicolon: ";", comma: ",", tab: "\t", pipe: "|" };
const STEP_MS = 120;
const plain = (name) => name.toLowerCase().replace(/[^a-zäöü0-9]/g, "");

function rowsOf(text, separator) {
  return text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "")
    .map((line) => line.split(separator).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1")));
}

export function makeImports(data, Refused, emit, { contacts, put, readNumber }) {
  const imports = [];
  const texts = new Map();
  const one = (id) => {
    const i = imports.find((x) => x.id === Number(id));
    if (!i) throw new Refused(404, "not_found", "No such import.");
    return i;
  };
  function look(i) {
    const table = rowsOf(texts.get(i.id), BYTE[i.layout.separator]);
    const names = i.layout.header ? table[0] : (table[0] ?? []).map((_, n) => `Spalte ${n + 1}`);
    const rows = i.layout.header ? table.slice(1) : table;
    if (JSON.stringify(names) !== JSON.stringify(i.columns)) i.mapping = names.map((n) => GUESS[plain(n)] ?? null);
    Object.assign(i, { columns: names, first: rows.slice(0, 20) });
    return rows;
  }
  function take(name, content) {
    const text = content.toString("utf8");
    const card = text.startsWith("BEGIN:VCARD");
    const best = Object.entries(BYTE).sort((a, b) => text.split(b[1]).length - text.split(a[1]).length)[0][0];
    const i = {
      id: data.nextId(),
      name,
      format: card ? "vcard" : "csv",
      recognised: /companyname/i.test(text) ? "yeastar" : null,
      state: "uploaded",
      layout: { encoding: "utf-8", separator: best, header: true },
      columns: [],
      mapping: [],
      first: [],
      phonebook: null,
      known: "skip",
      rows_total: null,
      rows_done: 0,
      added: 0,
      updated: 0,
      skipped: 0,
      faulty: 0,
      faults_total: 0,
      faults: [],
      problem: null,
      problem_de: null,
      at: Date.now(),
    };
    texts.set(i.id, text);
    if (!card) look(i);
    imports.unshift(i);
    emit("import", [i.id]);
    return i;
  }
  function personOf(i, cells) {
    const form = { numbers: [], phonebooks: i.phonebook ? [i.phonebook] : [] };
    i.mapping.forEach((target, n) => {
      const cell = cells[n] ?? "";
      if (!target || !cell) return;
      if (target.startsWith("number:")) form.numbers.push({ kind: target.slice(7), given: cell });
      else if (target === "full_name") [form.first_name, form.last_name] = cell.split(" ");
      else if (target.startsWith("custom:")) form.custom = { ...form.custom, [target.slice(7)]: cell };
      else form[target] = cell;
    });
    return form;
  }
  function work(i, dry) {
    const rows = look(i);
    Object.assign(i, {
      state: dry ? "checking" : "running",
      rows_total: rows.length,
      rows_done: 0,
      added: 0,
      updated: 0,
      skipped: 0,
      faulty: 0,
      faults: [],
      faults_total: 0,
    });
    const each = (cells, n) => {
      const line = n + (i.layout.header ? 2 : 1);
      const fault = (column, de, en) => i.faults.push({ line, column, de, en });
      if (cells.length !== i.columns.length) {
        i.faulty += 1;
        return fault(
          null,
          `${cells.length} Zellen statt ${i.columns.length}`,
          `${cells.length} cells instead of ${i.columns.length}`,
        );
      }
      const form = personOf(i, cells);
      i.mapping.forEach((target, c) => {
        if (target?.startsWith("number:") && cells[c] && !readNumber(cells[c]))
          fault(i.columns[c], `„${cells[c]}“ ist keine Rufnummer`, `“${cells[c]}” is no telephone number`);
      });
      const known = contacts.find((x) =>
        form.numbers.some((f) => x.numbers.some((y) => y.address && y.address === readNumber(f.given))),
      );
      if (known && i.known !== "add") {
        i[i.known === "skip" ? "skipped" : "updated"] += 1;
        return undefined;
      }
      i.added += 1;
      if (!dry) put(form);
      return undefined;
    };
    const step = () => {
      if (!imports.includes(i)) return;
      const size = Math.max(1, Math.ceil(rows.length / 4));
      rows.slice(i.rows_done, i.rows_done + size).forEach((cells, n) => each(cells, i.rows_done + n));
      i.rows_done = Math.min(rows.length, i.rows_done + size);
      i.faults_total = i.faults.length;
      if (i.rows_done === rows.length) i.state = dry ? "checked" : "done";
      else setTimeout(step, STEP_MS).unref();
      emit("import", [i.id]);
      if (i.state === "done") emit("contacts", []);
    };
    setTimeout(step, STEP_MS).unref();
    emit("import", [i.id]);
    return { ...i };
  }
  const routes = [
    ["GET", /^\/imports$/, () => ({ items: imports.map((i) => ({ ...i, first: [], faults: [] })) })],
    ["GET", /^\/imports\/(\d+)$/, ([id]) => one(id)],
    [
      "PUT",
      /^\/imports\/(\d+)$/,
      ([id], { body }) => {
        const i = Object.assign(one(id), body, { state: "uploaded" });
        if (i.format === "csv") look(i);
        return i;
      },
    ],
    ["POST", /^\/imports\/(\d+)\/check$/, ([id]) => work(one(id), true)],
    ["POST", /^\/imports\/(\d+)\/run$/, ([id]) => work(one(id), false)],
    ["DELETE", /^\/imports\/(\d+)$/, ([id]) => void imports.splice(imports.indexOf(one(id)), 1)],
  ];
  const faults = (id) =>
    ["line;column;en;de", ...one(id).faults.map((f) => [f.line, f.column ?? "", f.en, f.de].join(";"))].join("\r\n");
  return { routes, take, faults, imports };
}

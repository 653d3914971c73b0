// The mock's part for people: phonebooks, imports, refusals, persons, and what of it is no JSON.
import { makeConsent } from "./consent.mjs";
import { makeContacts, readNumber } from "./contacts.mjs";
import { makeImports } from "./imports.mjs";
import { makeSources } from "./sources.mjs";

export const PEOPLE_RIGHTS = {
  agent: ["contact.read", "optout.add"],
  supervisor: ["contact.read", "contact.edit", "optout.add", "optout.edit"],
  admin: [
    "contact.read",
    "contact.edit",
    "optout.add",
    "optout.edit",
    "consent.settings",
    "person.erase",
    "audit.read",
  ],
};

export function makePeople(data, Refused, emit, now) {
  const books = makeContacts(data, Refused, emit, (address) => consent.refused(address));
  const consent = makeConsent(data, Refused, emit, () => books.contacts, now);
  const imports = makeImports(data, Refused, emit, { ...books, readNumber });
  const sources = makeSources(data, Refused, emit);

  async function whole(req) {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    return Buffer.concat(chunks);
  }
  const answer = (res, status, value) =>
    res.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
  const file = (res, type, name, body) =>
    res.writeHead(200, { "content-type": type, "content-disposition": `attachment; filename="${name}"` }).end(body);

  /** Files in and out; whether it was one of these. */
  async function serve(req, res, path, q) {
    const faults = /^\/imports\/(\d+)\/faults\.csv$/.exec(path);
    if (req.method === "POST" && path === "/imports") answer(res, 201, imports.take(q.get("name"), await whole(req)));
    else if (req.method === "POST" && path === "/opt-outs/import")
      answer(res, 200, consent.take((await whole(req)).toString(), q.get("dry_run") === "true"));
    else if (path === "/contacts/export") {
      const book = Number(q.get("phonebook"));
      const version = { vcard: "3.0", vcard4: "4.0" }[q.get("format")];
      if (version) file(res, "text/vcard", "contacts.vcf", books.cards(book, version));
      else file(res, "text/csv", "contacts.csv", books.csv(book));
    } else if (path === "/opt-outs/export")
      file(res, "text/csv", `opt-outs.${q.get("format")}`, consent.optOuts.map((o) => o.address).join("\r\n"));
    else if (path === "/people/export") file(res, "application/zip", "person.zip", "PK");
    else if (faults) file(res, "text/csv", "faults.csv", imports.faults(faults[1]));
    else return false;
    return true;
  }
  const routes = [...books.routes, ...consent.routes, ...imports.routes, ...sources.routes];
  return { routes, serve, books, consent, imports, sources };
}

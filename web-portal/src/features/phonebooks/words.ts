// Names and words of contacts, used by lists, drawers and the inbox.
import type { Contact, ContactNumber, ContactRow, Import } from "../../api/people";
import { t } from "../../i18n/i18n.svelte";
import { showNumber } from "../../lib/phone";

type Named = Pick<ContactRow, "first_name" | "last_name" | "company" | "email" | "numbers">;

/** The name of a contact; one without any is called as what else is known. */
export function contactName(c: Named): string {
  const name = `${c.first_name} ${c.last_name}`.trim();
  return name || c.company || c.email || c.numbers.find((n) => n.given)?.given || t("contact.nameless");
}
/** The company beside the name, unless it is the name. */
export const besideName = (c: Named): string => (contactName(c) === c.company ? "" : c.company);
export const shownNumber = (n: ContactNumber): string => (n.address ? showNumber(n.address) : n.given);
export const isOpen = (c: Pick<Contact, "read_only">, mayEdit: boolean) => mayEdit && !c.read_only;

/** The share of an import that is done, for a bar; null while nobody has counted yet. */
export function importShare(i: Pick<Import, "rows_total" | "rows_done">): number | null {
  return i.rows_total ? Math.min(1, i.rows_done / i.rows_total) : null;
}

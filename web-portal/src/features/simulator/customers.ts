// Invented customers: the last two digits of a number tell the simulated carrier how to behave.
import type { Simulator } from "../../api/types";

export const FIRST_CUSTOMER = "+4915555500021";

/** The same customer with another ending; "" picks one that no behaviour claims. */
export function customerWithEnding(customer: string, ending: string, behaviours: Simulator["behaviours"]): string {
  const wanted = ending || freeEnding(behaviours);
  const base = /^\+\d{8,14}$/.test(customer) ? customer : FIRST_CUSTOMER;
  return base.slice(0, -wanted.length) + wanted;
}

function freeEnding(behaviours: Simulator["behaviours"]): string {
  for (let i = 0; i < 100; i++) {
    const candidate = String(i).padStart(2, "0");
    if (!behaviours.some((b) => candidate.endsWith(b.ending) || b.ending.endsWith(candidate))) return candidate;
  }
  return "00";
}

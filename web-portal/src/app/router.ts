// The portal's addresses, and the only importer of the router. Lists keep their filters in the query string.
import { createRouter, Router, searchParams } from "sv-router";
import { needSetupWords, needWords } from "../i18n/i18n.svelte";

export { Router };

const people = <Screen>(screen: Promise<Screen>) => needSetupWords(needWords("people", screen));

export const { p, navigate, isActive, route } = createRouter({
  "/login": () => import("../routes/Login.svelte"),
  "/": {
    "/": () => import("../routes/Inbox.svelte"),
    "/inbox": () => import("../routes/Inbox.svelte"),
    "/campaigns": () => needWords("campaigns", import("../routes/Campaigns.svelte")),
    "/phonebooks": () => people(import("../routes/Phonebooks.svelte")),
    "/imports": () => people(import("../routes/Imports.svelte")),
    "/opt-outs": () => people(import("../routes/OptOuts.svelte")),
    "/consent": () => people(import("../routes/Consent.svelte")),
    "/people": () => people(import("../routes/People.svelte")),
    "/audit": () => people(import("../routes/Audit.svelte")),
    "/trunks": () => needSetupWords(import("../routes/Trunks.svelte")),
    "/channels": () => needSetupWords(import("../routes/Channels.svelte")),
    "/numbers": () => needSetupWords(import("../routes/Numbers.svelte")),
    "/templates": () => needSetupWords(import("../routes/Templates.svelte")),
    "/queues": () => needSetupWords(import("../routes/Queues.svelte")),
    "/extensions": () => needSetupWords(import("../routes/Extensions.svelte")),
    "/log": () => needSetupWords(import("../routes/Log.svelte")),
    "/users": () => needSetupWords(import("../routes/Users.svelte")),
    "/simulator": () => needSetupWords(import("../routes/Simulator.svelte")),
    "/profile": () => needSetupWords(import("../routes/Profile.svelte")),
    "/about": () => needSetupWords(import("../routes/About.svelte")),
    "*": () => import("../routes/NotFound.svelte"),
    layout: () => import("../shell/Shell.svelte"),
  },
});

export type Path =
  | "/inbox"
  | "/campaigns"
  | "/phonebooks"
  | "/imports"
  | "/opt-outs"
  | "/consent"
  | "/people"
  | "/audit"
  | "/trunks"
  | "/channels"
  | "/numbers"
  | "/templates"
  | "/queues"
  | "/extensions"
  | "/log"
  | "/users"
  | "/simulator"
  | "/profile"
  | "/about";

/** The query string as plain text values; changes make one history entry. */
export const query = {
  /** The raw text: the router would turn "0151" into a number. */
  get(name: string): string | null {
    return searchParams.toURLSearchParams().get(name);
  },
  id(name: string): number | null {
    const value = Number(this.get(name));
    return Number.isInteger(value) && value > 0 ? value : null;
  },
  set(changes: Record<string, string | number | null>, options: { replace?: boolean } = {}) {
    let replace = options.replace ?? false;
    for (const [name, value] of Object.entries(changes)) {
      if (value === null || value === "") {
        if (!searchParams.has(name)) continue;
        searchParams.delete(name, undefined, { replace });
      } else {
        if (this.get(name) === String(value)) continue;
        searchParams.set(name, String(value), { replace });
      }
      replace = true;
    }
  },
};

/** Where to go after the login: a path of this portal, never another site. */
export function safeNext(next: string | null): string {
  return next && /^\/[a-z]/.test(next) && !next.startsWith("/login") ? next : "/inbox";
}

/** Opens a path with its query string, as kept in `next`. */
export function openPath(path: string) {
  const [pathname = "/inbox", search] = path.split("?");
  const open = navigate as unknown as (
    path: string,
    options: { search?: string; replace?: boolean },
  ) => Promise<unknown>;
  return open(pathname, { search, replace: true });
}

// The menu: what there is, for whom, and its shortcut.
import BookUser from "@lucide/svelte/icons/book-user";
import RadioTower from "@lucide/svelte/icons/radio-tower";
import Hash from "@lucide/svelte/icons/hash";
import Info from "@lucide/svelte/icons/info";
import Inbox from "@lucide/svelte/icons/inbox";
import Layers from "@lucide/svelte/icons/layers";
import PhoneIcon from "@lucide/svelte/icons/phone";
import ScrollText from "@lucide/svelte/icons/scroll-text";
import Smartphone from "@lucide/svelte/icons/smartphone";
import Users from "@lucide/svelte/icons/users";
import LayoutTemplate from "@lucide/svelte/icons/layout-template";
import Megaphone from "@lucide/svelte/icons/megaphone";
import ListOrdered from "@lucide/svelte/icons/list-ordered";
import MessageSquareOff from "@lucide/svelte/icons/message-square-off";
import ShieldCheck from "@lucide/svelte/icons/shield-check";
import Eye from "@lucide/svelte/icons/eye";
import Handshake from "@lucide/svelte/icons/handshake";
import type { Component } from "svelte";
import { can, isAgent } from "../app/me.svelte";
import type { Path } from "../app/router";
import type { Key } from "../i18n/i18n.svelte";

export interface NavItem {
  to: Path;
  label: Key;
  Icon: Component<{ size?: number; "aria-hidden"?: "true"; class?: string }>;
  keys: string;
  shown: () => boolean;
}
export interface NavGroup {
  label: Key | null;
  items: NavItem[];
}

const always = () => true;
const notAgent = () => !isAgent();

export const NAV: NavGroup[] = [
  { label: null, items: [{ to: "/inbox", label: "nav.inbox", Icon: Inbox, keys: "g i", shown: always }] },
  {
    label: "nav.group.send",
    items: [
      { to: "/campaigns", label: "nav.campaigns", Icon: Megaphone, keys: "g c", shown: () => can("campaign.edit") },
    ],
  },
  {
    label: "nav.group.people",
    items: [
      { to: "/phonebooks", label: "nav.phonebooks", Icon: BookUser, keys: "g p", shown: () => can("contact.read") },
      { to: "/opt-outs", label: "nav.optouts", Icon: MessageSquareOff, keys: "g o", shown: () => can("optout.edit") },
      { to: "/consent", label: "nav.consent", Icon: Handshake, keys: "g e", shown: () => can("consent.settings") },
      { to: "/people", label: "nav.people", Icon: ShieldCheck, keys: "g d", shown: () => can("person.erase") },
    ],
  },
  {
    label: "nav.group.pbx",
    items: [
      { to: "/trunks", label: "nav.trunks", Icon: RadioTower, keys: "g t", shown: () => can("trunk.edit") },
      { to: "/channels", label: "nav.channels", Icon: Layers, keys: "g k", shown: notAgent },
      { to: "/numbers", label: "nav.numbers", Icon: Hash, keys: "g r", shown: notAgent },
      { to: "/templates", label: "nav.templates", Icon: LayoutTemplate, keys: "g v", shown: notAgent },
      { to: "/queues", label: "nav.queues", Icon: ListOrdered, keys: "g q", shown: notAgent },
      { to: "/extensions", label: "nav.extensions", Icon: PhoneIcon, keys: "g n", shown: notAgent },
    ],
  },
  {
    label: "nav.group.system",
    items: [
      { to: "/simulator", label: "nav.simulator", Icon: Smartphone, keys: "g s", shown: () => can("simulator.use") },
      { to: "/log", label: "nav.log", Icon: ScrollText, keys: "g l", shown: () => can("log.read") },
      { to: "/audit", label: "nav.audit", Icon: Eye, keys: "g b", shown: () => can("audit.read") },
      { to: "/users", label: "nav.users", Icon: Users, keys: "g u", shown: () => can("user.edit") },
      { to: "/about", label: "nav.about", Icon: Info, keys: "g a", shown: always },
    ],
  },
];

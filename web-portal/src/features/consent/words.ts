// Words around refusals: how far one reaches, where it is known from, who took it back.
import type { OptOut, Scope } from "../../api/people";
import type { Channel, OwnNumber } from "../../api/types";
import { t } from "../../i18n/i18n.svelte";
import { ownNumberName } from "../inbox/words";
import { showNumber } from "../../lib/phone";

/** The daemon's label; the one word it leaves to us is translated. */
export function scopeText(o: Pick<OptOut, "scope_label">): string {
  if (o.scope_label === "everything") return t("scope.everything");
  const [first = "", ...rest] = o.scope_label.split(" · ");
  return [showNumber(first), ...rest].join(" · ");
}
/** An erased person is only a digest. */
export const whoText = (o: Pick<OptOut, "address" | "name">): string =>
  o.address === null ? t("optout.erased") : showNumber(o.address);

/** A scope as the value of a select: "number:3", "channel:1", "everything". */
export const scopeValue = (s: Scope): string =>
  s.type === "number" ? `number:${s.number}` : s.type === "channel" ? `channel:${s.channel}` : s.type;
export function scopeOf(value: string): Scope {
  const [type, id] = value.split(":");
  if (type === "number") return { type, number: Number(id) };
  if (type === "channel") return { type, channel: Number(id) };
  return { type: "everything" };
}
export function scopeChoices(numbers: OwnNumber[], channels: Channel[]): { value: string; text: string }[] {
  return [
    { value: "everything", text: t("scope.everything") },
    ...channels.map((c) => ({ value: `channel:${c.id}`, text: t("scope.channel_named", { name: c.name }) })),
    ...numbers.map((n) => ({
      value: `number:${n.id}`,
      text: t("scope.number_named", { name: ownNumberName(n) }),
    })),
  ];
}

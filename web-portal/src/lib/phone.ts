// Telephone numbers for the eye: grouped, never changed. The daemon alone normalises what is typed.

/** `+4915123456789` as `+49 151 23456789`; anything that is not E.164 stays as it is. */
export function showNumber(address: string): string {
  // A WhatsApp user without a number.
  if (address.startsWith("wa:")) return address.slice(3);
  const de = /^\+49(1[5-7]\d)(\d+)$/.exec(address);
  if (de) return `+49 ${de[1]} ${de[2]}`;
  const nanp = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(address);
  if (nanp) return `+1 ${nanp[1]} ${nanp[2]} ${nanp[3]}`;
  const other = /^\+(\d{2})(\d{2,3})(\d{4,})$/.exec(address);
  if (other) return `+${other[1]} ${other[2]} ${other[3]}`;
  return address;
}

/** Good enough to be worth asking the daemon: a plus or digits with the usual separators. */
export const looksLikeNumber = (typed: string) => /^\+?[\d\s()/.-]{3,24}$/.test(typed.trim());

/** `tel:`-free comparable form of a typed number, for filtering lists. */
export const digitsOf = (typed: string) => typed.replace(/\D/g, "");

/** A number as somebody types it, in the spelling the daemon takes where no country is known: plus and digits. */
export const asAddress = (typed: string): string =>
  typed
    .trim()
    .replace(/^00(?=[1-9])/, "+")
    .replace(/(?<=^\+?[\d\s()/.-]*)[\s()/.-]/g, "");
export const isAddress = (typed: string): boolean => /^(\+[1-9]\d{6,14}|\d{3,8}|wa:.+)$/.test(asAddress(typed));

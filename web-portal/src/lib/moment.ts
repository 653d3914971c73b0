// A moment as a person picks it: local time in the browser's zone, sent with the zone's name, so that the daemon knows
// which moment is meant across the change of the clocks.
export const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** `2026-11-21T09:00` of a datetime-local field, with this browser's zone. */
export const withZone = (local: string) => `${local}[${zone()}]`;

/** For a datetime-local field. */
export function toLocal(at: number): string {
  const d = new Date(at);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}T${two(d.getHours())}:${two(d.getMinutes())}`;
}

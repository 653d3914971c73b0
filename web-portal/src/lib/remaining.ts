// Pure: how long a transfer will still take, from what came so far.
const TELLS_FROM_MS = 700;

/** Seconds, or null while nothing sensible can be said. */
export function remainingS(received: number, total: number | null, elapsedMs: number): number | null {
  if (total === null || received <= 0 || elapsedMs < TELLS_FROM_MS) return null;
  const left = Math.max(0, total - received);
  return Math.ceil((left / received) * (elapsedMs / 1000));
}

/** Between 0 and 1; an archive is a little longer than its files. */
export const shareOf = (received: number, total: number | null) =>
  total === null || total <= 0 ? null : Math.min(1, received / total);

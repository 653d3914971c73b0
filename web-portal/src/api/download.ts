// Fetches an archive as a stream, so that a person sees how far it is, and can stop it.
import { refusal } from "./client";
import { unreachable } from "./problem";

/** `told` hears received bytes and how many there will be, as far as that is known. */
export async function archive(
  message: number,
  told: (received: number, total: number | null) => void,
  signal: AbortSignal,
): Promise<Blob> {
  const response = await fetch(`/api/v1/messages/${message}/media.zip`, { credentials: "same-origin", signal }).catch(
    (error: unknown) => {
      throw signal.aborted ? error : unreachable();
    },
  );
  if (!response.ok) throw await refusal(response);
  const total = Number(response.headers.get("x-files-bytes")) || null;
  const reader = response.body?.getReader();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let received = 0;
  told(0, total);
  for (;;) {
    const step = await reader?.read();
    if (!step || step.done) break;
    parts.push(step.value);
    received += step.value.length;
    told(received, total);
  }
  return new Blob(parts, { type: "application/zip" });
}

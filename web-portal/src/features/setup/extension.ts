import type { Extension } from "../../api/types";
import type { Tone } from "../../ui/StatusDot.svelte";

/** How good it is that a phone can be reached this way. */
export const REACHABLE_TONE: Record<Extension["reachable"], Tone> = {
  registered: "good",
  through_pbx: "busy",
  no: "idle",
};

// What every step of the wizard is given.
import type { Variable } from "../../api/campaigns";
import type { Channel, OwnNumber } from "../../api/types";
import type { Draft } from "./draft.svelte";
import type { Step } from "./steps";

export interface StepProps {
  draft: Draft;
  /** The name it gets where somebody gives none. */
  usual: string;
  channels: Channel[] | undefined;
  numbers: OwnNumber[] | undefined;
  /** The one that is chosen. */
  channel: Channel | undefined;
  variables: Variable[];
  ongo: (step: Step) => void;
}

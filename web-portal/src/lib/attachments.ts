// Pure: which files of a message are shown how.
import type { Attachment } from "../api/types";

/** As the field has it: four pictures, then a counter. */
export const PREVIEWS_MAX = 4;
/** Refusals that are about what the file is, not about how it came. */
const UNSUPPORTED = ["file_type_not_allowed", "file_unreadable"];

export interface Shown {
  /** In the archive. */
  here: Attachment[];
  pictures: Attachment[];
  others: Attachment[];
  /** Could not be received because of what they are; one sentence says it for all. */
  unsupported: number;
}

export function ofMessage(attachments: readonly Attachment[]): Shown {
  const all = attachments.toSorted((a, b) => a.position - b.position);
  const refused = (a: Attachment) => a.state === "failed" && UNSUPPORTED.includes(a.reason?.code ?? "");
  const picture = (a: Attachment) => a.state === "here" && a.family === "picture";
  return {
    here: all.filter((a) => a.state === "here"),
    pictures: all.filter(picture),
    others: all.filter((a) => !picture(a) && !refused(a)),
    unsupported: all.filter(refused).length,
  };
}

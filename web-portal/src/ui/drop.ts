// Files dropped on an element or pasted into it, as `{@attach drop(...)}`.
import type { Attachment } from "svelte/attachments";

interface Hands {
  /** Asked anew each time: whether files can be taken just now. */
  open: () => boolean;
  over: (on: boolean) => void;
  take: (files: File[]) => void;
}

export const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;

export function drop({ open, over, take }: Hands): Attachment<HTMLElement> {
  return (element) => {
    // Entering a child comes before leaving its parent: only the sum says whether the pointer is still inside.
    let depth = 0;
    const gone = () => {
      depth = 0;
      over(false);
    };
    const onEnter = (event: DragEvent) => {
      if (!carriesFiles(event) || !open()) return;
      event.preventDefault();
      depth += 1;
      over(true);
    };
    const onOver = (event: DragEvent) => {
      if (carriesFiles(event) && open()) event.preventDefault();
    };
    const onLeave = (event: DragEvent) => {
      if (!carriesFiles(event)) return;
      depth -= 1;
      if (depth <= 0) gone();
    };
    const onDrop = (event: DragEvent) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      gone();
      if (open()) take([...(event.dataTransfer?.files ?? [])]);
    };
    element.addEventListener("dragenter", onEnter);
    element.addEventListener("dragover", onOver);
    element.addEventListener("dragleave", onLeave);
    element.addEventListener("drop", onDrop);
    return () => {
      element.removeEventListener("dragenter", onEnter);
      element.removeEventListener("dragover", onOver);
      element.removeEventListener("dragleave", onLeave);
      element.removeEventListener("drop", onDrop);
    };
  };
}

/** Pictures and files of the clipboard; what comes with words (a table, a page) is pasted as words. */
export function pastedFiles(event: ClipboardEvent, nameOf: (file: File) => string): File[] {
  const data = event.clipboardData;
  if (!data || data.files.length === 0 || data.types.includes("text/plain")) return [];
  event.preventDefault();
  // Browsers call every pasted picture "image.png".
  return [...data.files].map((f) => (/^image\.\w+$/.test(f.name) ? new File([f], nameOf(f), { type: f.type }) : f));
}

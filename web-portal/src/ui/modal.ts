// Opens a <dialog> for as long as it is in the page: Escape and a click beside it close, focus goes back where it was.
import type { Attachment } from "svelte/attachments";

export function modal(onclose: () => void): Attachment<HTMLDialogElement> {
  return (dialog) => {
    let pressedBeside = false;
    const onPress = (event: PointerEvent) => {
      pressedBeside = event.target === dialog && beside(dialog, event);
    };
    const onClick = (event: MouseEvent) => {
      if (pressedBeside && event.target === dialog && beside(dialog, event)) onclose();
    };
    const onCancel = (event: Event) => {
      if (event.target !== dialog) return;
      event.preventDefault();
      onclose();
    };
    dialog.addEventListener("pointerdown", onPress);
    dialog.addEventListener("click", onClick);
    dialog.addEventListener("cancel", onCancel);
    const before = document.activeElement;
    dialog.showModal();
    // The first field, not the close button; phones would open their keyboard over the form.
    if (matchMedia("(pointer: fine)").matches) {
      dialog.querySelector<HTMLElement>("input:not([readonly]), select, textarea")?.focus();
    }
    return () => {
      const inside = dialog.contains(document.activeElement);
      dialog.close();
      // By now the dialog may have left the page, and then the platform gives the focus to nobody.
      const nobody = document.activeElement === null || document.activeElement === document.body;
      if ((inside || nobody) && before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  };
}

function beside(dialog: HTMLElement, at: MouseEvent): boolean {
  const box = dialog.getBoundingClientRect();
  return at.clientX < box.left || at.clientX > box.right || at.clientY < box.top || at.clientY > box.bottom;
}

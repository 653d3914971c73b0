// Copying that also works on plain HTTP, where the clipboard API is missing.
export async function copyText(text: string, shown?: HTMLInputElement | null): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    if (!shown) return false;
    shown.focus();
    shown.select();
    return document.execCommand("copy");
  }
}

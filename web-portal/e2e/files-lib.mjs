// What the tests of files share: made-up files, attaching them by hand, dropping and pasting.
import { paper, picture } from "../mock/files.mjs";

export const DESKTOP = { width: 1366, height: 768 };
export const small = (name, hue = 1) => ({ name, mimeType: "image/png", buffer: picture(120, 90, hue) });
export const large = (name) => ({ name, mimeType: "image/png", buffer: picture(1000, 750, 2, 250) });
export const pdf = (name, bytes = 20_000) => ({ name, mimeType: "application/pdf", buffer: paper(bytes) });
export const input = (page) => page.locator('form input[type="file"]').last();
export const exe = () => ({ name: "programm.exe", mimeType: "application/octet-stream", buffer: Buffer.from("MZ90") });
/** Everything attached has been uploaded and fitted. */
export const ready = (page) =>
  page.waitForFunction(() => document.querySelector("form button.btn-primary")?.disabled === false);
export async function attach(page, files) {
  await input(page).setInputFiles(files);
}

/** Drags or drops a made-up file, as the browser would tell the page. */
export async function drag(page, selector, type, name) {
  await page.locator(selector).evaluate(
    (element, [kind, fileName, bytes]) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(bytes)], fileName, { type: "image/png" }));
      element.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
    },
    [type, name, [...picture(40, 30, 1)]],
  );
}
export async function paste(page) {
  await page.getByLabel("Antwort schreiben").evaluate(
    (element, bytes) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(bytes)], "image.png", { type: "image/png" }));
      element.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    },
    [...picture(40, 30, 2)],
  );
}

/** The browser's own dialog, opened with a shortcut; a press before the page listens is nobody's. */
export async function chosenBy(page, keys) {
  for (let tries = 0; tries < 3; tries++) {
    const asked = page.waitForEvent("filechooser", { timeout: 2500 }).catch(() => null);
    await page.keyboard.press(keys);
    const chooser = await asked;
    if (chooser) return chooser;
  }
  throw new Error(`${keys} opens no dialog to choose files`);
}

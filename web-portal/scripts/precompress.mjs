// Writes each text file of dist/ also as .br (quality 11): the daemon hands these out as they are.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const entries = await readdir(dist, { recursive: true, withFileTypes: true });
let [before, after, files] = [0, 0, 0];
for (const entry of entries) {
  if (!entry.isFile() || !/\.(js|css|html|svg|json)$/.test(entry.name) || entry.parentPath.includes(".vite")) continue;
  const path = join(entry.parentPath, entry.name);
  const text = await readFile(path);
  const small = brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
  await writeFile(`${path}.br`, small);
  before += text.length;
  after += small.length;
  files += 1;
}
console.log(`precompress: ${files} files, ${kb(before)} -> ${kb(after)} KB`);
function kb(bytes) {
  return (bytes / 1024).toFixed(1);
}

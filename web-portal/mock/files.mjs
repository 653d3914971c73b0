// Real bytes for invented files: pictures drawn here, a tone, a paper, a card, and an archive around them.
import { crc32, deflateSync } from "node:zlib";

function chunk(type, body) {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(body.length, 0);
  head.write(type, 4, "latin1");
  const tail = Buffer.alloc(4);
  tail.writeUInt32BE(crc32(Buffer.concat([head.subarray(4), body])), 0);
  return Buffer.concat([head, body, tail]);
}

/** A PNG: a gradient with a sun, so that pictures can be told apart. `noise` makes it large. */
export function picture(width, height, hue = 0, noise = 0) {
  const rows = Buffer.alloc((width * 3 + 1) * height);
  let seed = 7;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const sun = Math.hypot(x - width * 0.7, y - height * 0.35) < Math.min(width, height) * 0.16;
      const hill = y > height * (0.72 + 0.1 * Math.sin((x / width) * 6 + hue));
      const base = sun ? [255, 232, 150] : hill ? [60 + hue * 20, 110, 70] : [90 + hue * 28, 150 - hue * 8, 215];
      const at = y * (width * 3 + 1) + 1 + x * 3;
      for (let c = 0; c < 3; c++) {
        seed = (seed * 48271) % 0x7fffffff;
        const grain = noise ? ((seed >> 8) % noise) - noise / 2 : 0;
        rows[at + c] = Math.max(0, Math.min(255, base[c] - (y / height) * 40 + grain));
      }
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const magic = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([magic, chunk("IHDR", head), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))]);
}

/** A second of 440 Hz as WAV. */
export function tone() {
  const rate = 8000;
  const wav = Buffer.alloc(44 + rate);
  wav.write("RIFF", 0);
  wav.writeUInt32LE(36 + rate, 4);
  wav.write("WAVEfmt ", 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(rate, 24);
  wav.writeUInt32LE(rate, 28);
  wav.writeUInt16LE(1, 32);
  wav.writeUInt16LE(8, 34);
  wav.write("data", 36);
  wav.writeUInt32LE(rate, 40);
  for (let i = 0; i < rate; i++) wav[44 + i] = 128 + Math.round(60 * Math.sin((i / rate) * 440 * 2 * Math.PI));
  return wav;
}

export const paper = (bytes = 900) =>
  Buffer.concat([Buffer.from("%PDF-1.4\n"), Buffer.alloc(bytes, "%\n"), Buffer.from("%%EOF\n")]);
export const card = () =>
  Buffer.from("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Max Muster\r\nTEL:+491555000778\r\nEND:VCARD\r\n");

/** What a file is by its first bytes, never by its name. Null: not known here. */
export function sniff(bytes) {
  const begins = (text) => bytes.subarray(0, text.length).toString("latin1") === text;
  const found = (media_type, family, more = {}) => ({
    media_type,
    family,
    width: null,
    height: null,
    count: null,
    ...more,
  });
  if (begins("\x89PNG"))
    return found("image/png", "picture", { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) });
  if (begins("\xff\xd8\xff")) return found("image/jpeg", "picture", { width: 4032, height: 3024 });
  if (begins("GIF8")) return found("image/gif", "picture", { width: 320, height: 240, count: 12 });
  if (begins("%PDF")) return found("application/pdf", "paper", { count: 2 });
  if (begins("RIFF")) return found("audio/wav", "audio");
  if (begins("BEGIN:VCARD")) return found("text/vcard", "card");
  return null;
}

/** An archive without compression. */
export function zip(files) {
  const parts = [];
  const directory = [];
  let at = 0;
  for (const { name, bytes } of files) {
    const label = Buffer.from(name);
    const facts = Buffer.alloc(26);
    facts.writeUInt16LE(20, 0);
    facts.writeUInt16LE(0x0800, 2);
    facts.writeUInt32LE(crc32(bytes), 10);
    facts.writeUInt32LE(bytes.length, 14);
    facts.writeUInt32LE(bytes.length, 18);
    facts.writeUInt16LE(label.length, 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04", "latin1"), facts, label, bytes]);
    const more = Buffer.alloc(14);
    more.writeUInt32LE(at, 10);
    directory.push(Buffer.concat([Buffer.from("PK\x01\x02\x14\x00", "latin1"), facts, more, label]));
    parts.push(local);
    at += local.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", 0, "latin1");
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, listed, end]);
}

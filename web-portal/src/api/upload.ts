// Puts a file here with progress: fetch cannot tell how much of a body has left, XMLHttpRequest can.
import { refusal } from "./client";
import { unreachable } from "./problem";
import type { Upload } from "./types";

export interface Uploading {
  done: Promise<Upload>;
  abort(): void;
}

/** A line that carries nothing for so long is broken, though nobody says so. */
const STALLED_MS = 90_000;

/** `told` hears the bytes that have left. A broken upload starts again from its beginning: content is kept once. */
export function upload(file: File, told: (bytes: number) => void): Uploading {
  const request = new XMLHttpRequest();
  let stalled = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      stalled = true;
      request.abort();
    }, STALLED_MS);
  };
  const done = new Promise<Upload>((good, bad) => {
    request.upload.onprogress = (event) => {
      alive();
      told(event.loaded);
    };
    request.onloadend = () => clearTimeout(timer);
    request.onload = () => {
      if (request.status === 201) return good(JSON.parse(request.responseText) as Upload);
      void refusal(new Response(request.responseText, { status: request.status })).then(bad);
    };
    request.onerror = request.ontimeout = () => bad(unreachable());
    request.onabort = () => bad(stalled ? unreachable() : new DOMException("aborted", "AbortError"));
    request.open("POST", `/api/v1/uploads?name=${encodeURIComponent(file.name)}`);
    request.setRequestHeader("X-Depesche", "portal");
    request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    alive();
    request.send(file);
  });
  return { done, abort: () => request.abort() };
}

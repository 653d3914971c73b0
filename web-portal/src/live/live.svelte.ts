// The tab's end of the live stream: connection state for the banner, changes for the query cache.
import type { Change, FromWorker, ToWorker } from "./events";
import workerUrl from "./sse.worker.ts?sharedworker&url";
import { LiveStream } from "./stream";

interface Policy {
  createScriptURL(url: string): string;
}
interface Factory {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): Policy;
}
const trusted = (globalThis as { trustedTypes?: Factory }).trustedTypes;
// The only script address this portal ever makes itself: its own worker.
const policy = trusted?.createPolicy("portal", {
  createScriptURL(url) {
    if (url !== workerUrl) throw new TypeError("unexpected worker address");
    return url;
  },
});

const BANNER_AFTER_MS = 5000;

let connected = $state(false);
let lostSince = $state<number | null>(null);
let retryAt = $state<number | null>(null);
let showBanner = $state(false);
let newVersion = $state<string | null>(null);
let timer: ReturnType<typeof setTimeout> | undefined;

export const live = {
  get connected() {
    return connected;
  },
  get lost() {
    return showBanner;
  },
  get lostSince() {
    return lostSince;
  },
  get retryAt() {
    return retryAt;
  },
  /** Set once the daemon runs another version than this page came from. */
  get newVersion() {
    return newVersion;
  },
};

interface Handlers {
  change(change: Change): void;
  resync(): void;
}
let send: (message: ToWorker) => void = () => {};

/** Opens the stream; call once after login. Returns how to close it again. */
export function startLive(handlers: Handlers, version: string): () => void {
  const hear = (message: FromWorker) => {
    if (message.type === "change") handlers.change(message.change);
    else if (message.type === "resync") handlers.resync();
    else if (message.type === "hello") newVersion = message.version === version ? null : message.version;
    else state(message.connected, message.retryAt);
  };
  const close = typeof SharedWorker === "undefined" ? overOwnStream(hear, handlers) : overWorker(hear);
  send({ type: "start" });
  return () => {
    close();
    clearTimeout(timer);
    connected = showBanner = false;
    lostSince = retryAt = null;
    send = () => {};
  };
}
export const retryNow = () => send({ type: "retry" });
/** Ends the stream for all tabs: the login is over. */
export const endLive = () => send({ type: "stop" });

function state(up: boolean, retry: number | null) {
  connected = up;
  retryAt = retry;
  if (up) {
    clearTimeout(timer);
    timer = undefined;
    showBanner = false;
    lostSince = null;
  } else if (timer === undefined) {
    lostSince = Date.now();
    timer = setTimeout(() => (showBanner = true), BANNER_AFTER_MS);
  }
}

function overWorker(hear: (m: FromWorker) => void): () => void {
  const url = policy ? policy.createScriptURL(workerUrl) : workerUrl;
  const worker = new SharedWorker(url, { type: "module", name: "depesche-live" });
  worker.port.onmessage = (e: MessageEvent<FromWorker>) => hear(e.data);
  worker.port.start();
  send = (message) => worker.port.postMessage(message);
  return () => worker.port.close();
}

// Without SharedWorker a hidden tab gives its connection back and asks for everything on return.
function overOwnStream(hear: (m: FromWorker) => void, handlers: Handlers): () => void {
  const stream = new LiveStream(hear);
  send = (message) => (message.type === "stop" ? stream.stop() : stream.start());
  const onVisible = () => {
    if (document.hidden) return stream.stop();
    stream.start();
    handlers.resync();
  };
  document.addEventListener("visibilitychange", onVisible);
  return () => {
    document.removeEventListener("visibilitychange", onVisible);
    stream.stop();
  };
}

// One EventSource with patience: reopens with growing pauses and says what it knows about the connection.
import type { Change, FromWorker } from "./events";

const PAUSES_S = [1, 2, 4, 8, 15, 30];

export class LiveStream {
  #source: EventSource | null = null;
  #tries = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lost = false;
  #tell: (message: FromWorker) => void;

  constructor(tell: (message: FromWorker) => void) {
    this.#tell = tell;
  }

  get open() {
    return this.#source !== null;
  }
  get connected() {
    return this.#source?.readyState === 1;
  }

  start() {
    this.stop();
    const source = new EventSource("/api/v1/live");
    this.#source = source;
    source.onopen = () => {
      this.#tries = 0;
      this.#tell({ type: "state", connected: true, retryAt: null });
      // A stream the browser could not resume itself has no Last-Event-ID: ask for everything again.
      if (this.#lost) this.#tell({ type: "resync" });
      this.#lost = false;
    };
    source.onerror = () => {
      if (source !== this.#source) return;
      if (source.readyState === EventSource.CLOSED) this.#again();
      else this.#tell({ type: "state", connected: false, retryAt: null });
    };
    source.addEventListener("change", (e) => {
      this.#tell({ type: "change", change: JSON.parse((e as MessageEvent<string>).data) as Change });
    });
    source.addEventListener("hello", (e) => {
      const data = JSON.parse((e as MessageEvent<string>).data) as { version: string };
      this.#tell({ type: "hello", version: data.version });
    });
    source.addEventListener("resync", () => this.#tell({ type: "resync" }));
  }

  stop() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  #again() {
    this.#lost = true;
    const pause = (PAUSES_S[Math.min(this.#tries, PAUSES_S.length - 1)] ?? 30) * 1000;
    this.#tries += 1;
    this.#tell({ type: "state", connected: false, retryAt: Date.now() + pause });
    this.#timer = setTimeout(() => this.start(), pause);
  }
}

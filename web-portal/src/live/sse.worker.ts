// SharedWorker: one live stream for all tabs of this browser (HTTP/1.1 allows six connections in all).
import type { FromWorker, ToWorker } from "./events";
import { LiveStream } from "./stream";

const ports = new Set<MessagePort>();
let hello: FromWorker | null = null;
const stream = new LiveStream((message) => {
  if (message.type === "hello") hello = message;
  for (const port of ports) port.postMessage(message);
});

(self as unknown as SharedWorkerGlobalScope).onconnect = (event) => {
  const port = event.ports[0];
  if (!port) return;
  ports.add(port);
  port.onmessage = (e: MessageEvent<ToWorker>) => {
    if (e.data.type === "start" && !stream.open) stream.start();
    else if (e.data.type === "start" && stream.connected) {
      port.postMessage({ type: "state", connected: true, retryAt: null } satisfies FromWorker);
      if (hello) port.postMessage(hello);
    } else if (e.data.type === "retry") stream.start();
    else if (e.data.type === "stop") {
      stream.stop();
      hello = null;
    }
  };
  port.start();
};

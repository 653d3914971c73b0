// Short words after success and for events in the background. Errors never live only here.
export interface Toast {
  id: number;
  text: string;
  tone: "good" | "plain" | "bad";
}
let list = $state.raw<readonly Toast[]>([]);
let sequence = 0;
const SHOWN_MS = 6000;
const TOASTS_MAX = 4;

export const toasts = {
  get all() {
    return list;
  },
};
export function toast(text: string, tone: Toast["tone"] = "good") {
  const id = ++sequence;
  list = [...list, { id, text, tone }].slice(-TOASTS_MAX);
  setTimeout(() => dismiss(id), SHOWN_MS);
}
export function dismiss(id: number) {
  list = list.filter((t) => t.id !== id);
}

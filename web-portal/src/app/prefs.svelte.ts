// Choices of this browser: shortcuts and notifications on or off, and which key sends.
const read = (name: string, other: string) => localStorage.getItem(`depesche.${name}`) ?? other;

let shortcuts = $state(read("shortcuts", "on") === "on");
let sendWith = $state<"enter" | "ctrl_enter">(read("send", "enter") === "ctrl_enter" ? "ctrl_enter" : "enter");

let notify = $state(read("notify", "off") === "on");

export const prefs = {
  get shortcuts() {
    return shortcuts;
  },
  set shortcuts(on: boolean) {
    shortcuts = on;
    localStorage.setItem("depesche.shortcuts", on ? "on" : "off");
  },
  get sendWith() {
    return sendWith;
  },
  set sendWith(next: "enter" | "ctrl_enter") {
    sendWith = next;
    localStorage.setItem("depesche.send", next);
  },
  get notify() {
    return notify;
  },
  set notify(on: boolean) {
    notify = on;
    localStorage.setItem("depesche.notify", on ? "on" : "off");
  },
};

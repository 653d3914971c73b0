// Files on their way into a message: uploads with progress, what fitting makes of them, what was refused and why.
// Lives outside of the components, so that leaving the conversation does not stop an upload.
import { uploads } from "../../api/calls";
import { Problem } from "../../api/problem";
import type { Fit, FitFile, MediaRules, Reason, Upload } from "../../api/types";
import { upload, type Uploading } from "../../api/upload";
import { HOUSE_FILES_MAX, judge, sortOut } from "../../lib/fileRules";
import { badText, FILE_CODES, problemRefusal, reasonRefusal, type Refusal } from "./words";

/** Where the files go: only that decides what is allowed and what is done to them. */
export interface Target {
  key: string;
  rules: () => Promise<MediaRules>;
  fit: (uploads: number[]) => Promise<Fit>;
}

const AT_ONCE = 3;
const GATHER_MS = 40;
const REFUSALS_MAX = 10;
let keys = 0;

export class Item {
  readonly key = ++keys;
  state = $state<"waiting" | "uploading" | "done" | "broken">("waiting");
  sent = $state(0);
  upload = $state.raw<Upload | null>(null);
  fit = $state.raw<FitFile | null>(null);
  error = $state.raw<unknown>(null);
  running: Uploading | null = null;

  constructor(
    readonly name: string,
    readonly size: number,
    /** What a broken upload starts again from. */
    readonly file: File | null,
  ) {}
  get bytes() {
    return this.fit?.bytes ?? this.upload?.bytes ?? this.size;
  }
}

export class Attaching {
  items = $state.raw<readonly Item[]>([]);
  refusals = $state.raw<readonly Refusal[]>([]);
  rules = $state.raw<MediaRules | null>(null);
  /** What will leave, for the files as they are now; null: not known (yet). */
  fit = $state.raw<Fit | null>(null);
  fitting = $state(false);
  /** Rules, fitting or the draft's files could not be asked for. */
  error = $state.raw<unknown>(null);
  /** Files of the draft that are no longer there. */
  lost = $state(0);
  /** Whether somebody asked why nothing can be attached. */
  explained = $state(false);
  #missing = $state.raw<readonly number[]>([]);
  #target: Target | null = null;
  #run = 0;
  #fitted: Promise<void> = Promise.resolve();
  #changed: (uploads: number[]) => void;
  #fits: boolean;

  /** `changed` hears of the uploads a draft has to keep; without `fits` the files leave as they are. */
  constructor(changed: (uploads: number[]) => void = () => {}, fits = true) {
    this.#changed = changed;
    this.#fits = fits;
  }

  get ids(): number[] {
    return [...this.#missing, ...this.items.flatMap((i) => (i.upload ? [i.upload.id] : []))];
  }
  get busy(): boolean {
    return this.items.some((i) => i.state === "waiting" || i.state === "uploading");
  }
  /** Whether there is anything to show. */
  get shows(): boolean {
    return this.items.length + this.refusals.length + this.lost > 0 || this.error !== null || this.explained;
  }
  get total(): number {
    return this.items.reduce((sum, i) => sum + i.bytes, 0);
  }
  get totalMax(): number | null {
    return this.fit?.total_bytes_max ?? this.rules?.total_bytes_max ?? null;
  }
  get filesMax(): number {
    return this.rules?.files_max ?? HOUSE_FILES_MAX;
  }
  /** What is wrong with all of them together, or why nothing can be sent at all. */
  get problem(): Reason | null {
    if (this.fit?.problem) return this.fit.problem;
    return (this.fit ?? this.rules)?.way === "none" ? (this.rules?.why ?? null) : null;
  }
  /** Whether they can leave; without files there is nothing in the way. */
  get ready(): boolean {
    if (this.items.length === 0 && this.#missing.length === 0) return true;
    if (this.#missing.length > 0 || this.items.some((i) => i.state !== "done")) return false;
    return !this.#fits || (this.fit !== null && !this.fitting && !this.fit.problem && this.fit.way !== "none");
  }

  /** Another peer or number: other rules, and everything is fitted anew. */
  pointTo(target: Target | null) {
    const same = target?.key === this.#target?.key;
    this.#target = target;
    // Settings may have changed since: what is fresh enough costs nothing.
    if (same) return void (target && this.#ask(target));
    this.rules = null;
    this.explained = false;
    if (target) void this.#ask(target);
    this.#refit();
  }
  async #ask(target: Target) {
    try {
      const rules = await target.rules();
      if (this.#target === target) this.rules = rules;
    } catch (error) {
      if (this.#target === target) this.error = error;
    }
  }

  async add(files: readonly File[]) {
    if (files.length === 0) return;
    this.refusals = [];
    const target = this.#target;
    if (target && !this.rules) await this.#ask(target);
    if (this.rules?.way === "none") {
      const why = this.rules.why;
      this.#refuse(files.map((f) => (why ? reasonRefusal(f.name, why) : problemRefusal(f.name, null))));
      return;
    }
    const { good, bad } = sortOut(files, this.items.length + this.#missing.length, this.rules);
    this.#refuse(bad.map((b) => ({ name: b.file.name, code: b.code, text: badText(b.code, b.file.size, b.max) })));
    this.items = [...this.items, ...good.map((f) => new Item(f.name, f.size, f))];
    this.fit = null;
    this.#pump();
  }
  remove(item: Item) {
    this.#drop(item);
    this.#refit();
  }
  again(item: Item) {
    item.state = "waiting";
    item.error = null;
    this.#pump();
  }
  forgive(refusal: Refusal) {
    this.refusals = this.refusals.filter((r) => r !== refusal);
  }
  retry() {
    this.error = null;
    if (this.#missing.length > 0) void this.restore(this.#missing);
    else {
      if (this.#target && !this.rules) void this.#ask(this.#target);
      this.#refit();
    }
  }
  /** Once the last change has been answered. */
  async settle() {
    for (let seen: Promise<void> | null = null; seen !== this.#fitted;) await (seen = this.#fitted);
  }
  /** They have left with their message. */
  sent() {
    this.items = [];
    this.refusals = [];
    this.lost = 0;
    this.error = null;
    this.#refit();
    this.#changed([]);
  }

  /** The files of a draft, as far as they are still there. */
  async restore(ids: readonly number[]) {
    if (ids.length === 0) return;
    this.#missing = ids;
    this.error = null;
    try {
      const found = await uploads.byIds([...ids]);
      const there = ids.flatMap((id) => found.find((u) => u.id === id) ?? []).map(restored);
      this.#missing = [];
      this.lost = ids.length - there.length;
      this.items = [...there, ...this.items];
      this.#changed(this.ids);
      this.#refit();
    } catch (error) {
      this.error = error;
    }
  }

  #pump() {
    const running = this.items.filter((i) => i.state === "uploading").length;
    for (const item of this.items.filter((i) => i.state === "waiting").slice(0, Math.max(0, AT_ONCE - running)))
      void this.#start(item);
  }
  async #start(item: Item) {
    if (!item.file) return;
    item.state = "uploading";
    item.sent = 0;
    item.running = upload(item.file, (sent) => (item.sent = sent));
    try {
      const done = await item.running.done;
      if (!this.items.includes(item)) return void forget(done.id);
      item.upload = done;
      item.state = "done";
      this.#changed(this.ids);
      this.#refit();
    } catch (error) {
      this.#broke(item, error);
    } finally {
      item.running = null;
      this.#pump();
    }
  }
  #broke(item: Item, error: unknown) {
    if (!this.items.includes(item)) return;
    if (error instanceof Problem && FILE_CODES.has(error.code)) {
      this.#drop(item);
      this.#refuse([problemRefusal(item.name, error)]);
      this.#refit();
      return;
    }
    item.error = error;
    item.state = "broken";
  }

  #refit() {
    this.#fitted = this.#makeFit(++this.#run);
  }
  async #makeFit(run: number) {
    const target = this.#target;
    this.fit = null;
    this.fitting = this.#fits && target !== null && this.items.some((i) => i.upload);
    if (!this.fitting || !target) return;
    this.error = null;
    await new Promise((later) => setTimeout(later, GATHER_MS));
    if (run !== this.#run) return;
    try {
      const fit = await target.fit(this.items.flatMap((i) => (i.upload ? [i.upload.id] : [])));
      if (run === this.#run) this.#take(fit);
    } catch (error) {
      if (run === this.#run) this.error = error;
    } finally {
      if (run === this.#run) this.fitting = false;
    }
  }
  #take(fit: Fit) {
    const { drop } = judge(fit, this.filesMax);
    const bad = this.items.filter((i) => i.upload && drop.has(i.upload.id));
    for (const item of bad) {
      const why = drop.get(item.upload?.id ?? 0);
      if (why) this.#refuse([reasonRefusal(item.name, why)]);
      this.#drop(item);
    }
    for (const item of this.items) item.fit = fit.files.find((f) => f.upload === item.upload?.id) ?? null;
    if (bad.length > 0) this.#refit();
    else this.fit = fit;
  }

  #drop(item: Item) {
    item.running?.abort();
    this.items = this.items.filter((i) => i !== item);
    if (item.upload) forget(item.upload.id);
    this.#changed(this.ids);
  }
  #refuse(more: Refusal[]) {
    if (more.length > 0) this.refusals = [...this.refusals, ...more].slice(-REFUSALS_MAX);
  }
}

function restored(u: Upload): Item {
  const item = new Item(u.name, u.bytes, null);
  item.upload = u;
  item.state = "done";
  return item;
}
/** It expires anyway; saying so early only saves room. */
function forget(id: number) {
  uploads.forget(id).catch(() => undefined);
}

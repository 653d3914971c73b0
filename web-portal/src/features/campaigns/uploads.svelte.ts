// Files on their way into a campaign: put here as everywhere, then handed to the campaign, each with its own refusal.
import { campaigns } from "../../api/campaigns";
import { Problem } from "../../api/problem";
import type { MediaRules } from "../../api/types";
import { upload } from "../../api/upload";
import { sortOut } from "../../lib/fileRules";
import { Item } from "../files/attaching.svelte";
import { badText, FILE_CODES, problemRefusal, type Refusal } from "../files/words";
import type { Draft } from "./draft.svelte";

export class CampaignUploads {
  items = $state.raw<readonly Item[]>([]);
  refusals = $state.raw<readonly Refusal[]>([]);
  /** What the sender may send, as far as that is known. */
  rules = $state.raw<MediaRules | null>(null);
  #draft: Draft;
  /** One after the other: each answer is the campaign as it then is. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(draft: Draft) {
    this.#draft = draft;
  }
  get busy() {
    return this.items.some((i) => i.state === "waiting" || i.state === "uploading");
  }
  add(files: readonly File[], onlyOne = false) {
    this.refusals = [];
    const present = onlyOne ? 0 : (this.#draft.kept?.files.length ?? 0) + this.items.length;
    const { good, bad } = sortOut(onlyOne ? files.slice(0, 1) : files, present, this.rules);
    this.refusals = bad.map((b) => ({ name: b.file.name, code: b.code, text: badText(b.code, b.file.size, b.max) }));
    for (const file of good) {
      const item = new Item(file.name, file.size, file);
      this.items = [...this.items, item];
      this.#start(item, onlyOne);
    }
  }
  again(item: Item) {
    this.#start(item, false);
  }
  remove(item: Item) {
    item.running?.abort();
    this.items = this.items.filter((i) => i !== item);
  }
  forgive(refusal: Refusal) {
    this.refusals = this.refusals.filter((r) => r !== refusal);
  }
  detach(position: number) {
    const done = this.#queue.then(async () => {
      const id = this.#draft.id;
      if (id === null) return;
      await campaigns.detach(id, position);
      this.#draft.took(await campaigns.get(id));
    });
    this.#queue = done.catch(() => undefined);
    return done;
  }

  #start(item: Item, alone: boolean) {
    item.state = "waiting";
    item.error = null;
    this.#queue = this.#queue.then(() => this.#run(item, alone)).catch((error: unknown) => this.#broke(item, error));
  }
  async #run(item: Item, alone: boolean) {
    if (!item.file || !this.items.includes(item)) return;
    item.state = "uploading";
    item.running = upload(item.file, (sent) => (item.sent = sent));
    const made = await item.running.done;
    item.running = null;
    if (!this.items.includes(item) || !(await this.#draft.save())) return;
    const id = this.#draft.id;
    if (id === null) return;
    const before = this.#draft.kept?.files ?? [];
    // A head has one file: the new one takes the place of the old.
    if (alone) for (const f of before.toReversed()) await campaigns.detach(id, f.position);
    await campaigns.attach(id, made.id);
    this.#draft.took(await campaigns.get(id));
    this.items = this.items.filter((i) => i !== item);
  }
  #broke(item: Item, error: unknown) {
    if (!this.items.includes(item)) return;
    if (error instanceof Problem && FILE_CODES.has(error.code)) {
      this.items = this.items.filter((i) => i !== item);
      this.refusals = [...this.refusals, problemRefusal(item.name, error)];
      return;
    }
    item.error = error;
    item.state = "broken";
  }
}

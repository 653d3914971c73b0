// A campaign being written: what is typed is saved a moment later, and each saved plan is estimated and previewed anew.
import { campaigns, type Campaign, type Estimate, type Plan, type Preview } from "../../api/campaigns";
import { Problem } from "../../api/problem";
import { fieldText } from "../../app/problems";
import { either } from "../../i18n/i18n.svelte";
import { emptyPlan } from "./plan";
import { unwritten } from "./estimate";
import { about, fieldName, stepOf, STEPS, type Step } from "./steps";

const SAVE_MS = 600;

export class Draft {
  plan = $state<Plan>(emptyPlan(""));
  /** As the daemon has it; null: not saved yet. */
  kept = $state.raw<Campaign | null>(null);
  estimate = $state.raw<Estimate | null>(null);
  preview = $state.raw<Preview | null>(null);
  /** Which recipient the preview is of, from 1. */
  at = $state(1);
  saving = $state(false);
  counting = $state(false);
  error = $state.raw<unknown>(null);
  countError = $state.raw<unknown>(null);
  /** Somebody else saved it meanwhile: theirs. */
  conflict = $state.raw<Campaign | null>(null);
  /** Steps somebody has been to: only those say what they lack. */
  seen = $state.raw<readonly Step[]>([]);
  #refused = $state.raw<Record<string, string>>({});
  #written = "";
  /** The plan as the daemon gave it last: another one means that somebody else was here. */
  #theirs = "";
  #again = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<boolean> | null = null;
  #ended = false;
  #created: (campaign: Campaign) => void;
  #defaultName: string;

  constructor(from: Campaign | null, defaultName: string, created: (campaign: Campaign) => void) {
    this.#created = created;
    this.#defaultName = defaultName;
    if (from) {
      this.adopt(from);
      this.seen = STEPS;
      void this.count();
    } else this.#written = this.#now();
  }

  get id(): number | null {
    return this.kept?.id ?? null;
  }
  get changed(): boolean {
    return this.#now() !== this.#written;
  }
  #now = () => JSON.stringify($state.snapshot(this.plan));

  /** Takes the daemon's version in place of ours. */
  adopt(campaign: Campaign) {
    this.#keep(campaign);
    this.plan = structuredClone(campaign.plan);
    this.#written = this.#now();
    this.conflict = null;
    this.#refused = {};
  }
  /** What the live stream brought: taken where nothing of ours would be lost. */
  hear(campaign: Campaign) {
    if (this.saving || this.#running || !this.kept || campaign.version <= this.kept.version) return;
    if (this.changed) this.conflict = campaign;
    else {
      this.adopt(campaign);
      void this.count();
    }
  }
  /** Files and lists changed on the daemon's side of the plan. */
  took(campaign: Campaign) {
    if (JSON.stringify(campaign.plan) !== this.#theirs) return this.hear(campaign);
    this.#keep(campaign);
    void this.count();
  }
  #keep(campaign: Campaign) {
    this.kept = campaign;
    this.#theirs = JSON.stringify(campaign.plan);
  }

  /** Called on every change; the rest happens once somebody pauses. */
  touch() {
    if (!this.changed || this.conflict) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.save(), SAVE_MS);
  }
  /** Whether it is on disk now. One save at a time; what was typed meanwhile is saved after it. */
  async save(): Promise<boolean> {
    clearTimeout(this.#timer);
    if (this.#running) {
      await this.#running;
      return this.save();
    }
    if (!this.changed && this.kept) return true;
    this.#running = this.#save();
    try {
      return await this.#running;
    } finally {
      this.#running = null;
    }
  }
  async #save(): Promise<boolean> {
    this.saving = true;
    this.error = null;
    const written = this.#now();
    const plan = JSON.parse(written) as Plan;
    if (plan.name.trim() === "") plan.name = this.#defaultName;
    try {
      const first = this.kept === null;
      const answer = this.kept
        ? await campaigns.save(this.kept.id, plan, this.kept.version)
        : await campaigns.create(plan);
      this.#keep(answer);
      this.#written = written;
      this.#refused = {};
      if (first && !this.#ended) this.#created(answer);
      void this.count();
      return true;
    } catch (error) {
      await this.#failed(error);
      return false;
    } finally {
      this.saving = false;
    }
  }
  async #failed(error: unknown) {
    if (error instanceof Problem) {
      this.#refused = Object.fromEntries(Object.entries(error.fields).map(([k, v]) => [fieldName(k), fieldText(v)]));
      if ((error.code === "stale" || error.status === 412) && this.kept) {
        this.conflict = await campaigns.get(this.kept.id).catch(() => null);
        if (this.conflict) return;
      }
    }
    this.error = error;
  }
  /** Ours, over what somebody else saved. */
  async keepMine() {
    if (!this.conflict) return;
    this.#keep(this.conflict);
    this.conflict = null;
    this.#written = "";
    await this.save();
  }

  /** Recipients, parts, cost and the preview of what is saved. One at a time: a large audience takes a moment. */
  async count() {
    this.#again = true;
    if (this.counting) return;
    this.counting = true;
    while (this.#again && this.id !== null) {
      this.#again = false;
      this.countError = null;
      try {
        this.estimate = unwritten(await campaigns.estimate(this.id));
        const preview = await this.#look(this.id);
        // Somebody may have turned the page meanwhile.
        if (!preview || preview.at === this.at || this.at > preview.of) this.#see(preview);
      } catch (error) {
        this.countError = error;
      }
    }
    this.counting = false;
  }
  /** Nobody to look at is no failure; whoever was looked at may be gone. */
  async #look(id: number): Promise<Preview | null> {
    try {
      return await campaigns.preview(id, this.at);
    } catch (error) {
      if (!(error instanceof Problem) || ![404, 409, 422].includes(error.status)) throw error;
      if (this.at === 1) return null;
      this.at = 1;
      return this.#look(id);
    }
  }
  async show(at: number) {
    const id = this.id;
    if (id === null) return;
    this.at = Math.max(1, at);
    const preview = await this.#look(id).catch(() => null);
    if (preview && this.at === at) this.#see(preview);
  }
  #see(preview: Preview | null) {
    this.preview = preview;
    this.at = Math.max(1, preview?.at ?? 1);
  }

  /** What to say about a field, or about anything below it unless `alone`: a refusal at once, what is missing once its step has been left. */
  errorOf(field: string, alone = false): string | undefined {
    const refused = Object.entries(this.#refused).map(([name, text]) => ({ field: name, text }));
    const hit = about(refused, field, alone);
    if (hit) return hit.text;
    if (!this.seen.includes(stepOf(field))) return undefined;
    const blocker = about(this.estimate?.blockers ?? [], field, alone);
    return blocker && either(blocker);
  }
  /** Whether a step lacks something. */
  faultsOf(step: Step): number {
    const fields = [...Object.keys(this.#refused), ...(this.estimate?.blockers ?? []).map((b) => b.field)];
    return fields.filter((field) => stepOf(field) === step).length;
  }
  visit(step: Step) {
    if (!this.seen.includes(step)) this.seen = [...this.seen, step];
  }
  /** Leaving the page: what was typed is saved, nothing more happens here. */
  end() {
    this.#ended = true;
    if (this.changed && !this.conflict && (this.kept || this.plan.name.trim() !== "")) void this.save();
    clearTimeout(this.#timer);
  }
}

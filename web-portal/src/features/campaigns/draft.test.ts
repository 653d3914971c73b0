import { beforeEach, expect, test, vi } from "vitest";
import { campaigns, type Campaign, type Plan } from "../../api/campaigns";
import { Problem } from "../../api/problem";
import { Draft } from "./draft.svelte";
import { emptyPlan } from "./plan";

vi.mock("../../api/campaigns", () => ({
  campaigns: { create: vi.fn(), save: vi.fn(), get: vi.fn(), estimate: vi.fn(), preview: vi.fn() },
}));
const api = vi.mocked(campaigns);
const campaign = (plan: Plan, version: number) =>
  ({ id: 7, plan, version, status: "draft", files: [], lists: [] }) as unknown as Campaign;
const created = vi.fn();
const stale = new Problem({ status: 412, code: "stale", title: "Changed." });

beforeEach(() => {
  vi.resetAllMocks();
  api.create.mockImplementation(async (plan) => campaign(plan, 1));
  api.save.mockImplementation(async (_, plan, version) => campaign(plan, version + 1));
  api.estimate.mockResolvedValue({
    blockers: [{ field: "channel", code: "required", en: "A channel.", de: "Kanal." }],
  } as never);
  api.preview.mockRejectedValue(new Problem({ status: 404, code: "not_found", title: "Nobody." }));
});

test("what was never named gets a name, so that it can be saved", async () => {
  const draft = new Draft(null, "Kampagne vom Freitag", created);
  draft.plan.content.text = "Hallo";

  expect(await draft.save()).toBe(true);

  expect(api.create.mock.calls[0]?.[0].name).toBe("Kampagne vom Freitag");
  expect(created).toHaveBeenCalledOnce();
  expect([draft.id, draft.changed]).toEqual([7, false]);
});

test("saves follow one another, each with the version of the one before", async () => {
  const draft = new Draft(campaign(emptyPlan("A"), 3), "", created);
  draft.plan.name = "B";
  const first = draft.save();
  draft.plan.name = "C";
  await Promise.all([first, draft.save()]);

  expect(api.save.mock.calls.map(([, plan, version]) => [plan.name, version])).toEqual([
    ["B", 3],
    ["C", 4],
  ]);
  expect(draft.changed).toBe(false);
});

test("what somebody else saved is shown, and nothing is overwritten until asked", async () => {
  const draft = new Draft(campaign(emptyPlan("A"), 3), "", created);
  api.save.mockRejectedValueOnce(stale);
  api.get.mockResolvedValue(campaign(emptyPlan("Theirs"), 9));
  draft.plan.name = "Mine";

  expect(await draft.save()).toBe(false);
  expect(draft.conflict?.plan.name).toBe("Theirs");
  expect(draft.plan.name).toBe("Mine");

  await draft.keepMine();
  expect(api.save.mock.lastCall?.[2]).toBe(9);
  expect(draft.conflict).toBeNull();
});

test("news from elsewhere are taken only where nothing typed would be lost", () => {
  const draft = new Draft(campaign(emptyPlan("A"), 3), "", created);
  draft.hear(campaign(emptyPlan("B"), 4));
  expect(draft.plan.name).toBe("B");

  draft.plan.name = "Mine";
  draft.hear(campaign(emptyPlan("C"), 5));
  expect([draft.plan.name, draft.conflict?.plan.name]).toEqual(["Mine", "C"]);
});

test("a file that was added keeps what is being typed, unless the plan is another one", () => {
  const plan = emptyPlan("A");
  const draft = new Draft(campaign(plan, 3), "", created);
  draft.plan.name = "Typing";
  draft.took(campaign(plan, 4));
  expect([draft.plan.name, draft.kept?.version, draft.conflict]).toEqual(["Typing", 4, null]);

  draft.took(campaign(emptyPlan("Other"), 5));
  expect(draft.conflict?.plan.name).toBe("Other");
});

test("a new campaign says what a step lacks only once it has been left", async () => {
  const draft = new Draft(null, "X", created);
  draft.plan.name = "A";
  await draft.save();
  await vi.waitFor(() => expect(draft.estimate).not.toBeNull());

  expect(draft.errorOf("channel")).toBeUndefined();
  draft.visit("basics");
  expect(draft.errorOf("channel")).toMatch(/Kanal|channel/);
  expect([draft.faultsOf("basics"), draft.faultsOf("content")]).toEqual([1, 0]);
});

test("a refusal stands on its field at once", async () => {
  const draft = new Draft(campaign(emptyPlan("A"), 3), "", created);
  api.save.mockRejectedValueOnce(
    new Problem({ status: 422, code: "invalid", title: "", fields: { "plan.content.text": "too_long" } }),
  );
  draft.plan.content.text = "x";

  expect(await draft.save()).toBe(false);
  expect(draft.errorOf("content.text")).toBe("too_long");
  expect(draft.changed).toBe(true);
});

test("pages turned quickly are all turned, and a slow answer does not turn them back", async () => {
  const draft = new Draft(campaign(emptyPlan("A"), 3), "", created);
  await vi.waitFor(() => expect(draft.counting).toBe(false));
  const answers: (() => void)[] = [];
  api.preview.mockImplementation(
    (_, at) => new Promise((done) => answers.push(() => done({ at, of: 9, to: "+491", name: "" } as never))),
  );

  const turned = [draft.show(draft.at + 1), draft.show(draft.at + 1)];
  answers[1]?.();
  answers[0]?.();
  await Promise.all(turned);

  expect([draft.at, draft.preview?.at]).toEqual([3, 3]);
});

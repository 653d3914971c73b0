import { flushSync } from "svelte";
import { minLength, object, pipe, string, trim } from "valibot";
import { expect, test, vi } from "vitest";
import { Problem } from "../api/problem";
import { createForm } from "./createForm.svelte";

const schema = object({ name: pipe(string(), trim(), minLength(1, "required")) });

test("what is missing is named on its field and nothing is sent", async () => {
  const submit = vi.fn();
  const form = createForm({ initial: { name: " " }, schema, submit });

  await form.submit();

  expect(Object.keys(form.errors)).toEqual(["name"]);
  expect(submit).not.toHaveBeenCalled();
});

test("the daemon's refusal lands on the field it names", async () => {
  const refused = new Problem({ status: 422, code: "invalid", title: "no", fields: { name: "name taken by Sales" } });
  const form = createForm({ initial: { name: "Sales" }, schema, submit: () => Promise.reject(refused) });

  await form.submit();

  expect(form.errors).toEqual({ name: "name taken by Sales" });
  expect(form.failure).not.toBeNull();
  expect(form.busy).toBe(false);
});

test("a good form is sent once, trimmed", async () => {
  const submit = vi.fn(() => Promise.resolve());
  const form = createForm({ initial: { name: " Sales " }, schema, submit });

  await Promise.all([form.submit(), form.submit()]);
  flushSync();

  expect(submit).toHaveBeenCalledExactlyOnceWith({ name: "Sales" });
});

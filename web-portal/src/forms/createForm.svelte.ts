// A form's state: values, errors per field, the server's refusals on the same fields.
import { safeParse, type GenericSchema, type InferOutput } from "valibot";
import { Problem } from "../api/problem";
import { fieldText, problemDetail, problemText } from "../app/problems";

export interface FormOptions<V extends object, S extends GenericSchema> {
  initial: V;
  schema: S;
  submit: (output: InferOutput<S>) => Promise<unknown>;
}

export function createForm<V extends object, S extends GenericSchema>(options: FormOptions<V, S>) {
  let values = $state(structuredClone(options.initial));
  let errors = $state<Record<string, string>>({});
  let failure = $state<string | null>(null);
  let detail = $state<string | null>(null);
  let busy = $state(false);
  const before = JSON.stringify(options.initial);

  function validate(): InferOutput<S> | null {
    const result = safeParse(options.schema, $state.snapshot(values));
    if (result.success) {
      errors = {};
      return result.output as InferOutput<S>;
    }
    const found: Record<string, string> = {};
    for (const issue of result.issues) {
      const path = (issue.path ?? []).map((p) => String(p.key)).join(".");
      found[path] ??= fieldText(issue.message);
    }
    errors = found;
    return null;
  }

  async function submit(event?: Event) {
    event?.preventDefault();
    if (busy) return;
    failure = detail = null;
    const output = validate();
    if (output === null) return focusFirst(event);
    busy = true;
    try {
      await options.submit(output);
    } catch (error) {
      show(error);
      focusFirst(event);
    } finally {
      busy = false;
    }
  }

  function show(error: unknown) {
    if (error instanceof Problem) {
      errors = Object.fromEntries(Object.entries(error.fields).map(([k, v]) => [k, fieldText(v)]));
    }
    failure = problemText(error);
    detail = problemDetail(error);
  }

  return {
    get values() {
      return values;
    },
    get errors() {
      return errors;
    },
    /** What to say above the form, besides the errors on fields. */
    get failure() {
      return failure;
    },
    get detail() {
      return detail;
    },
    get busy() {
      return busy;
    },
    get changed() {
      return JSON.stringify($state.snapshot(values)) !== before;
    },
    clear(field: string) {
      if (errors[field]) delete errors[field];
    },
    reset(to: V) {
      values = structuredClone(to);
      errors = {};
      failure = detail = null;
    },
    submit,
  };
}

function focusFirst(event?: Event) {
  const form = event?.target instanceof HTMLFormElement ? event.target : null;
  setTimeout(() => form?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
}

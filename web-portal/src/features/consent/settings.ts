// Consent settings as the form holds them: every language there, empty where nothing is set.
import { TONGUES, WORD_KINDS, type ConsentSettings, type Tongue } from "../../api/people";

const empty = () => Object.fromEntries(TONGUES.map((tongue) => [tongue, [] as string[]])) as Record<Tongue, string[]>;

export function completed(found: ConsentSettings): ConsentSettings {
  const all = structuredClone(found);
  for (const kind of WORD_KINDS) {
    all[kind] = { ...empty(), ...all[kind] };
    all.answers = { ...all.answers, [kind]: { ...all.answers?.[kind] } };
  }
  return all;
}
/** Answers without words are no answers. */
export function trimmed(settings: ConsentSettings): ConsentSettings {
  const answers = WORD_KINDS.map((kind) => [
    kind,
    Object.fromEntries(
      Object.entries(settings.answers[kind])
        .map(([tongue, text]) => [tongue, text.trim()])
        .filter(([, text]) => text !== ""),
    ),
  ]);
  return { ...settings, answers: Object.fromEntries(answers) as ConsentSettings["answers"] };
}
/** The languages in which something is wrong, so that nobody has to look for it. */
export const tonguesOf = (errors: Record<string, string>): Tongue[] =>
  TONGUES.filter((tongue) => Object.keys(errors).some((field) => field.split(".").includes(tongue)));

// The password form's rules, shared by the first login and the profile.
import { check, forward, minLength, nonEmpty, object, pipe, string } from "valibot";

export const PASSWORD_MIN = 10;
export const passwordSchema = pipe(
  object({
    old: pipe(string(), nonEmpty("required")),
    new: pipe(string(), minLength(PASSWORD_MIN, "too_short_password")),
    again: string(),
  }),
  forward(
    check((v) => v.new === v.again, "not_the_same"),
    ["again"],
  ),
  forward(
    check((v) => v.new !== v.old, "same_as_old"),
    ["new"],
  ),
);

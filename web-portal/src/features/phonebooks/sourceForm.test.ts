import { expect, test } from "vitest";
import { attributesOf, attributesText, settingsOf, USUAL_FILTER, valuesOfSource } from "./sourceForm";

test("attributes are one field a line, and an empty one switches its field off", () => {
  const attributes = attributesOf("number:mobile = mobile, pager\nremark =\n\nnonsense");

  expect(attributes).toEqual({ "number:mobile": ["mobile", "pager"], remark: [] });
  expect(attributesOf(attributesText(attributes))).toEqual(attributes);
});

test("only what its kind knows is sent of a source", () => {
  const values = valuesOfSource(undefined);
  values.ldap.host = " ad.example.com ";

  expect(settingsOf(values)).toMatchObject({ kind: "ldap", host: "ad.example.com", port: null, filter: USUAL_FILTER });
  expect(settingsOf({ ...values, kind: "carddav" })).toEqual({ kind: "carddav", url: "", user: "" });
});

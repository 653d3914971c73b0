import { expect, test } from "vitest";
import type { ChannelMedia } from "../../api/types";
import { formOf, mediaOf } from "./mediaForm";

const media: ChannelMedia = {
  families: ["picture"],
  files_max: 5,
  picture_bytes_max: 5_000_000,
  paper_bytes_max: 600_000,
  other_bytes_max: null,
  total_bytes_max: 1_234_567,
  kept_days: 183,
  strip_location: true,
  active_pdf: "refuse",
  links_instead: true,
  countries: ["US", "CA"],
  defaults: {
    families: ["picture", "paper"],
    files_max: 10,
    picture_bytes_max: 5_000_000,
    paper_bytes_max: 600_000,
    other_bytes_max: 600_000,
    total_bytes_max: 5_000_000,
    countries: null,
  },
};

test("what was read is what is written back, in both languages", () => {
  const { defaults, ...body } = media;

  expect(defaults.files_max).toBe(10);
  for (const lang of ["de", "en"]) expect(mediaOf(formOf(media, lang)).body).toEqual(body);
});

test("megabytes are shown as people of the language write them", () => {
  expect(formOf(media, "de").limits.paper_bytes_max).toBe("0,6");
  expect(formOf(media, "en").limits.paper_bytes_max).toBe("0.6");
});

test("an emptied field means what the carrier takes", () => {
  const form = formOf(media, "de");

  const { body } = mediaOf({ ...form, files_max: "", countries: " ", limits: { ...form.limits, total_bytes_max: "" } });

  expect(body).toMatchObject({ files_max: null, countries: null, total_bytes_max: null });
});

test("nonsense is named on its field and nothing is sent", () => {
  const form = formOf(media, "de");

  const { body, errors } = mediaOf({
    ...form,
    files_max: "11",
    kept_days: "0",
    countries: "USA",
    limits: { ...form.limits, picture_bytes_max: "viel", paper_bytes_max: "0" },
  });

  expect(body).toBeNull();
  expect(errors).toEqual({
    files_max: "not_files",
    kept_days: "not_days",
    countries: "not_countries",
    picture_bytes_max: "not_megabytes",
    paper_bytes_max: "not_megabytes",
  });
});

// Lint rules. Text from people is text, never HTML: svelte/no-at-html-tags is an error here.
import svelte from "eslint-plugin-svelte";
import ts from "typescript-eslint";

const nodeGlobals = Object.fromEntries(
  ["process", "console", "URL", "fetch", "setTimeout", "clearTimeout", "setInterval", "clearInterval", "Buffer"].map(
    (n) => [n, "readonly"],
  ),
);

export default ts.config(
  { ignores: ["dist", "src/api/schema.gen.ts"] },
  ts.configs.recommended,
  svelte.configs["flat/recommended"],
  { files: ["**/*.svelte", "**/*.svelte.ts"], languageOptions: { parserOptions: { parser: ts.parser } } },
  {
    files: ["src/**"],
    ignores: ["src/api/**", "src/live/**", "src/**/*.test.ts"],
    rules: { "no-restricted-globals": ["error", { name: "fetch", message: "Only src/api fetches." }] },
  },
  {
    files: ["src/**"],
    ignores: ["src/app/router.ts"],
    rules: {
      "no-restricted-imports": [
        "error",
        { paths: [{ name: "sv-router", message: "Only src/app/router.ts knows the router." }] },
      ],
    },
  },
  { files: ["**/*.mjs", "*.js"], languageOptions: { globals: nodeGlobals } },
  {
    rules: {
      "svelte/no-at-html-tags": "error",
      "svelte/no-useless-mustaches": "off",
      "svelte/no-navigation-without-resolve": "off",
    },
  },
);

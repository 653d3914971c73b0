// Build, dev server and unit tests. In development /api goes to a daemon (DEPESCHE_API) or to the mock (npm run mock).
import { svelte } from "@sveltejs/vite-plugin-svelte";
import tailwind from "@tailwindcss/vite";
import { defineConfig } from "vitest/config";

const api = process.env.DEPESCHE_API ?? "http://127.0.0.1:5180";

// Icons that several screens share come as one file: thirty of a hundred bytes each cost more. Those of the login and of
// errors stay by themselves, so that nobody waits for the others to log in.
const icons = {
  name: "icons",
  test: /@lucide[\\/]svelte[\\/]dist[\\/]icons[\\/](?!circle-alert|circle-check|info|moon|sun|x\.)/,
  minShareCount: 2,
};

export default defineConfig({
  plugins: [tailwind(), svelte()],
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    manifest: true,
    assetsInlineLimit: 0,
    rolldownOptions: { output: { codeSplitting: { includeDependenciesRecursively: false, groups: [icons] } } },
  },
  worker: { format: "es" },
  server: { proxy: { "/api": { target: api, changeOrigin: false } } },
  resolve: process.env.VITEST ? { conditions: ["browser"] } : {},
  test: { environment: "happy-dom", include: ["src/**/*.test.ts"], setupFiles: ["src/test-setup.ts"] },
});

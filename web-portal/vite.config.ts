// Build, dev server and unit tests. In development /api goes to a daemon (DEPESCHE_API) or to the mock (npm run mock).
import { svelte } from "@sveltejs/vite-plugin-svelte";
import tailwind from "@tailwindcss/vite";
import { defineConfig } from "vitest/config";

const api = process.env.DEPESCHE_API ?? "http://127.0.0.1:5180";

export default defineConfig({
  plugins: [tailwind(), svelte()],
  build: { target: "es2022", modulePreload: { polyfill: false }, manifest: true, assetsInlineLimit: 0 },
  worker: { format: "es" },
  server: { proxy: { "/api": { target: api, changeOrigin: false } } },
  resolve: process.env.VITEST ? { conditions: ["browser"] } : {},
  test: { environment: "happy-dom", include: ["src/**/*.test.ts"], setupFiles: ["src/test-setup.ts"] },
});

// The start: words first, then the portal.
import { mount } from "svelte";
import "./app.css";
import App from "./App.svelte";
import { initLang } from "./i18n/i18n.svelte";

await initLang();
const target = document.getElementById("root");
if (target) mount(App, { target });

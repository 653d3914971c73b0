// Light, dark, or as the system says. public/theme.js sets the same attribute before the first paint.
export type Theme = "light" | "dark" | "system";
const STORED = "depesche.theme";
const media = matchMedia("(prefers-color-scheme: dark)");

let choice = $state<Theme>(stored());
let dark = $state(false);

function stored(): Theme {
  const value = localStorage.getItem(STORED);
  return value === "light" || value === "dark" ? value : "system";
}
function apply() {
  dark = choice === "dark" || (choice === "system" && media.matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}
apply();
media.addEventListener("change", apply);

export const theme = {
  get choice() {
    return choice;
  },
  set choice(next: Theme) {
    choice = next;
    if (next === "system") localStorage.removeItem(STORED);
    else localStorage.setItem(STORED, next);
    apply();
  },
  get dark() {
    return dark;
  },
};

// Runs before the first paint so that a dark portal never flashes white. A file of its own because of the CSP.
(function () {
  var chosen = null;
  try {
    chosen = localStorage.getItem("depesche.theme");
  } catch {
    // storage is blocked: follow the system
  }
  var dark = chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();

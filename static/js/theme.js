// Runs before the first paint. The server knows light and dark from the cookie; "auto" depends on the visitor's system.
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    if (root.dataset.theme === "auto") root.dataset.bsTheme = system.matches ? "dark" : "light";
  };
  const changed = () => {
    apply();
    document.dispatchEvent(new CustomEvent("relata:theme"));
  };
  apply();
  system.addEventListener("change", changed);
  // app.js calls this after a choice was made.
  window.relataTheme = changed;
})();

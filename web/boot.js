// What must happen before the wasm is there: the secret leaves the address bar, the theme is set, and the right one of the two
// static screens is shown. Then the wasm is started. Everything else is Rust.
(() => {
  const root = document.documentElement;
  const kept = (store, key) => { try { return store.getItem(key); } catch { return null; } };

  const fragment = new URLSearchParams(location.hash.slice(1));
  const arrival = { code: fragment.get("code"), token: fragment.get("token") };
  if (arrival.code || arrival.token) history.replaceState(history.state, "", location.pathname + location.search);
  window.roostArrival = arrival;

  const theme = kept(localStorage, "roost.theme");
  if (theme === "dark" || theme === "light") root.dataset.theme = theme;

  const known = arrival.code || arrival.token || kept(sessionStorage, "roost.token") || kept(localStorage, "roost.token")
    || kept(localStorage, "roost.open");
  root.dataset.screen = known ? "shell" : "connect";

  const failed = (error) => {
    console.error(error);
    root.dataset.screen = "broken";
  };
  document.addEventListener("DOMContentLoaded", () => {
    const early = document.getElementById("early-prompt");
    if (known && early) early.focus();
    const glue = document.querySelector('link[rel="modulepreload"]');
    const wasm = document.querySelector('link[rel="preload"][as="fetch"]');
    if (!glue || !wasm || typeof WebAssembly !== "object") return failed(new Error("this browser cannot run WebAssembly"));
    import(glue.href).then((page) => page.default({ module_or_path: wasm.href })).catch(failed);
  });
})();

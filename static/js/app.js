// What the server cannot do: theme choice, shortcuts, toasts, dialogs, and manners for htmx.
(() => {
  "use strict";
  const root = document.documentElement;
  const YEAR = 31536000;
  const TOAST_MS = 8000;

  // --- Theme ------------------------------------------------------------------------------------------------
  function chooseTheme(theme) {
    document.cookie = `theme=${theme};path=/;max-age=${YEAR};samesite=lax`;
    root.dataset.theme = theme;
    if (theme !== "auto") root.dataset.bsTheme = theme;
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === theme));
    }
    window.relataTheme();
  }

  // --- Toasts -----------------------------------------------------------------------------------------------
  function forget(toast) {
    const isProblem = toast.matches(".badge-red, .badge-yellow");
    if (!isProblem) setTimeout(() => toast.remove(), TOAST_MS);
  }

  function toast(text, tone = "info") {
    const template = document.getElementById("toast-template");
    const list = document.getElementById("toasts");
    if (!template || !list) return;
    const item = template.content.firstElementChild.cloneNode(true);
    const colours = { danger: "red", info: "blue", success: "green", warning: "yellow" };
    item.classList.add(`badge-${colours[tone] ?? "blue"}`);
    item.querySelector(".alert-text").textContent = text;
    list.append(item);
    forget(item);
  }

  // --- Focus ------------------------------------------------------------------------------------------------
  function focusFirstInvalid(scope) {
    const field = scope.querySelector("[aria-invalid='true']");
    const target = field && !field.matches("input, select, textarea") ? field.querySelector("input, select") : field;
    if (target) target.focus();
  }

  function isTyping(element) {
    return element.isContentEditable || element.matches("input, select, textarea");
  }

  // --- Long selects and drag order, where a page loaded their scripts -----------------------------------------
  function enhance(scope) {
    if (window.TomSelect) {
      for (const select of scope.querySelectorAll("select[data-tom-select]:not(.tomselected)")) {
        new window.TomSelect(select, { plugins: select.multiple ? ["remove_button"] : [], maxOptions: 500 });
      }
    }
    if (window.Sortable) {
      for (const list of scope.querySelectorAll("[data-sortable]:not([data-sortable-ready])")) {
        list.dataset.sortableReady = "1";
        window.Sortable.create(list, {
          handle: ".handle",
          animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 120,
          onEnd: () => list.dispatchEvent(new CustomEvent("sorted", { bubbles: true })),
        });
      }
    }
  }

  // --- Clicks -----------------------------------------------------------------------------------------------
  function openDialog(button, event) {
    const dialog = document.getElementById(button.dataset.dialog);
    // Browsers that know command="show-modal" open it by themselves.
    if (!dialog || "commandForElement" in button) return;
    event.preventDefault();
    dialog.showModal();
  }

  async function copyText(button) {
    const source = document.querySelector(button.dataset.copy);
    await navigator.clipboard.writeText(source.value ?? source.textContent);
    toast(button.dataset.copied, "success");
  }

  function openRow(row, event) {
    if (event.target.closest("a, button, input, select, label, summary, textarea")) return;
    if (String(getSelection())) return;
    if (event.ctrlKey || event.metaKey) window.open(row.dataset.href, "_blank", "noopener");
    else location.assign(row.dataset.href);
  }

  document.addEventListener("click", (event) => {
    const hit = (selector) => event.target.closest(selector);
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
    if (hit("[data-theme-choice]")) chooseTheme(hit("[data-theme-choice]").dataset.themeChoice);
    else if (hit("[data-dismiss]")) hit("[data-dismiss]").closest(".alert-tone").remove();
    else if (hit("[data-dialog]")) openDialog(hit("[data-dialog]"), event);
    else if (hit("[data-copy]")) copyText(hit("[data-copy]"));
    else if (hit("tr[data-href]")) openRow(hit("tr[data-href]"), event);
  });

  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-submit-on-change]");
    if (form) form.requestSubmit();
    const all = event.target.closest("[data-check-all]");
    if (all) {
      const boxes = document.querySelectorAll(`input[type="checkbox"][name="${CSS.escape(all.dataset.checkAll)}"]`);
      for (const box of boxes) box.checked = all.checked;
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      for (const menu of document.querySelectorAll("details.menu[open]")) {
        menu.open = false;
        menu.querySelector("summary").focus();
      }
    }
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const search = document.getElementById("search");
    if (!search) return;
    event.preventDefault();
    search.focus();
  });

  // A click on the backdrop closes a dialog, as it does elsewhere.
  document.addEventListener("pointerdown", (event) => {
    if (event.target.matches?.("dialog.confirm[open]")) {
      const box = event.target.getBoundingClientRect();
      const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
      if (!inside) event.target.close();
    }
  });

  // --- htmx -------------------------------------------------------------------------------------------------
  // An expired session answers with the sign-in page: show it whole instead of inside a card.
  document.addEventListener("htmx:before:response", (event) => {
    const { raw } = event.detail.ctx.response;
    if (raw.redirected && new URL(raw.url).pathname === document.body.dataset.loginPath) {
      event.preventDefault();
      location.reload();
    }
  });

  document.addEventListener("htmx:response:error", (event) => {
    const { status } = event.detail.ctx.response;
    if (status === 422) return;
    toast(status === 403 ? document.body.dataset.forbidden : document.body.dataset.failed, "danger");
  });

  document.addEventListener("htmx:error", () => toast(document.body.dataset.failed, "danger"));

  document.addEventListener("htmx:after:swap", (event) => {
    const target = event.detail.ctx?.target;
    const scope = target instanceof Element && target.isConnected ? target : document;
    enhance(scope);
    if (event.detail.ctx?.response?.status === 422) focusFirstInvalid(scope.querySelector("form") ?? scope);
  });

  document.addEventListener("toast", (event) => toast(event.detail.text, event.detail.tone));

  // --- Start ------------------------------------------------------------------------------------------------
  for (const item of document.querySelectorAll("#toasts > *")) forget(item);
  enhance(document);
  focusFirstInvalid(document.getElementById("main") ?? document);
})();

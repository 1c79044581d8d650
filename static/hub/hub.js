/* The hub's own script: small, deferred, and nothing works only because of it except comfort.
   1. every POST form says which company its page was made for; 2. the phone menu; 3. reveal buttons;
   4. a page that refreshes itself changes only what changed, and nothing somebody is writing; 5. a key is tried while
   it is typed. */
"use strict";
(() => {
  const company = document.body.dataset.company || "";

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!company || form.method !== "post" || "anyCompany" in form.dataset || form.elements._company) return;
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name: "_company", value: company });
    form.append(field);
  }, true);

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-does]");
    if (!button) {
      document.querySelectorAll("details:is(.switcher, .drop)[open]").forEach((open) => open.contains(event.target) || (open.open = false));
      return;
    }
    doings[button.dataset.does]?.(button, event);
  });

  const doings = {
    menu(button) {
      const open = button.closest(".side").toggleAttribute("data-open");
      button.setAttribute("aria-expanded", open);
    },
    reveal(button) {
      const input = button.parentElement.querySelector("input");
      const shown = input.type === "password";
      input.type = shown ? "text" : "password";
      button.setAttribute("aria-pressed", shown);
    },
    copy(button) {
      navigator.clipboard?.writeText(document.getElementById(button.dataset.copies).value);
      button.textContent = button.dataset.done;
    },
  };

  /* A file that is too large is named before it is sent. */
  document.addEventListener("change", ({ target }) => {
    if (!("maxBytes" in target.dataset)) return;
    const large = [...target.files].some((file) => file.size > Number(target.dataset.maxBytes));
    target.setCustomValidity(large ? target.dataset.tooLarge : "");
    target.reportValidity();
  });

  /* Django's select2 draws its own box and forgets the label; screen readers need it back. */
  function nameBoxes() {
    document.querySelectorAll("select.admin-autocomplete").forEach((select) => {
      const label = select.getAttribute("aria-label") || select.labels[0]?.textContent.trim();
      const box = select.nextElementSibling?.querySelector(".select2-selection");
      if (!label || !box) return;
      [box, ...box.querySelectorAll("[role=textbox]")].forEach((part) => part.setAttribute("aria-label", label));
      box.removeAttribute("aria-labelledby");
    });
  }
  window.addEventListener("load", () => window.django?.jQuery?.(nameBoxes)); // after select2's own turn
  document.addEventListener("formset:added", () => setTimeout(nameBoxes));

  /* Live parts. A form somebody has written into is theirs: no refresh changes it, replaces it or leads away from it. */
  document.addEventListener("input", (event) => event.target.form?.setAttribute("data-dirty", ""));
  const writing = () => document.querySelector("form[data-dirty], dialog[open]");
  document.addEventListener("htmx:beforeRequest", (event) => {
    if ("live" in event.target.dataset && document.hidden) event.preventDefault();
  });
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const { xhr, elt } = event.detail;
    if ("live" in elt.dataset && writing() && (xhr.status === 409 || xhr.getResponseHeader("HX-Redirect"))) event.preventDefault();
  });
  const refresh = () => window.htmx?.trigger("#live", "refresh");
  document.addEventListener("visibilitychange", () => document.hidden || refresh());
  document.addEventListener("run-over", refresh); // the server says so when the last full run a card follows has ended

  /* A key is tried while it is typed: when every key of the form has its format, typing has paused, and the last try is
     two seconds old. What does not fit never leaves the page. */
  const PAUSE = 500, EVERY = 2000;
  let tried = -EVERY, waiting = 0;
  function fits(input) {
    const key = input.value.trim();
    if (!key) return "stored" in input.dataset;
    try {
      return new RegExp(`^(?:${input.dataset.fits})$`).test(key);
    } catch {
      return false; // a format only the server can read
    }
  }
  document.addEventListener("input", ({ target }) => {
    const line = "fits" in target.dataset && target.form?.querySelector("[data-checked]");
    if (!line) return;
    clearTimeout(waiting);
    window.htmx?.trigger(line, "htmx:abort"); // an answer on its way is about another key
    line.replaceChildren();
    if (!target.value.trim() || ![...target.form.querySelectorAll("[data-fits]")].every(fits)) return;
    waiting = setTimeout(() => {
      tried = performance.now();
      window.htmx?.trigger(line, "fits");
    }, Math.max(PAUSE, tried + EVERY - performance.now()));
  });

  /* Morph: make `old` like `fresh` in place, so focus, scroll, selection and open details stay where they are. What has
     an id is found again wherever it stands now; what is new is put in, and only what is gone is taken out. */
  const alike = (one, other) => one.nodeType === other.nodeType && one.nodeName === other.nodeName && (one.id || "") === (other.id || "");
  const kept = (old) => old.matches("form[data-dirty]") || (old === document.activeElement && old.matches("input, select, textarea"));
  function attributes(old, fresh) {
    const ours = (name) => (name === "open" && old.nodeName === "DETAILS") || name.startsWith("data-hx");
    for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && !ours(name)) old.removeAttribute(name);
    for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value && !ours(name)) old.setAttribute(name, value);
  }
  /* The old node that `node` stands for, at `from` or later; without an id only the very next element can be it. */
  function counterpart(from, node) {
    if (node.nodeType !== Node.ELEMENT_NODE) return from && alike(from, node) ? from : null;
    let here = from;
    if (!node.id) {
      while (here && here.nodeType !== Node.ELEMENT_NODE) here = here.nextSibling;
      return here && alike(here, node) ? here : null;
    }
    while (here && !alike(here, node)) here = here.nextSibling;
    return here;
  }
  function morph(old, fresh) {
    if (kept(old)) return;
    attributes(old, fresh);
    const wanted = [...fresh.childNodes];
    const names = new Set(wanted.map((node) => node.id).filter(Boolean));
    let here = old.firstChild;
    for (const node of wanted) {
      const match = counterpart(here, node);
      if (!match) {
        old.insertBefore(node, here);
        continue;
      }
      while (here !== match) {
        const next = here.nextSibling;
        if (here.id && names.has(here.id)) break; // only moved: it is wanted further on
        here.remove();
        here = next;
      }
      if (here === match) here = match.nextSibling;
      else old.insertBefore(match, here);
      if (match.nodeType === Node.ELEMENT_NODE) morph(match, node);
      else if (match.nodeValue !== node.nodeValue) match.nodeValue = node.nodeValue;
    }
    while (here) {
      const next = here.nextSibling;
      here.remove();
      here = next;
    }
  }
  window.htmx?.defineExtension("morph", {
    isInlineSwap: (style) => style === "morph",
    handleSwap(style, target, fragment) {
      if (style !== "morph") return false;
      const fresh = fragment.firstElementChild;
      if (!fresh || fresh.id !== target.id) return false;
      morph(target, fresh);
      return [target];
    },
  });
})();

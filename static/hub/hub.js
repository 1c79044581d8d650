/* The hub's own script: small, deferred, and nothing works only because of it except comfort.
   1. every POST form says which company its page was made for; 2. the phone menu; 3. reveal buttons;
   4. a page that refreshes itself changes only what changed, and waits while somebody types. */
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
      document.querySelectorAll("details.switcher[open]").forEach((open) => open.contains(event.target) || (open.open = false));
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

  /* Typing: a form somebody has written into holds back every refresh until it is sent. */
  document.addEventListener("input", (event) => event.target.form?.setAttribute("data-dirty", ""));
  const busy = () => document.hidden || document.querySelector("form[data-dirty], dialog[open]");
  document.addEventListener("htmx:beforeRequest", (event) => {
    if ("live" in event.target.dataset && busy()) event.preventDefault();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) document.querySelectorAll("[data-live]").forEach((part) => window.htmx?.trigger(part, "refresh"));
  });

  /* Morph: make `old` like `fresh` in place, so focus, scroll, selection and open details stay where they are. */
  const alike = (one, other) => one.nodeType === other.nodeType && one.nodeName === other.nodeName && (one.id || "") === (other.id || "");
  function attributes(old, fresh) {
    for (const { name } of [...old.attributes]) {
      if (!fresh.hasAttribute(name) && !(name === "open" && old.nodeName === "DETAILS") && !name.startsWith("data-hx")) old.removeAttribute(name);
    }
    for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  function morph(old, fresh) {
    attributes(old, fresh);
    const wanted = [...fresh.childNodes];
    wanted.forEach((node, index) => {
      const have = old.childNodes[index];
      if (!have) old.append(node);
      else if (!alike(have, node)) have.replaceWith(node);
      else if (node.nodeType !== Node.ELEMENT_NODE) have.nodeValue === node.nodeValue || (have.nodeValue = node.nodeValue);
      else morph(have, node);
    });
    while (old.childNodes.length > wanted.length) old.lastChild.remove();
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

// Every two seconds the page is fetched again; only when something changed is it replaced, in place.
"use strict";
const EVERY = 2000;

async function refresh() {
  const main = document.getElementById("main");
  if (document.hidden || main.querySelector("form")) return; // what is being typed stays
  const chosen = window.getSelection();
  if (chosen && !chosen.isCollapsed) return;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    const next = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("main");
    if (next && next.innerHTML !== main.innerHTML) replace(main, next);
  } catch {
    return; // the sandbox was stopped: keep showing what was last seen
  }
}

function replace(main, next) {
  const across = [...main.querySelectorAll(".scroll")].map((each) => each.scrollLeft);
  main.replaceChildren(...next.childNodes);
  main.querySelectorAll(".scroll").forEach((each, index) => { each.scrollLeft = across[index] || 0; });
}

setInterval(refresh, EVERY);

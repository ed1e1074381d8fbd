"use strict";
// Comfort only: the page says everything without it.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const claims = [...document.querySelectorAll(".claim")];
  const areas = [...document.querySelectorAll(".area")];
  const search = document.getElementById("search");
  const boxes = [...document.querySelectorAll("#filter input[type=checkbox]")];
  const shown = document.getElementById("shown");
  const texts = new Map();
  const textOf = (claim) => {
    if (!texts.has(claim)) texts.set(claim, claim.textContent.toLowerCase());
    return texts.get(claim);
  };
  const visible = () => claims.filter((claim) => !claim.classList.contains("hidden"));

  const sift = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const claim of claims) {
      const fits = !boxes.some((box) => !box.checked && claim.classList.contains(box.value)) && words.every((word) => textOf(claim).includes(word));
      claim.classList.toggle("hidden", !fits);
    }
    for (const area of areas) area.classList.toggle("hidden", !area.querySelector(".claim:not(.hidden)"));
    const number = visible().length;
    shown.textContent = number === claims.length ? "" : `${number} of ${claims.length} shown`;
  };

  const reveal = () => {
    const claim = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (!claim || !claim.classList.contains("claim")) return;
    if (claim.classList.contains("hidden")) clear();
    claim.open = true;
    claim.scrollIntoView();
  };

  const clear = () => {
    search.value = "";
    for (const box of boxes) box.checked = true;
    sift();
  };

  const step = (by) => {
    const all = visible();
    const at = all.indexOf(document.activeElement.closest(".claim"));
    const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by))];
    if (next) next.querySelector("summary").focus();
  };

  document.getElementById("filter").addEventListener("submit", (event) => event.preventDefault());
  search.addEventListener("input", sift);
  for (const box of boxes) box.addEventListener("change", sift);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") return clear();
    if (event.target instanceof HTMLInputElement && event.target.type === "search") return;
    if (event.key === "/") {
      event.preventDefault();
      search.focus();
    } else if (event.key === "j" || event.key === "k") step(event.key === "j" ? 1 : -1);
  });
  addEventListener("hashchange", reveal);
  addEventListener("beforeprint", () => visible().forEach((claim) => (claim.open = true)));
  reveal();
})();

// The ticket desk: rows are ticked, given to somebody together, and what came of each is told beside it.
"use strict";

(() => {
  const $ = (selector) => document.querySelector(selector);
  const ticks = () => [...document.querySelectorAll("#bulk [name^='tick.']")];

  function counted() {
    const all = ticks(), some = all.filter((each) => each.checked), whole = $("[data-tick-all]"), told = $("[data-ticked]");
    if (told) told.textContent = some.length ? String(some.length) : "";
    if (whole) { whole.checked = all.length > 0 && some.length === all.length; whole.indeterminate = some.length > 0 && some.length < all.length; }
    for (const each of all) each.closest("tr").toggleAttribute("data-chosen", each.checked);
  }

  // What came of each stands in a list of its own, as its row may be in another queue by now; here it stands with it, too.
  function outcomes() {
    for (const each of document.querySelectorAll("#outcomes [data-of]")) {
      const place = $(`[data-outcome="${each.dataset.of}"]`);
      if (place && place.textContent !== each.textContent) place.textContent = each.textContent;
    }
  }

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-tick-all]")) for (const each of ticks()) each.checked = event.target.checked;
    if (event.target.closest("#bulk")) counted();
  });

  document.addEventListener("keydown", (event) => {
    if (document.body.dataset.keys === "off" || event.target.closest("input:not([type=checkbox]), textarea, select, dialog")) return;
    if (event.key !== "a" || event.ctrlKey || event.metaKey || event.altKey || $("dialog[open]")) return;
    const to = $("[data-bulk-to]");
    if (to) { event.preventDefault(); to.focus(); }
  });

  function read() {
    const told = $("#outcomes > [tabindex]:not([data-read])");
    if (told) { told.dataset.read = ""; told.focus(); }
  }

  for (const when of ["htmx:after:swap", "htmx:after:settle"]) document.addEventListener(when, () => { read(); counted(); outcomes(); });
  document.addEventListener("DOMContentLoaded", counted);
})();

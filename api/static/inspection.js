// A scorecard that is being filled in: what the marks make so far, as the rule reckons it, and what of them is sent.
"use strict";

(() => {
  const scaled = (text, places) => {
    const [whole, part = ""] = text.split(".");
    return BigInt(whole || "0") * 10n ** BigInt(places) + BigInt(part.slice(0, places).padEnd(places, "0") || "0");
  };
  const shown = (hundredths) => `${hundredths / 100n}.${String(hundredths % 100n).padStart(2, "0")}`;

  // What stands for an item: a mark, "" for what does not apply, or null for what is still open.
  function marked(item) {
    const select = item.querySelector("[data-mark]");
    if (select && !select.selectedOptions[0].hasAttribute("data-open")) return select.value;
    return item.dataset.keep ?? null;
  }

  // Σ(weight × attainment) / Σ(weight) over what applies, in hundredths, a half rounded up: weights have two places and
  // attainments four, so the quotient of the sums is in hundredths by itself.
  function reckoned(items) {
    let attained = 0n, weight = 0n, open = 0, failed = false;
    for (const item of items) {
      const mark = marked(item);
      if (mark === null) { open += 1; continue; }
      if (mark === "") continue;
      const weighs = scaled(item.dataset.weight, 2), reached = scaled(mark, 4);
      attained += weighs * reached;
      weight += weighs;
      if ("fatal" in item.dataset && reached === 0n) failed = true;
    }
    const raw = weight ? (2n * attained + weight) / (2n * weight) : null;
    return { raw, final: raw === null ? null : failed ? 0n : raw, failed, open, of: items.length };
  }

  function show(form) {
    const place = form.querySelector("[data-running]");
    if (!place) return;
    const found = reckoned([...form.querySelectorAll("[data-item]")]), text = (value) => (value === null ? "–" : shown(value));
    place.hidden = false;
    place.querySelector("[data-answered]").textContent = `${found.of - found.open} / ${found.of}`;
    place.querySelector("[data-raw]").textContent = text(found.raw);
    place.querySelector("[data-final]").textContent = text(found.final);
    place.querySelector("[data-failed]").hidden = !found.failed;
  }

  const every = () => { for (const form of document.querySelectorAll("form[data-sheet]")) show(form); };
  document.addEventListener("input", (event) => { const form = event.target.closest("form[data-sheet]"); if (form) show(form); });
  document.addEventListener("DOMContentLoaded", every);
  document.addEventListener("htmx:after:settle", every);
  document.addEventListener("htmx:after:swap", every);

  // What is still open is not sent: an item without a mark would say that it does not apply.
  document.addEventListener("formdata", (event) => {
    for (const item of event.target.querySelectorAll?.("form[data-sheet] [data-item], [data-item]") ?? []) {
      const select = item.querySelector("[data-mark]");
      if (!select || !select.selectedOptions[0].hasAttribute("data-open")) continue;
      for (const field of item.querySelectorAll("[name^='items.']")) event.formData.delete(field.name);
    }
  });

  // Rows of a scorecard in which nothing stands are not sent either.
  document.addEventListener("formdata", (event) => {
    for (const row of event.target.querySelectorAll?.("[data-line]") ?? []) {
      if (row.querySelector("[data-code]").value.trim()) continue;
      for (const field of row.querySelectorAll("[name]")) event.formData.delete(field.name);
    }
  });
})();

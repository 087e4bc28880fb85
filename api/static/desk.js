// What the pages do beyond htmx: dialogs, keys, clocks that run down, and a line that says when it is broken.
"use strict";

const $ = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// Dialogs. What opens one gets the focus back when it closes; Escape and the browser do the rest.

function close() {
  const dialog = $("#dialog");
  if (dialog.open) dialog.close();
}

document.addEventListener("htmx:after:swap", () => {
  const body = $("#dialog-body"), dialog = $("#dialog");
  if (body && body.children.length && !dialog.open) {
    dialog.showModal();
    const first = $("[aria-invalid], [autofocus], input:not([type=hidden]), select, textarea", body);
    if (first) first.focus();
  }
  if (dialog?.open) $("[aria-invalid]", dialog)?.focus();
  count();
});

document.addEventListener("close", (event) => {
  if (event.target.id === "dialog") $("#dialog-body").replaceChildren();
}, true);

document.addEventListener("desk-done", (event) => { if (!event.detail?.stay) close(); });

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-close]")) close();
  const menu = event.target.closest(".menu");
  for (const each of all(".menu[open]")) if (each !== menu) each.open = false;
});

// Keys: j and k go through the rows of a list, a letter presses the button of the row that has it.

const rows = () => all("[data-row]").filter((row) => row.getClientRects().length);
const chosen = () => document.activeElement?.closest("[data-row]");

function go(step) {
  const found = rows(), at = found.indexOf(chosen());
  const next = found[at < 0 ? (step > 0 ? 0 : found.length - 1) : Math.min(Math.max(at + step, 0), found.length - 1)];
  if (next) next.focus();
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (document.body.dataset.keys === "off" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if ($("dialog[open]")) return;
  const row = chosen();
  if (event.key === "j" || event.key === "k") go(event.key === "j" ? 1 : -1);
  else if (event.key === "?") $("#keys-help")?.showModal();
  else if (event.key === "/") $("[type=search]")?.focus();
  else if (event.key === "Enter" && row && event.target === row) $("a[href]", row)?.click();
  else if (row && /^[a-z]$/.test(event.key) && $(`[data-key="${event.key}"]`, row)) $(`[data-key="${event.key}"]`, row).click();
  else return;
  event.preventDefault();
});

// Whoever has acted on a row goes on from its place, though the row may be gone.

let place = null;
document.addEventListener("htmx:before:swap", () => {
  const row = chosen();
  place = row ? { id: row.id, at: rows().indexOf(row) } : place;
});
document.addEventListener("htmx:after:settle", () => {
  if (!place || document.activeElement !== document.body) return;
  const found = rows();
  (document.getElementById(place.id) || found[Math.min(place.at, found.length - 1)])?.focus();
  place = null;
});

// Clocks: the server says when, and how far its own clock is from this one.

const ahead = Date.parse($("meta[name=now]")?.content ?? "") - Date.now() || 0;

function count() {
  for (const each of all("[data-due]")) {
    const left = Math.round((Date.parse(each.dataset.due) - Date.now() - ahead) / 1000);
    const size = Math.abs(left), text = `${Math.floor(size / 3600)}:${String(Math.floor(size / 60) % 60).padStart(2, "0")}:${String(size % 60).padStart(2, "0")}`;
    each.textContent = left < 0 ? `−${text}` : text;
    each.classList.toggle("over", left < 0);
  }
}
setInterval(count, 1000);
document.addEventListener("DOMContentLoaded", count);

// The line to the server. While it is broken, what is shown may be old, and that is said.

const line = (broken) => { const note = $("#line"); if (note) note.hidden = !broken; };
document.addEventListener("htmx:sse:after:connection", () => line(false));
document.addEventListener("htmx:sse:error", () => line(true));
document.addEventListener("htmx:error", (event) => { if (event.target.id === "live") reopen(event.target); });
document.addEventListener("htmx:response:error", (event) => { if (event.target.id === "live") reopen(event.target); });

function reopen(element) {
  line(true);
  setTimeout(() => htmx.trigger(element, "load"), 5000);
}

// A refusal is kept with the id of its command, and is given again to who sends the same. Who presses a button once more
// after one asks anew; after a failure of ours the id stays, since what was asked may have been done.

function fresh() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return [...bytes].map((each) => each.toString(16).padStart(2, "0")).join("").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

document.addEventListener("htmx:response:error", (event) => {
  const id = event.target.closest?.("form")?.querySelector("[name=command_id]"), status = event.detail.ctx?.response?.status;
  if (id && status < 500) id.value = fresh();
});

// Charts: the figures stand in a table beside; this draws them once more.

function draw(element) {
  const style = getComputedStyle(document.documentElement), colour = (name) => style.getPropertyValue(name).trim();
  const chart = echarts.init(element, null, { renderer: "canvas" });
  const option = JSON.parse(element.dataset.chart);
  for (const part of [option.xAxis, option.yAxis].flat()) if (part) part.axisLabel = { color: colour("--ink"), ...part.axisLabel };
  if (option.legend) option.legend.textStyle = { color: colour("--ink"), ...option.legend.textStyle };
  chart.setOption({ textStyle: { color: colour("--ink"), fontFamily: "inherit" }, color: ["--a", "--b", "--c", "--d", "--e"].map(colour), ...option });
  new ResizeObserver(() => chart.resize()).observe(element);
}
function draws() {
  if (typeof echarts === "undefined") return;
  for (const each of all("[data-chart]:not([data-drawn])")) { each.dataset.drawn = ""; draw(each); }
}
document.addEventListener("DOMContentLoaded", draws);
document.addEventListener("htmx:after:settle", draws);

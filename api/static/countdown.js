// Working time on a page. The server says how much is left at its own present, and in which windows time runs after
// that; here it is counted on, and nothing is known of zones, holidays or what the clock of this machine shows.
"use strict";

const countdown = (() => {
  // All in milliseconds; a window is [begin, end, what is said before it].

  const worked = (windows, since, until) =>
    windows.reduce((sum, [begin, end]) => sum + Math.max(0, Math.min(end, until) - Math.max(begin, since)), 0);

  const left = (windows, was, since, at) => was - worked(windows, since, at);

  // What is said while time stands still; null when no window is known any more.
  const standing = (windows, at) => {
    const next = windows.find(([, end]) => at < end);
    return next === undefined ? null : at < next[0] ? next[2] : "";
  };

  const written = (milliseconds) => {
    const whole = Math.ceil(milliseconds / 1000), size = Math.abs(whole), two = (number) => String(number).padStart(2, "0");
    return `${whole < 0 ? "−" : ""}${Math.floor(size / 3600)}:${two(Math.floor(size / 60) % 60)}:${two(size % 60)}`;
  };

  // The server's present is taken when it comes, as a distance from this machine's clock: that may be wrong by hours.
  const taken = new WeakMap();
  const present = (hours) => {
    let found = taken.get(hours);
    if (found?.text !== hours.dataset.now) {
      const since = Date.parse(hours.dataset.now);
      found = { text: hours.dataset.now, since, ahead: since - Date.now(), windows: JSON.parse(hours.dataset.windows) };
      taken.set(hours, found);
    }
    return found;
  };

  const show = () => {
    for (const hours of document.querySelectorAll("[data-hours]")) {
      const { since, ahead, windows } = present(hours), at = Date.now() + ahead;
      for (const clock of hours.closest(".part").querySelectorAll("[data-left]")) {
        const mine = windows[clock.dataset.in] ?? [], now = left(mine, Number(clock.dataset.left), since, at);
        const still = standing(mine, at);
        if (still === null) continue; // The server is asked again long before.
        clock.textContent = written(now);
        clock.classList.toggle("over", now <= 0);
        const late = clock.parentElement.querySelector("[data-late]"), stands = clock.parentElement.querySelector("[data-stands]");
        if (late) late.hidden = now > 0;
        if (stands) { stands.textContent = still; stands.hidden = !still; }
      }
    }
  };

  setInterval(show, 1000);
  document.addEventListener("DOMContentLoaded", show);
  document.addEventListener("htmx:after:swap", show);
  document.addEventListener("htmx:after:settle", show);
  return { worked, left, standing, written };
})();

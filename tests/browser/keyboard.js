// Run in the page: notes what Tab is to come to, and how all of it looks before it does.
// Of radio buttons in a group one is a stop, the others are come to by arrows; so with what has tabindex -1.
() => {
  const wanted =
    "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex], [contenteditable=true]";
  const groups = new Set();
  const look = (each) => {
    const style = getComputedStyle(each);
    return [style.outline, style.boxShadow, style.borderColor, style.borderWidth].join();
  };
  const stops = [...document.querySelectorAll(wanted)].filter((each) => {
    if (each.tabIndex < 0 || each.matches(":disabled") || each.closest("[inert]")) return false;
    if (!each.checkVisibility({ visibilityProperty: true })) return false;
    if (each.type === "radio" && each.name) {
      const group = `${each.form?.id} ${each.name}`;
      if (groups.has(group)) return false;
      groups.add(group);
    }
    return true;
  });
  document.activeElement?.blur();
  const before = new Map(stops.map((each) => [each, look(each)]));
  const named = (each) => each.outerHTML.slice(0, 120);
  const nth = (each) => {
    const found = stops.indexOf(each);
    if (found >= 0 || each.type !== "radio") return found;
    return stops.findIndex((stop) => stop.type === "radio" && stop.name === each.name && stop.form === each.form);
  };
  const seen = (each) => {
    const style = getComputedStyle(each);
    const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
    const clear = /, 0\)$|transparent/.test(style.outlineColor);
    return (outlined && !clear) || (!outlined && before.has(each) && look(each) !== before.get(each));
  };
  const covered = (each) => {
    const own = [each, ...(each.labels ?? [])];
    const parts = [0.1, 0.5, 0.9];
    const points = [...each.getClientRects()].flatMap((box) =>
      parts.flatMap((x) => parts.map((y) => [box.left + box.width * x, box.top + box.height * y])),
    );
    return !points.some(([x, y]) => {
      const hit = document.elementFromPoint(x, y);
      return hit && own.some((mine) => mine.contains(hit));
    });
  };
  window.__keyboard = {
    stops: stops.map(named),
    here: () => {
      const each = document.activeElement;
      if (!each || each === document.body) return null;
      return { nth: nth(each), named: named(each), seen: seen(each), covered: covered(each) };
    },
  };
  return window.__keyboard.stops;
}

// What every menu of the page does: arrows walk through it, and it opens where there is room.

/** Arrow keys through the items of a menu. */
export function walk(event, items) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const next = (items.indexOf(document.activeElement) + step + items.length) % items.length;
  items[next].focus();
}

/** Puts a popover under (or over) its opener, inside the window. */
export function under(opener, menu) {
  const frame = opener.getBoundingClientRect();
  const up = window.innerHeight - frame.bottom < 240 && frame.top > 240;
  Object.assign(menu.style, {
    left: `${Math.max(8, Math.min(frame.left, window.innerWidth - 280))}px`,
    top: up ? "auto" : `${frame.bottom + 4}px`,
    bottom: up ? `${window.innerHeight - frame.top + 4}px` : "auto",
  });
}

// Building and updating nodes. Text only ever becomes text nodes, so nothing from outside can become mark-up.

const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "selected", "indeterminate", "open", "htmlFor"]);

/** h("button", {class: "quiet", onclick: f, "data-ts": "1"}, "Text", [nodes…]) → element. Null props and children are skipped. */
export function h(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (PROPERTIES.has(name)) node[name] = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  return add(node, children);
}

export function add(parent, ...children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    parent.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return parent;
}

const SVG = "http://www.w3.org/2000/svg";

/** One stroke icon of the page's own small set. Icons are decoration: the word always stands beside them or in a label. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

const ICONS = {
  lock: "M6 9V6.5a4 4 0 0 1 8 0V9M5 9h10v8H5z",
  hash: "M8 3 6.5 17M13.5 3 12 17M3.5 7.5h13M3 12.5h13",
  home: "M3 9.5 10 3.5l7 6M5 8v8.5h10V8",
  close: "M5 5l10 10M15 5 5 15",
  back: "M12 4 6 10l6 6",
  send: "M3 10 17 4l-4 13-3.5-5.5zM9.5 11.5 17 4",
  more: "M5 10h.01M10 10h.01M15 10h.01",
  down: "M5 8l5 5 5-5",
  chat: "M3.5 4h13v9.5H9L5.5 17v-3.5h-2z",
  shared: "M7 7.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5zM13 7.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5zM9.5 10h1",
  book: "M4 4.5h5a1.5 1.5 0 0 1 1 .5 1.5 1.5 0 0 1 1-.5h5v11h-5a1.5 1.5 0 0 0-1 .5 1.5 1.5 0 0 0-1-.5H4zM10 5v11",
  card: "M3 5.5h14v9.5H3zM3 8.5h14M6 12h3",
  search: "M9 4a5 5 0 1 1 0 10A5 5 0 0 1 9 4zM12.8 12.8 17 17",
  plus: "M10 4v12M4 10h12",
  bolt: "M11 2.5 5 11h4.5L9 17.5 15 9h-4.5z",
  check: "M4 10.5 8 14.5 16 6",
  mail: "M3 5h14v10.5H3zM3.5 5.5 10 11l6.5-5.5",
  clip: "M14 7.5 8.5 13a2 2 0 0 1-2.8-2.8L11.5 4.4a3.2 3.2 0 0 1 4.5 4.5L9.8 15",
};

/**
 * Makes `parent`'s children follow `items`, keeping every node whose key and signature are unchanged.
 * A node that is replaced while it holds the focus hands it to the same control in its successor, or to itself.
 */
export function keyed(parent, items, keyOf, render, signatureOf = JSON.stringify) {
  const old = new Map([...parent.children].map((node) => [node.dataKey, node]));
  const wanted = items.map((item, index) => {
    const key = String(keyOf(item, index));
    const signature = signatureOf(item);
    const before = old.get(key);
    if (before && before.dataSignature === signature) return before;
    const node = render(item, index);
    node.dataKey = key;
    node.dataSignature = signature;
    if (before) handOverFocus(before, node);
    return node;
  });
  wanted.forEach((node, index) => {
    if (parent.children[index] !== node) parent.insertBefore(node, parent.children[index] ?? null);
  });
  while (parent.children.length > wanted.length) parent.lastElementChild.remove();
}

function handOverFocus(before, node) {
  const active = document.activeElement;
  if (!active || !before.contains(active)) return;
  const action = active.dataset.actionId;
  queueMicrotask(() => {
    const twin = action && node.querySelector(`[data-action-id="${CSS.escape(action)}"]`);
    (twin ?? node).focus({ preventScroll: true });
  });
}

/** Replaces the content of `node` only when `signature` changed; returns whether it did. */
export function redraw(node, signature, build) {
  if (node.dataSignature === signature) return false;
  node.dataSignature = signature;
  node.replaceChildren();
  add(node, build());
  return true;
}

let lastId = 0;

export const uid = (prefix = "x") => `${prefix}-${(lastId += 1)}`;

/** Says `text` to screen readers, politely. */
export function announce(text) {
  document.getElementById("announcer").textContent = text;
}

/** A short sentence at the bottom of the page, for what a person asked for and cannot have. */
export function toast(text, kind = "problem") {
  const note = h("div", { class: `toast ${kind}`, role: kind === "problem" ? "alert" : "status" }, text);
  document.getElementById("toasts").append(note);
  setTimeout(() => note.remove(), 7000);
}

/** Asks in a native dialog; resolves to true or false. Texts are nodes or strings. */
export function ask({ title, body, yes, no = "Cancel", danger = false }) {
  return new Promise((resolve) => {
    const titleId = uid("ask");
    const dialog = h(
      "dialog",
      {
        class: "ask",
        "aria-labelledby": titleId,
        onclose: () => {
          dialog.remove();
          resolve(dialog.returnValue === "yes");
        },
      },
      h(
        "form",
        { method: "dialog" },
        h("h2", { id: titleId }, title),
        h("div", { class: "ask-body" }, body),
        h(
          "div",
          { class: "row end" },
          h("button", { class: "button", value: "no" }, no),
          h("button", { class: danger ? "button danger" : "button primary", value: "yes", autofocus: true }, yes),
        ),
      ),
    );
    document.body.append(dialog);
    dialog.showModal();
  });
}

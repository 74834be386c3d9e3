// Parts that both sets of books are built from: fields, frames, little tables, and the act that may be refused.
import { control } from "./api.js";
import { h, toast, uid } from "./dom.js";

/** What most records of Intacct have as a status. */
export const STATUSES = [
  ["active", "Active"],
  ["inactive", "Inactive"],
];

/** One labelled field. kind: text, number, date, password, select (options: [[value, text]…]) or checkbox. */
export function field(
  label,
  name,
  {
    kind = "text",
    value = "",
    options = [],
    hint = "",
    required = false,
    placeholder = "",
    list = null,
    readonly = false,
  } = {},
) {
  const id = uid("f");
  if (kind === "checkbox") {
    return h(
      "label",
      { class: "check", htmlFor: id },
      h("input", { type: "checkbox", id, name, checked: Boolean(value), disabled: readonly }),
      h("span", null, label),
    );
  }
  const common = { id, name, class: "field", required, "aria-describedby": hint ? `${id}-hint` : null };
  const control =
    kind === "select"
      ? h(
          "select",
          { ...common, disabled: readonly },
          options.map(([key, text]) => h("option", { value: key, selected: key === value }, text)),
        )
      : h("input", {
          ...common,
          type: kind === "number" ? "text" : kind,
          inputmode: kind === "number" ? "decimal" : null,
          value,
          placeholder,
          autocomplete: "off",
          spellcheck: "false",
          list,
          readonly,
        });
  return h(
    "div",
    { class: "form-field" },
    h("label", { htmlFor: id }, label, required ? h("span", { class: "optional" }, " *") : null),
    control,
    hint ? h("p", { class: "hint", id: `${id}-hint` }, hint) : null,
  );
}

/** A form that hands its values to `save` as {name: text or boolean}; a refusal is shown in the form, which stays. */
export function form({ title, fields, save, submit = "Save", cancel = null, note = null }) {
  const problem = h("p", { class: "field-error", role: "alert", hidden: true });
  const button = h("button", { type: "submit", class: "button primary" }, submit);
  const node = h(
    "form",
    {
      class: "sheet",
      novalidate: true,
      onsubmit: async (event) => {
        event.preventDefault();
        problem.hidden = true;
        button.disabled = true;
        try {
          await save(values(node));
        } catch (error) {
          problem.textContent = error.message;
          problem.hidden = false;
        }
        button.disabled = false;
      },
    },
    title ? h("h3", null, title) : null,
    fields,
    problem,
    note ? h("p", { class: "hint" }, note) : null,
    h(
      "div",
      { class: "row" },
      button,
      cancel ? h("button", { type: "button", class: "button", onclick: cancel }, "Cancel") : null,
    ),
  );
  return node;
}

export function values(node) {
  const found = {};
  for (const one of node.querySelectorAll("input[name], select[name]"))
    found[one.name] = one.type === "checkbox" ? one.checked : one.value.trim();
  return found;
}

/** Does a verb; a refusal becomes a toast and the answer null. */
export async function act(name, verb, args, done = "") {
  try {
    const answer = await control(name, verb, args);
    if (done) toast(done, "done");
    return answer;
  } catch (error) {
    toast(error.message);
    return null;
  }
}

/** A table of rows; columns: [{head, cell(row), right?, grow?}]. */
export function table({ caption, columns, rows, empty = "None yet." }) {
  if (!rows.length) return h("p", { class: "empty-line" }, empty);
  return h(
    "div",
    { class: "table-frame", tabindex: "0", role: "region", "aria-label": caption },
    h(
      "table",
      { class: "list" },
      h("caption", { class: "visually-hidden" }, caption),
      h(
        "thead",
        null,
        h(
          "tr",
          null,
          columns.map((column) => h("th", { scope: "col", class: column.right ? "right" : "" }, column.head)),
        ),
      ),
      h(
        "tbody",
        null,
        rows.map((row) =>
          h(
            "tr",
            null,
            columns.map((column) => h("td", { class: column.right ? "right" : "" }, column.cell(row))),
          ),
        ),
      ),
    ),
  );
}

export const status = (text) => h("span", { class: `state ${String(text).toLowerCase().replace(/\W+/g, "-")}` }, text);

export function copyable(text, label) {
  const button = h(
    "button",
    {
      type: "button",
      class: "copy",
      "aria-label": `Copy ${label}`,
      onclick: async () => {
        await navigator.clipboard.writeText(text);
        button.textContent = "Copied";
        setTimeout(() => {
          button.textContent = "Copy";
        }, 1500);
      },
    },
    "Copy",
  );
  return h("span", { class: "copyable" }, h("code", null, text), button);
}

/** A tab-like row of buttons: [[key, text]…]. */
export function subnav(label, items, current, choose) {
  return h(
    "nav",
    { class: "subnav", "aria-label": label },
    items.map(([key, text]) =>
      h(
        "button",
        { type: "button", "aria-current": key === current ? "page" : null, onclick: () => choose(key) },
        text,
      ),
    ),
  );
}

/** Rows of a list that hold every word of the filter in one of `fields`. */
export function filtered(books, rows, fields) {
  const words = books.filter.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) =>
    words.every((word) =>
      fields.some((field) =>
        String(row[field] ?? "")
          .toLowerCase()
          .includes(word),
      ),
    ),
  );
}

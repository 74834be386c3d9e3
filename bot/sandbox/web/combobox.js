// A list to choose from with search as you type: the ARIA combobox pattern, for one or several values.
import { h, icon, uid } from "./dom.js";

/**
 * @param {object} given
 *   label: accessible name; placeholder; multi; selected: [{key, label, description?}];
 *   load(query): groups [{label?, options: [{key, label, description?}]}], now or as a promise; wait: ms before a typed query is asked;
 *   least: shortest query; changed(selected); attributes: on the input; most: how many may be chosen.
 */
export function combobox(given) {
  const box = new Combobox(given);
  return box.node;
}

class Combobox {
  constructor({
    label,
    placeholder,
    multi = false,
    selected = [],
    load,
    wait = 0,
    least = 0,
    most = 100,
    changed,
    attributes = {},
  }) {
    Object.assign(this, {
      multi,
      selected,
      load,
      wait,
      least,
      most,
      changed,
      options: [],
      active: -1,
      asked: 0,
      open: false,
    });
    const listId = uid("list");
    this.input = h("input", {
      type: "text",
      role: "combobox",
      class: "combo-input",
      autocomplete: "off",
      spellcheck: "false",
      placeholder: placeholder ?? "Choose…",
      "aria-label": label,
      "aria-expanded": "false",
      "aria-controls": listId,
      "aria-autocomplete": "list",
      ...attributes,
      oninput: () => this.ask(this.input.value, this.wait),
      onkeydown: (event) => this.key(event),
      onclick: () => {
        if (!this.open) this.show();
      },
      onblur: () => this.leave(),
    });
    this.list = h("ul", {
      id: listId,
      role: "listbox",
      class: "combo-list",
      popover: "manual",
      "aria-label": label ?? "Choices",
      "aria-multiselectable": multi ? "true" : null,
      onmousedown: (event) => event.preventDefault(),
    });
    this.chips = multi ? h("span", { class: "chips" }) : null;
    this.node = h(
      "div",
      { class: multi ? "combo multi" : "combo", onmousedown: (event) => this.press(event) },
      this.chips,
      this.input,
      icon("down"),
      this.list,
    );
    this.paint();
  }

  press(event) {
    if (event.target.closest(".combo-list") || event.target === this.input) return;
    event.preventDefault(); // the focus stays in the input, so that its blur repaints nothing under the pointer
    if (event.target.closest("button")) return;
    this.input.focus();
    this.show();
  }

  paint() {
    if (!this.multi) {
      this.input.value = this.selected[0]?.label ?? "";
      return;
    }
    this.chips.replaceChildren(
      ...this.selected.map((option) =>
        h(
          "span",
          { class: "chip" },
          option.label,
          h(
            "button",
            { type: "button", "aria-label": `Remove ${option.label}`, onclick: () => this.toggle(option) },
            icon("close"),
          ),
        ),
      ),
    );
    this.input.value = "";
  }

  show() {
    this.open = true;
    this.input.setAttribute("aria-expanded", "true");
    if (!this.multi) this.input.select();
    this.place();
    this.ask("", 0);
  }

  place() {
    const frame = this.node.getBoundingClientRect();
    const below = window.innerHeight - frame.bottom - 12;
    const up = below < 180 && frame.top > below;
    Object.assign(this.list.style, {
      left: `${Math.max(8, frame.left)}px`,
      width: `${Math.max(frame.width, 220)}px`,
      top: up ? "auto" : `${frame.bottom + 4}px`,
      bottom: up ? `${window.innerHeight - frame.top + 4}px` : "auto",
      maxHeight: `${Math.min(320, up ? frame.top - 12 : below)}px`,
    });
    if (!this.list.matches(":popover-open")) this.list.showPopover();
  }

  hide() {
    this.open = false;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    if (this.list.matches(":popover-open")) this.list.hidePopover();
  }

  leave() {
    clearTimeout(this.timer);
    this.hide();
    this.paint();
  }

  ask(query, wait) {
    if (!this.open) this.show();
    clearTimeout(this.timer);
    const number = (this.asked += 1);
    this.eager = false;
    this.waiting = false;
    if (query.trim().length < this.least) {
      this.note(`Type at least ${this.least} characters`);
      return;
    }
    if (wait) this.note("Searching…");
    this.waiting = true;
    this.timer = setTimeout(() => this.look(query.trim(), number), wait);
  }

  /** Shows what `query` finds, unless a newer one was typed. Who pressed Enter before the answer came gets its first row. */
  async look(query, number) {
    let groups = [];
    let trouble = "";
    try {
      groups = await this.load(query);
    } catch (error) {
      trouble = error.message;
    }
    if (number !== this.asked || !this.open) return;
    this.waiting = false;
    if (trouble) this.note(trouble);
    else this.fill(groups);
    if (this.eager && this.options.length) this.pick(0);
  }

  note(text) {
    this.options = [];
    this.list.replaceChildren(h("li", { class: "combo-note" }, text));
  }

  fill(groups) {
    const chosen = new Set(this.selected.map((option) => option.key));
    this.options = groups.flatMap((group) => group.options);
    if (!this.options.length) return this.note("Nothing found");
    let index = -1;
    const rows = groups.flatMap((group) => [
      group.label ? h("li", { class: "combo-group", role: "presentation" }, group.label) : null,
      ...group.options.map((option) => this.row(option, (index += 1), chosen.has(option.key))),
    ]);
    this.list.replaceChildren(...rows.filter(Boolean));
    this.move(
      Math.max(
        0,
        this.options.findIndex((option) => chosen.has(option.key)),
      ),
    );
  }

  row(option, index, chosen) {
    return h(
      "li",
      {
        id: `${this.list.id}-${index}`,
        role: "option",
        "aria-selected": String(chosen),
        onclick: () => this.pick(index),
        onmousemove: () => {
          if (this.active !== index) this.move(index, false);
        },
      },
      h("span", null, option.label),
      option.description ? h("small", null, option.description) : null,
      chosen ? icon("check") : null,
    );
  }

  move(index, scroll = true) {
    this.active = (index + this.options.length) % this.options.length;
    for (const row of this.list.querySelectorAll("[role=option]"))
      row.classList.toggle("active", row.id === `${this.list.id}-${this.active}`);
    this.input.setAttribute("aria-activedescendant", `${this.list.id}-${this.active}`);
    if (scroll) this.list.querySelector(".active")?.scrollIntoView({ block: "nearest" });
  }

  key(event) {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!this.open) this.show();
      else if (this.options.length) this.move(this.active + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (this.open && this.waiting) this.eager = true;
      else if (this.open && this.options.length) this.pick(this.active);
      else if (!this.open) this.show();
    } else if (event.key === "Escape" && this.open) {
      event.preventDefault();
      event.stopPropagation();
      this.hide();
      this.paint();
    } else if (event.key === "Backspace" && this.multi && !this.input.value && this.selected.length) {
      this.toggle(this.selected[this.selected.length - 1]);
    }
  }

  pick(index) {
    const option = this.options[index];
    if (!option) return;
    if (this.multi) {
      this.toggle(option);
      return;
    }
    this.selected = [option];
    this.hide();
    this.paint();
    this.changed(this.selected);
  }

  toggle(option) {
    const without = this.selected.filter((one) => one.key !== option.key);
    if (without.length === this.selected.length && without.length >= this.most) return;
    this.selected = without.length === this.selected.length ? [...this.selected, option] : without;
    this.paint();
    this.input.focus();
    this.changed(this.selected);
    if (this.open) this.ask("", 0);
  }
}

/** Groups narrowed to what matches `query` in label or description, every word of it. */
export function matching(groups, query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (option) =>
    words.every((word) => `${option.label} ${option.description ?? ""}`.toLowerCase().includes(word));
  return groups
    .map((group) => ({ ...group, options: group.options.filter(fits) }))
    .filter((group) => group.options.length);
}

// The drills: things that go wrong in real life, each with what it does and how it is undone.
import { Causes } from "./causes.js";
import { add, h, keyed, redraw, uid } from "./dom.js";
import { act } from "./forms.js";

export class Drills {
  constructor(button) {
    const titleId = uid("drills");
    this.button = button;
    this.list = h("ul", { class: "drill-list" });
    this.causes = new Causes();
    this.dialog = h("dialog", {
      class: "drills",
      "aria-labelledby": titleId,
      onclick: (event) => {
        if (event.target === this.dialog) this.dialog.close();
      },
    });
    add(
      this.dialog,
      h(
        "header",
        null,
        h(
          "div",
          null,
          h("h2", { id: titleId, tabindex: "-1" }, "Drills"),
          h("p", { class: "subtle" }, "Break something, see what the bot says, put it right. Single causes stand below. Nothing here is real."),
        ),
        h("button", { type: "button", class: "button", onclick: () => this.dialog.close() }, "Close"),
      ),
      h("div", { class: "drills-body" }, this.list, this.causes.root),
    );
    document.body.append(this.dialog);
    button.addEventListener("click", () => {
      this.dialog.showModal();
      this.causes.load();
    });
  }

  show(value) {
    const on = value.drills.filter((drill) => drill.on).length;
    redraw(this.button, String(on), () => [
      "Drills",
      on ? h("span", { class: "badge", "aria-label": `${on} on` }, String(on)) : null,
    ]);
    keyed(
      this.list,
      value.drills,
      (drill) => drill.name,
      (drill) => this.row(drill),
    );
  }

  row(drill) {
    const press = async (verb, button) => {
      button.disabled = true;
      await act("drills", verb, { name: drill.name });
      button.disabled = false;
    };
    const button = (verb, text, kind) => {
      const node = h(
        "button",
        {
          type: "button",
          class: kind,
          "data-drill": `${verb}:${drill.name}`,
          "aria-label": `${text}: ${drill.title}`,
          onclick: () => press(verb, node),
        },
        text,
      );
      return node;
    };
    return h(
      "li",
      { class: drill.on ? "drill on" : "drill" },
      h(
        "div",
        null,
        h("h3", null, drill.title, drill.on ? h("span", { class: "tag warm" }, "on") : null),
        h("p", null, drill.what),
        h("p", { class: "subtle" }, drill.undo),
      ),
      drill.on ? button("undo", drill.undo_label, "button primary") : button("start", drill.start_label, "button"),
    );
  }
}

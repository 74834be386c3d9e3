// Every cause that the sandbox can bring about: provoked by a button, put right by one or on the screens beside it.
import { control, state } from "./api.js";
import { add, h, icon, uid } from "./dom.js";

export class Causes {
  constructor() {
    const titleId = uid("causes");
    this.find = h("input", {
      type: "search",
      class: "field",
      placeholder: "Account, period, password …",
      "aria-label": "Find a cause",
      autocomplete: "off",
      oninput: () => this.filter(),
    });
    this.none = h("p", { class: "empty-line", hidden: true }, "No cause has these words.");
    this.groups = h("div");
    this.root = h(
      "section",
      { class: "causes", "aria-labelledby": titleId },
      h(
        "div",
        { class: "causes-head" },
        h(
          "div",
          null,
          h("h3", { id: titleId }, "Causes, one by one"),
          h("p", { class: "subtle" }, "Provoke one in 100 Portland, sync, and see what the alert says and leads to."),
        ),
        h("label", { class: "search" }, icon("search"), this.find),
      ),
      this.groups,
      this.none,
    );
  }

  /** Reads the table once; it does not change while the page is open. */
  async load() {
    if (this.groups.childElementCount) return;
    const { groups } = await state("causes");
    add(
      this.groups,
      groups.map((group) =>
        h(
          "details",
          { class: "cause-group" },
          h("summary", null, group.title, h("span", { class: "tag" }, String(group.causes.length))),
          h(
            "ul",
            null,
            group.causes.map((cause) => this.row(cause)),
          ),
        ),
      ),
    );
    this.filter(); // for what was typed while it was read
  }

  row(cause) {
    const said = h("p", { class: "cause-said", role: "status" });
    const button = (verb, text, kind) => {
      const node = h(
        "button",
        {
          type: "button",
          class: kind,
          "aria-label": `${text}: ${cause.title}`,
          onclick: async () => {
            node.disabled = true;
            said.textContent = "";
            try {
              said.textContent = (await control("causes", verb, { name: cause.name })).said;
              said.classList.remove("field-error");
            } catch (error) {
              said.textContent = error.message;
              said.classList.add("field-error");
            }
            node.disabled = false;
          },
        },
        text,
      );
      return node;
    };
    return h(
      "li",
      { class: "cause" },
      h(
        "div",
        null,
        h("h4", null, cause.title),
        h("p", null, cause.alert ? `The alert begins: “${cause.alert}”` : "No alert comes unless it lasts."),
        h("p", { class: "subtle" }, cause.how),
        cause.needs ? h("p", { class: "subtle" }, `Needs: ${cause.needs}`) : null,
        said,
      ),
      h(
        "div",
        { class: "cause-buttons" },
        button("provoke", "Provoke", "button"),
        cause.mends ? button("mend", "Put it right", "button quiet") : null,
      ),
    );
  }

  /** Shows the causes that have all the words, in open groups; without words all groups are closed again. */
  filter() {
    const words = this.find.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const group of this.groups.children) {
      let here = 0;
      for (const row of group.querySelectorAll(".cause")) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
        here += row.hidden ? 0 : 1;
      }
      group.hidden = !here;
      group.open = Boolean(words.length && here);
      found += here;
    }
    this.none.hidden = Boolean(found);
  }
}

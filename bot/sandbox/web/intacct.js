// Sage Intacct: the company's books and the screens on which a person does the set-up's clicks. Menus carry Intacct's names.
import { state } from "./api.js";
import { add, h, icon, redraw, uid } from "./dom.js";
import { under, walk } from "./menus.js";
import { LEDGER } from "./ledger.js";
import { PEOPLE } from "./people.js";
import { PERIODS } from "./periods.js";
import { RECORDS } from "./records.js";
import { ROLES } from "./roles.js";
import { SECURITY } from "./security.js";

/** Screen key → {path: menu names, title?, signature(books), draw(books)}. */
const SCREENS = { ...LEDGER, ...SECURITY, ...PEOPLE, ...ROLES, ...RECORDS, ...PERIODS };

const MENUS = [
  [
    "Company",
    [
      ["Setup", ["security", "entities", "locations", "departments"]],
      ["Admin", ["users", "roles"]],
    ],
  ],
  [
    "General Ledger",
    [
      ["Setup", ["accounts"]],
      ["Books", ["open-books", "close-books"]],
    ],
  ],
  [
    "Cash Management",
    [
      ["Setup > Accounts", ["cards"]],
      ["All > Subledger", ["open-subledger", "close-subledger"]],
    ],
  ],
  [
    "More",
    [
      ["Projects", ["projects"]],
      ["Accounts Payable", ["vendors"]],
    ],
  ],
];

export class Books {
  constructor(root, place) {
    Object.assign(this, { root, place, now: null, limit: 60, filter: "", story: {} });
    this.build();
    place.follow(() => this.paint());
  }

  get screen() {
    return SCREENS[this.place.get("screen")] ? this.place.get("screen") : "ledger";
  }

  /** The level one works at: "" is the top, else an entity's ID. */
  get entity() {
    return this.place.get("entity") ?? "";
  }

  get objects() {
    return this.now.objects;
  }

  load() {
    return state("intacct", { limit: this.limit });
  }

  show(value) {
    this.now = value;
    this.paint();
  }

  know(world) {
    this.story = world.drills?.keys ?? {};
  }

  // --- frame ----------------------------------------------------------------------------------------------------------

  build() {
    this.head = h("header", { class: "books-head" });
    this.menus = h("nav", { class: "menubar", "aria-label": "Sage Intacct" });
    this.crumbs = h("p", { class: "crumbs" });
    this.sheet = h("div", { class: "sheet-place" });
    this.body = h("div");
    this.scroll = h("div", { class: "books-body", tabindex: "-1" }, this.crumbs, this.sheet, this.body);
    add(this.root, this.head, this.menus, this.scroll);
  }

  paint() {
    if (!this.now) return;
    this.paintHead();
    this.paintMenus();
    const screen = SCREENS[this.screen];
    if (this.shown !== this.screen) {
      this.shown = this.screen;
      this.filter = "";
      this.closeSheet();
      this.scroll.scrollTop = 0;
      this.crumbs.textContent = screen.path.join(" > ");
    }
    if (screen.live) screen.live(this);
    else
      redraw(this.body, JSON.stringify([this.screen, this.filter, this.entity, screen.signature(this)]), () =>
        screen.draw(this),
      );
  }

  paintHead() {
    const entities = this.objects.LOCATIONENTITY.filter((one) => one.STATUS === "active");
    redraw(this.head, JSON.stringify([this.now.company.name, entities, this.entity]), () => [
      h(
        "div",
        null,
        h("h2", null, "Sage Intacct"),
        h(
          "p",
          { class: "subtle" },
          `${this.now.company.name} · Company ID `,
          h("code", null, this.now.company.company_id),
        ),
      ),
      h(
        "label",
        { class: "level" },
        h("span", null, "You are at"),
        h(
          "select",
          {
            class: "field",
            "aria-label": "Switch entity",
            onchange: (event) => this.place.set({ entity: event.target.value || null }),
          },
          h("option", { value: "", selected: !this.entity }, "Top level"),
          entities.map((one) =>
            h(
              "option",
              { value: one.LOCATIONID, selected: one.LOCATIONID === this.entity },
              `${one.LOCATIONID} ${one.NAME}`,
            ),
          ),
        ),
      ),
    ]);
  }

  paintMenus() {
    const unread = this.now.mailbox.length;
    redraw(this.menus, JSON.stringify([this.screen, unread]), () => [
      this.link("ledger", "Ledger"),
      MENUS.map(([name, groups]) => this.menu(name, groups)),
      this.link("mail", unread ? `Mail (${unread})` : "Mail"),
    ]);
  }

  link(key, words) {
    return h(
      "button",
      {
        type: "button",
        "aria-current": this.screen === key ? "page" : null,
        "data-screen": key,
        onclick: () => this.go(key),
      },
      words,
    );
  }

  menu(name, groups) {
    const id = uid("menu");
    const items = [];
    const list = h(
      "div",
      {
        id,
        class: "menu",
        role: "menu",
        popover: "auto",
        "aria-label": name,
        onkeydown: (event) => walk(event, items),
        ontoggle: (event) => {
          opener.setAttribute("aria-expanded", String(event.newState === "open"));
          if (event.newState === "open") items[0].focus();
        },
      },
      groups.map(([group, keys]) => [
        h("div", { class: "menu-group", role: "presentation" }, group),
        keys.map((key) => {
          const item = h(
            "button",
            {
              type: "button",
              role: "menuitem",
              class: "menu-item",
              "data-screen": key,
              onclick: () => {
                list.hidePopover();
                this.go(key);
              },
            },
            SCREENS[key].title,
          );
          items.push(item);
          return item;
        }),
      ]),
    );
    const inside = groups.some(([, keys]) => keys.includes(this.screen));
    const opener = h(
      "button",
      {
        type: "button",
        popovertarget: id,
        "aria-haspopup": "menu",
        "aria-expanded": "false",
        "aria-current": inside ? "page" : null,
        onclick: () => under(opener, list),
      },
      name,
      icon("down"),
    );
    return h("div", null, opener, list);
  }

  go(screen) {
    this.place.set({ screen, panel: "intacct", side: "intacct" });
    this.scroll.focus();
  }

  // --- what screens use -----------------------------------------------------------------------------------------------

  screenHead(title, button = null) {
    return h("div", { class: "screen-head" }, h("h3", null, title), button);
  }

  addButton(open, words = "Add") {
    return h("button", { type: "button", class: "button", onclick: open }, icon("plus"), words);
  }

  search(label) {
    return h(
      "span",
      { class: "search" },
      icon("search"),
      h("input", {
        type: "search",
        class: "field",
        value: this.filter,
        "aria-label": label,
        placeholder: label,
        oninput: (event) => this.setFilter(event.target.value),
      }),
    );
  }

  setFilter(text) {
    this.filter = text;
    this.paint();
    const input = this.body.querySelector("input[type=search]");
    input?.focus();
    input?.setSelectionRange(text.length, text.length);
  }

  openSheet(node) {
    this.sheet.replaceChildren(node);
    this.scroll.scrollTop = 0;
    node.querySelector("input:not([type=checkbox], [readonly]), select")?.focus();
  }

  closeSheet() {
    this.sheet.replaceChildren();
  }
}

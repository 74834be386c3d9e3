// Spend Center: cards, transactions, coding, receipts, and the token that the bot asks for.
import { state } from "./api.js";
import { add, h, icon, keyed, redraw } from "./dom.js";
import { act, copyable, field, form, status, subnav, table } from "./forms.js";
import { cents, day, dollars, money, plural } from "./format.js";

const PAGE = 50;
const SCREENS = [
  ["transactions", "Transactions"],
  ["cards", "Cards"],
  ["token", "API access"],
];

export class SpendCenter {
  constructor(root, place) {
    Object.assign(this, { root, place, now: null, limit: PAGE, find: "", open: null, token: "" });
    this.build();
    place.follow(() => this.paint());
  }

  get screen() {
    return this.place.get("spend") ?? "transactions";
  }

  load() {
    return state("spend", { limit: this.limit, find: this.find });
  }

  show(value) {
    this.now = value;
    this.paint();
  }

  /** What other parts of the page know: the drills' door holds the keys of the story. */
  know(world) {
    const token = world.drills?.keys?.spend_token ?? "";
    if (token === this.token) return;
    this.token = token;
    this.paint();
  }

  build() {
    this.head = h("header", { class: "books-head" });
    this.nav = h("div");
    this.search = h("input", {
      type: "search",
      class: "field",
      placeholder: "Merchant, cardholder, card or amount",
      "aria-label": "Search transactions",
      oninput: () => this.searchFor(this.search.value),
    });
    this.sheet = h("div", { class: "sheet-place" });
    this.list = h("ul", { class: "spend-list", "aria-label": "Transactions" });
    this.more = h(
      "button",
      {
        type: "button",
        class: "button",
        onclick: () => {
          this.limit += PAGE * 2;
          this.refresh();
        },
      },
      "Show more",
    );
    this.count = h("p", { class: "subtle", role: "status" });
    this.transactions = h(
      "div",
      { class: "spend-transactions", hidden: true },
      h(
        "div",
        { class: "toolbar" },
        h("span", { class: "search" }, icon("search"), this.search),
        h(
          "button",
          { type: "button", class: "button", onclick: () => this.addSheet() },
          icon("plus"),
          "Add a transaction",
        ),
      ),
      this.sheet,
      this.count,
      this.list,
      h("div", { class: "row center" }, this.more),
    );
    this.other = h("div");
    add(this.root, this.head, this.nav, h("div", { class: "books-body" }, this.transactions, this.other));
  }

  searchFor(text) {
    this.find = text;
    this.limit = PAGE;
    this.refresh();
  }

  paint() {
    if (!this.now) return;
    const { totals, company } = this.now;
    redraw(this.head, JSON.stringify([totals, company]), () => [
      h("div", null, h("h2", null, "Spend Center"), h("p", { class: "subtle" }, company.name)),
      h(
        "div",
        { class: "big" },
        h("span", { class: "number" }, money(cents(totals.amount))),
        h("span", { class: "subtle" }, plural(totals.count, "transaction")),
      ),
    ]);
    redraw(this.nav, this.screen, () =>
      subnav("Spend Center", SCREENS, this.screen, (key) => this.place.set({ spend: key })),
    );
    this.transactions.hidden = this.screen !== "transactions";
    this.other.hidden = !this.transactions.hidden;
    if (this.screen === "transactions") this.paintList();
    else
      redraw(this.other, JSON.stringify([this.screen, this.screen === "cards" ? this.now.cards : this.token]), () =>
        this.screen === "cards" ? this.cards() : this.access(),
      );
  }

  paintList() {
    const { transactions, found } = this.now;
    this.count.textContent = this.find
      ? `${plural(found, "transaction")} with “${this.find}”`
      : `${plural(found, "row")}, newest first`;
    this.more.hidden = transactions.length >= found;
    keyed(
      this.list,
      transactions.map((row) => ({ ...row, open: row.uuid === this.open })),
      (row) => row.uuid,
      (row) => this.row(row),
    );
  }

  row(row) {
    const flags = [
      row.kind !== "CLEAR" ? row.kind.toLowerCase() : null,
      row.locked ? "locked" : null,
      row.children.length ? `split in ${row.children.length}` : null,
      row.receipts.length ? null : "no receipt",
      row.complete ? null : "incomplete",
    ].filter(Boolean);
    const coding = Object.entries(row.coding)
      .filter(([name]) => name !== "Notes")
      .map(([, text]) => text)
      .join(" · ");
    return h(
      "li",
      {
        class: ["spend-row", row.open ? "open" : "", row.postable ? "" : "idle"].filter(Boolean).join(" "),
        "data-uuid": row.uuid,
      },
      h(
        "button",
        {
          type: "button",
          class: "spend-line",
          "aria-expanded": String(row.open),
          onclick: () => this.toggle(row.uuid),
        },
        h("span", { class: "spend-day" }, day(row.occurred)),
        h(
          "span",
          { class: "spend-words" },
          h("strong", null, row.merchant),
          h("span", { class: "subtle" }, `${row.cardholder} ··${row.last4}`),
          h(
            "span",
            { class: "spend-coding" },
            coding || "not coded",
            flags.map((flag) => h("span", { class: "tag" }, flag)),
          ),
        ),
        h("span", { class: cents(row.amount) < 0 ? "number negative" : "number" }, money(cents(row.amount))),
      ),
      row.open ? this.detail(row) : null,
    );
  }

  toggle(uuid) {
    this.open = this.open === uuid ? null : uuid;
    this.paintList();
    this.list.querySelector(`[data-uuid="${CSS.escape(uuid)}"] .spend-line`)?.focus();
  }

  detail(row) {
    return h(
      "div",
      { class: "spend-detail" },
      row.children.length
        ? table({
            caption: "Split",
            rows: row.children,
            columns: [
              { head: "Part", cell: (child) => Object.values(child.coding).join(" · ") || "not coded" },
              { head: "Amount", right: true, cell: (child) => money(cents(child.amount)) },
            ],
          })
        : null,
      h(
        "div",
        { class: "coding-grid" },
        this.now.fields.map((one) => this.codingField(row, one)),
      ),
      h(
        "p",
        { class: "subtle" },
        row.receipts.length ? `Receipts: ${row.receipts.join(", ")}` : "No receipt is attached.",
        row.locked ? " Its coding is locked here." : "",
      ),
      h(
        "div",
        { class: "row" },
        h(
          "button",
          { type: "button", class: "button small", onclick: () => act("spend", "add_receipt", { uuid: row.uuid }) },
          "Attach a receipt",
        ),
        h(
          "button",
          {
            type: "button",
            class: "button small",
            onclick: () => act("spend", row.locked ? "unlock" : "lock", { uuid: row.uuid }),
          },
          row.locked ? "Unlock" : "Lock",
        ),
        row.kind === "CLEAR" && cents(row.amount) > 0
          ? h(
              "button",
              {
                type: "button",
                class: "button small",
                onclick: () =>
                  act("spend", "refund", { uuid: row.uuid }, `${row.merchant} refunds ${dollars(cents(row.amount))}`),
              },
              "Refund it",
            )
          : null,
        row.kind === "AUTHORIZATION" && !row.clear
          ? h(
              "button",
              {
                type: "button",
                class: "button small",
                onclick: () => act("spend", "clear_authorization", { uuid: row.uuid }),
              },
              "Let it clear",
            )
          : null,
      ),
      h("p", { class: "subtle id" }, row.uuid),
    );
  }

  codingField(row, one) {
    const value = row.coding[one.name] ?? "";
    const note = one.type === "NOTE";
    const node = field(
      one.name,
      one.uuid,
      note
        ? { value }
        : { kind: "select", value, options: [["", "–"], ...one.values.map((entry) => [entry.value, entry.value])] },
    );
    const input = node.querySelector("input, select");
    input.disabled = row.locked;
    input.addEventListener("change", () =>
      act("spend", "set_coding", { uuid: row.uuid, field: one.name, value: input.value }),
    );
    return node;
  }

  addSheet() {
    const shut = () => this.sheet.replaceChildren();
    const fields = this.now.fields.filter((one) => one.type !== "NOTE");
    this.sheet.replaceChildren(
      form({
        title: "A card is used",
        submit: "Add it",
        cancel: shut,
        note: "It clears at once and counts in the total above; the next sync posts it.",
        fields: h(
          "div",
          { class: "coding-grid" },
          field("Merchant", "merchant", { required: true, value: "Juniper Coffee" }),
          field("Amount in US dollars", "amount", { kind: "number", required: true, value: "18.40" }),
          field("Card", "card", {
            kind: "select",
            options: this.now.cards.map((card) => [card.uuid, `${card.cardholder} ··${card.lastFour}, ${card.budget}`]),
          }),
          fields.map((one) =>
            field(one.name, `field:${one.name}`, {
              kind: "select",
              options: [["", "–"], ...one.values.map((entry) => [entry.value, entry.value])],
              value: one.values[0]?.value,
            }),
          ),
        ),
        save: async (given) => {
          const coded = Object.fromEntries(
            Object.entries(given)
              .filter(([name, text]) => name.startsWith("field:") && text)
              .map(([name, text]) => [name.slice(6), text]),
          );
          const answer = await act("spend", "add_transaction", {
            merchant: given.merchant,
            amount: given.amount,
            card: given.card,
            fields: coded,
          });
          if (!answer) return;
          this.open = answer.transaction.uuid;
          shut();
        },
      }),
    );
    this.sheet.querySelector("input").focus();
  }

  cards() {
    return table({
      caption: "Cards",
      rows: this.now.cards,
      columns: [
        {
          head: "Card",
          cell: (card) =>
            h(
              "span",
              { class: "two" },
              h("strong", null, card.cardholder),
              h("span", { class: "subtle" }, `${card.name} ··${card.lastFour}`),
            ),
        },
        { head: "Budget", cell: (card) => card.budget },
        { head: "Status", cell: (card) => status(card.status.toLowerCase()) },
        { head: "Transactions", right: true, cell: (card) => String(card.count) },
        { head: "Amount", right: true, cell: (card) => money(cents(card.amount)) },
      ],
    });
  }

  access() {
    return h(
      "div",
      { class: "prose" },
      h("h3", null, "API token"),
      h(
        "p",
        null,
        "The bot asks for this in the last step of the set-up. In real life an administrator makes one in Spend Center's settings and sees it once.",
      ),
      this.token ? copyable(this.token, "the token") : h("p", { class: "subtle" }, "Not known yet."),
    );
  }
}

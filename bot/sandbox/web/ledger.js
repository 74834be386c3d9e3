// The card ledger: what the cards' liability accounts hold, and every card transaction as it arrives.
import { add, h, keyed } from "./dom.js";
import { cents, day, money, plural } from "./format.js";

let parts = null;
let known = null;

function build(books) {
  parts = {
    accounts: h("div"),
    count: h("p", { class: "subtle", role: "status" }),
    rows: h("ul", { class: "ledger", "aria-label": "Card transactions" }),
    more: h(
      "button",
      {
        type: "button",
        class: "button",
        onclick: () => {
          books.limit += 150;
          books.refresh();
        },
      },
      "Show more",
    ),
  };
  books.body.replaceChildren();
  books.body.dataSignature = null;
  add(books.body, parts.accounts, parts.count, parts.rows, h("div", { class: "row center" }, parts.more));
}

function live(books) {
  if (!parts?.rows.isConnected) build(books);
  const { ledger, accounts } = books.now;
  keyed(parts.accounts, balances(accounts), (one) => one.account, account);
  parts.count.textContent = ledger.count
    ? `${plural(ledger.count, "card transaction")}, newest first`
    : "No card transaction yet. They run in here as the bot posts them.";
  parts.more.hidden = ledger.transactions.length >= ledger.count;
  const before = known;
  known = new Set(ledger.transactions.map((row) => row.recordno));
  keyed(
    parts.rows,
    ledger.transactions,
    (row) => row.recordno,
    (row) => transaction(row, before && !before.has(row.recordno)),
  );
}

/** The cards' accounts; before there is one, a line that says that nothing is owed yet. */
function balances(accounts) {
  const owed = accounts.filter((one) => one.card);
  return owed.length
    ? owed
    : [{ account: "none", title: "No liability account is joined to a card yet", balance: "0.00", card: "" }];
}

const account = (one) =>
  h(
    "div",
    { class: "account-line" },
    h(
      "div",
      { class: "two" },
      h("strong", null, one.account === "none" ? one.title : `${one.account} ${one.title}`),
      h("span", { class: "subtle" }, one.card ? `Card ${one.card}` : "General Ledger and Cash Management start empty"),
    ),
    h("span", { class: "number" }, money(cents(one.balance))),
  );

function transaction(row, fresh) {
  const coding = (line) =>
    Object.entries(line)
      .filter(([name]) => !["account", "amount", "description"].includes(name))
      .map(([name, value]) => `${name} ${value}`)
      .join(" · ");
  return h(
    "li",
    {
      class: ["ledger-row", fresh ? "new" : "", row.reversed ? "gone" : ""].filter(Boolean).join(" "),
      "data-recordno": row.recordno,
    },
    h("span", { class: "subtle" }, row.recordno),
    h("span", { class: "subtle" }, day(row.date)),
    h(
      "span",
      { class: "ledger-words" },
      h("strong", null, row.payee || row.reference),
      h("span", { class: "subtle", title: row.description }, row.description),
      row.lines.map((line) =>
        h(
          "span",
          { class: "subtle" },
          `${line.account} · ${coding(line)}${row.lines.length > 1 ? ` · ${money(cents(line.amount))}` : ""}`,
        ),
      ),
    ),
    h(
      "span",
      { class: cents(row.total) < 0 ? "number negative" : "number" },
      money(cents(row.total)),
      row.reversed ? " reversed" : "",
    ),
  );
}

export const LEDGER = {
  ledger: { path: ["Cash Management", "All", "Credit card transactions"], title: "Card ledger", live },
};

/** What is owed on the cards: the sum of their liability accounts, in cents. */
export const owed = (state) =>
  state.accounts.filter((one) => one.card).reduce((sum, one) => sum + cents(one.balance), 0);

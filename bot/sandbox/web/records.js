// Lists of records: accounts, cards, entities, locations, departments, projects, vendors.
import { control } from "./api.js";
import { h } from "./dom.js";
import { STATUSES, act, field, filtered, form, status, table } from "./forms.js";

const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const DIMENSIONS = {
  DEPT: "Department",
  LOC: "Location",
  PROJECT: "Project",
  CUSTOMER: "Customer",
  VENDOR: "Vendor",
  EMPLOYEE: "Employee",
  ITEM: "Item",
  CLASS: "Class",
};
const TYPES = [
  ["balancesheet", "Balance sheet account"],
  ["incomestatement", "Income statement account"],
];
const CLOSING = [
  ["non-closing account", "Non-closing account"],
  ["closing account", "Closing account"],
];
const level = (row) => row.MEGAENTITYID || "Top level";

// --- General Ledger > Accounts ----------------------------------------------------------------------------------------

function accounts(books) {
  const rows = filtered(books, books.objects.GLACCOUNT, ["ACCOUNTNO", "TITLE"]);
  return [
    books.screenHead(
      "Accounts",
      books.addButton(() => accountSheet(books)),
    ),
    h("div", { class: "toolbar" }, books.search("Number or title")),
    table({
      caption: "Accounts",
      rows,
      columns: [
        { head: "Number", cell: (row) => h("code", null, row.ACCOUNTNO) },
        {
          head: "Title",
          cell: (row) =>
            h(
              "span",
              { class: "two" },
              row.TITLE,
              h("span", { class: "subtle" }, row.ACCOUNTTYPE === "balancesheet" ? "Balance sheet" : "Income statement"),
            ),
        },
        { head: "Requires", cell: (row) => required(row).join(", ") || "–" },
        { head: "Status", cell: (row) => status(row.STATUS) },
        { head: "", right: true, cell: (row) => editButton(row.ACCOUNTNO, () => accountSheet(books, row)) },
      ],
    }),
  ];
}

const required = (row) =>
  Object.entries(DIMENSIONS)
    .filter(([key]) => row[`REQUIRE${key}`] === "true")
    .map(([, name]) => name);

const editButton = (name, open) =>
  h("button", { type: "button", class: "button small", "aria-label": `Edit ${name}`, onclick: open }, "Edit");

function accountSheet(books, row = null) {
  const now = row ?? {
    ACCOUNTTYPE: "incomestatement",
    NORMALBALANCE: "debit",
    CLOSINGTYPE: "closing account",
    CLOSINGACCOUNTNO: "3900",
    ALTERNATIVEACCOUNT: "None",
    STATUS: "active",
  };
  const sheet = form({
    title: row ? `Edit ${row.ACCOUNTNO}` : "Account",
    cancel: () => books.closeSheet(),
    fields: [
      h(
        "div",
        { class: "coding-grid" },
        field("Account number", "ACCOUNTNO", { value: row?.ACCOUNTNO ?? "", required: true, readonly: Boolean(row) }),
        field("Title", "TITLE", { value: row?.TITLE ?? "", required: true }),
        field("QuickStart category", "CATEGORY", { value: row?.CATEGORY ?? "" }),
        field("Account type", "ACCOUNTTYPE", { kind: "select", options: TYPES, value: now.ACCOUNTTYPE }),
        field("Normal balance", "NORMALBALANCE", {
          kind: "select",
          options: [
            ["debit", "Debit"],
            ["credit", "Credit"],
          ],
          value: now.NORMALBALANCE,
        }),
        field("Period end closing type", "CLOSINGTYPE", { kind: "select", options: CLOSING, value: now.CLOSINGTYPE }),
        field("Close into account", "CLOSINGACCOUNTNO", { value: now.CLOSINGACCOUNTNO }),
        field("GL account alternative", "ALTERNATIVEACCOUNT", {
          kind: "select",
          options: ["None", "Payables account", "Receivables account"].map((one) => [one, one]),
          value: now.ALTERNATIVEACCOUNT,
        }),
        field("Status", "STATUS", { kind: "select", options: STATUSES, value: now.STATUS }),
      ),
      field("Disallow direct posting", "SUBLEDGERCONTROLON", {
        kind: "checkbox",
        value: row?.SUBLEDGERCONTROLON === "true",
      }),
      h(
        "fieldset",
        { class: "boxes" },
        h("legend", null, "Required dimensions"),
        h(
          "div",
          { class: "checks" },
          Object.entries(DIMENSIONS)
            .filter(([key]) => !row || `REQUIRE${key}` in row)
            .map(([key, name]) =>
              field(name, `REQUIRE${key}`, { kind: "checkbox", value: row?.[`REQUIRE${key}`] === "true" }),
            ),
        ),
      ),
    ],
    save: (given) =>
      save(books, "GLACCOUNT", row, {
        ...given,
        CLOSINGACCOUNTNO: given.CLOSINGTYPE === "closing account" ? given.CLOSINGACCOUNTNO : "",
      }),
  });
  books.openSheet(sheet);
}

/** Adds at the level where one is, or saves what is there. Throws the sentence of a refusal. */
async function save(books, object, row, record, entity = "") {
  if (row) await control("intacct", "save_record", { object, record });
  else await control("intacct", "create_record", { object, record, entity });
  books.closeSheet();
}

// --- Cash Management > Setup > Accounts > Credit card -----------------------------------------------------------------

function cards(books) {
  const rows = books.objects.CREDITCARD.filter(
    (row) => !books.entity || !row.MEGAENTITYID || row.MEGAENTITYID === books.entity,
  );
  return [
    books.screenHead(
      `Credit cards at ${books.entity ? `entity ${books.entity}` : "the top level"}`,
      books.addButton(() => cardSheet(books)),
    ),
    table({
      caption: "Credit cards",
      rows,
      empty: "No credit card yet.",
      columns: [
        {
          head: "ID",
          cell: (row) =>
            h(
              "span",
              { class: "two" },
              h("strong", null, row.CARDID),
              h(
                "span",
                { class: "subtle" },
                `${row.LIABILITYTYPE} · ${row.CARDTYPE} · to ${row.EXP_MONTH} ${row.EXP_YEAR}`,
              ),
            ),
        },
        { head: "Offset", cell: (row) => row.LIABACCTKEY || "" },
        { head: "Vendor", cell: (row) => row.VENDORID || "–" },
        { head: "Location", cell: (row) => row.LOCATION || "–" },
        { head: "Level", cell: level },
        { head: "Status", cell: (row) => status(row.STATUS) },
        { head: "", right: true, cell: (row) => editButton(row.CARDID, () => cardSheet(books, row)) },
      ],
    }),
  ];
}

function cardSheet(books, row = null) {
  const accounts = books.objects.GLACCOUNT.filter(
    (one) => one.ACCOUNTTYPE === "balancesheet" && one.STATUS === "active",
  ).map((one) => [one.ACCOUNTNO, `${one.ACCOUNTNO} ${one.TITLE}`]);
  const vendors = books.objects.VENDOR.filter((one) => one.STATUS === "active").map((one) => [
    one.VENDORID,
    `${one.VENDORID} ${one.NAME}`,
  ]);
  const places = books.objects.LOCATION.filter((one) => one.STATUS === "active").map((one) => [
    one.LOCATIONID,
    `${one.LOCATIONID} ${one.NAME}`,
  ]);
  const blank = ["", "–"];
  books.openSheet(
    form({
      title: row ? `Edit ${row.CARDID}` : `Credit card at ${books.entity ? `entity ${books.entity}` : "the top level"}`,
      cancel: () => books.closeSheet(),
      note: row ? "Offset account and account type are locked: Intacct does not change them after saving." : null,
      fields: h(
        "div",
        { class: "coding-grid" },
        field("ID", "CARDID", { value: row?.CARDID ?? "", required: true, readonly: Boolean(row) }),
        field("Description", "DESCRIPTION", { value: row?.DESCRIPTION ?? "" }),
        field("Card type", "CARDTYPE", {
          kind: "select",
          options: ["Visa", "Mastercard", "Discover", "American Express", "Diners Club", "Other Charge Card"].map((one) => [
            one,
            one,
          ]),
          value: row?.CARDTYPE ?? "Visa",
        }),
        field("Account type", "LIABILITYTYPE", {
          kind: "select",
          options: [
            ["Credit", "Credit"],
            ["Debit", "Debit"],
          ],
          value: row?.LIABILITYTYPE ?? "Credit",
          readonly: Boolean(row),
        }),
        field("Vendor", "VENDORID", { kind: "select", options: [blank, ...vendors], value: row?.VENDORID ?? "" }),
        field("Expiration month", "EXP_MONTH", {
          kind: "select",
          options: [blank, ...MONTHS.map((one) => [one, one])],
          value: row?.EXP_MONTH ?? "",
        }),
        field("Expiration year", "EXP_YEAR", { value: row?.EXP_YEAR ?? "", placeholder: "2035", required: true }),
        field("Credit card offset account", "LIABACCTKEY", {
          kind: "select",
          options: [blank, ...accounts],
          value: row ? row.LIABACCTKEY : "",
          readonly: Boolean(row),
        }),
        field("Default location", "LOCATION", {
          kind: "select",
          options: [blank, ...places],
          value: row ? row.LOCATION : "",
        }),
        row ? field("Status", "STATUS", { kind: "select", options: STATUSES, value: row.STATUS }) : null,
      ),
      save: (given) => {
        const { LIABILITYTYPE: type, LIABACCTKEY: offset, ...rest } = given;
        return save(
          books,
          "CREDITCARD",
          row,
          row ? rest : { ...rest, LIABILITYTYPE: type, LIABACCTKEY: offset },
          books.entity,
        );
      },
    }),
  );
}

// --- plain lists ------------------------------------------------------------------------------------------------------

/** A list whose records can be added, and set to active or inactive with one press. */
function plainList({ object, title, one, id, name, more = [], add = true }) {
  const draw = (books) => {
    const rows = filtered(books, books.objects[object] ?? [], [id, name]);
    return [
      books.screenHead(title, add ? books.addButton(() => plainSheet(books)) : null),
      rows.length > 12 || books.filter ? h("div", { class: "toolbar" }, books.search("ID or name")) : null,
      table({
        caption: title,
        rows,
        columns: [
          { head: `${one} ID`, cell: (row) => h("code", null, row[id]) },
          { head: "Name", cell: (row) => row[name] },
          ...more,
          { head: "Status", cell: (row) => status(row.STATUS) },
          { head: "", right: true, cell: (row) => toggle(row) },
        ],
      }),
    ];
  };
  const toggle = (row) => {
    const next = row.STATUS === "active" ? "inactive" : "active";
    const word = next === "active" ? "Set to active" : "Set to inactive";
    return h(
      "button",
      {
        type: "button",
        class: "button small",
        "aria-label": `${word}: ${row[id]} ${row[name]}`,
        onclick: () => act("intacct", "save_record", { object, record: { [id]: row[id], STATUS: next } }),
      },
      word,
    );
  };
  const plainSheet = (books) =>
    books.openSheet(
      form({
        title: one,
        cancel: () => books.closeSheet(),
        fields: h(
          "div",
          { class: "coding-grid" },
          field(`${one} ID`, id, { required: true }),
          field("Name", name, { required: true }),
        ),
        save: (given) => save(books, object, null, given, books.entity),
      }),
    );
  return { signature: (books) => books.objects[object], draw };
}

const currency = { head: "Base currency", cell: (row) => row.CURRENCY ?? "" };
const parent = { head: "Under", cell: (row) => row.PARENTID || "–" };

export const RECORDS = {
  accounts: {
    path: ["General Ledger", "Accounts"],
    title: "Accounts",
    signature: (books) => books.objects.GLACCOUNT,
    draw: accounts,
  },
  cards: {
    path: ["Cash Management", "Setup", "Accounts", "Credit card"],
    title: "Credit card",
    signature: (books) => [books.objects.CREDITCARD, books.entity],
    draw: cards,
  },
  entities: {
    path: ["Company", "Setup", "Entities"],
    title: "Entities",
    ...plainList({
      object: "LOCATIONENTITY",
      title: "Entities",
      one: "Entity",
      id: "LOCATIONID",
      name: "NAME",
      more: [currency],
      add: false,
    }),
  },
  locations: {
    path: ["Company", "Setup", "Locations"],
    title: "Locations",
    ...plainList({
      object: "LOCATION",
      title: "Locations",
      one: "Location",
      id: "LOCATIONID",
      name: "NAME",
      more: [parent],
    }),
  },
  departments: {
    path: ["Company", "Setup", "Departments"],
    title: "Departments",
    ...plainList({ object: "DEPARTMENT", title: "Departments", one: "Department", id: "DEPARTMENTID", name: "TITLE" }),
  },
  projects: {
    path: ["Projects", "Projects"],
    title: "Projects",
    ...plainList({ object: "PROJECT", title: "Projects", one: "Project", id: "PROJECTID", name: "NAME" }),
  },
  vendors: {
    path: ["Accounts Payable", "Vendors"],
    title: "Vendors",
    ...plainList({ object: "VENDOR", title: "Vendors", one: "Vendor", id: "VENDORID", name: "NAME" }),
  },
};

// Open and close: the general ledger's books and Cash Management's subledger, for each entity.
import { control } from "./api.js";
import { h, toast } from "./dom.js";
import { field, form, table } from "./forms.js";
import { day } from "./format.js";

const NAMES = { GL: "General Ledger", CM: "Cash Management" };

function closedTable(books) {
  const closed = books.now.closed_through;
  const entities = ["", ...books.objects.LOCATIONENTITY.map((one) => one.LOCATIONID)];
  const name = (entity) =>
    entity ? `${entity} ${books.objects.LOCATIONENTITY.find((one) => one.LOCATIONID === entity).NAME}` : "Top level";
  const cell = (ledger) => (entity) =>
    closed[ledger]?.[entity] ? `closed through ${day(closed[ledger][entity], true)}` : "open";
  return table({
    caption: "Closed through",
    rows: entities,
    columns: [
      { head: "Entity", cell: name },
      { head: NAMES.GL, cell: cell("GL") },
      { head: NAMES.CM, cell: cell("CM") },
    ],
  });
}

/** One of the four screens: `ledger` GL or CM, `open` or close. With no entity chosen only the top level is meant, as in Intacct. */
function screen(ledger, open) {
  const words = `${open ? "Open" : "Close"} ${ledger === "GL" ? "books" : "Cash Management"}`;
  const draw = (books) => {
    const entities = books.objects.LOCATIONENTITY.map((one) => [one.LOCATIONID, `${one.LOCATIONID} ${one.NAME}`]);
    const last =
      Object.values(books.now.closed_through[ledger] ?? {})
        .filter(Boolean)
        .sort()
        .at(-1) ?? books.now.now;
    const sheet = form({
      title: words,
      submit: open ? "Open" : "Close",
      note: "With no entity chosen, only the top level is meant.",
      fields: [
        h(
          "div",
          { class: "coding-grid" },
          field("Period", "period", { kind: "month", value: last.slice(0, 7), required: true }),
          field("Entity", "entity", {
            kind: "select",
            options: [["", "– (top level only)"], ...entities],
            value: books.entity,
          }),
        ),
        ledger === "GL" ? field("Cash Management too", "CM", { kind: "checkbox" }) : null,
      ],
      save: (given) => run(books, ledger, open, given),
    });
    return [books.screenHead(words), sheet, closedTable(books)];
  };
  return { title: words, signature: (books) => [books.now.closed_through, books.entity], draw };
}

async function run(books, ledger, open, given) {
  const { period, entity } = given;
  if (open && ledger === "GL")
    await control("intacct", "open_books", { period, entity, applications: given.CM ? ["CM"] : [] });
  if (open && ledger === "CM") await control("intacct", "open_subledger", { period, entity });
  if (!open && ledger === "GL") await control("intacct", "close_books", { through: period, entity });
  if (!open && (ledger === "CM" || given.CM)) await control("intacct", "close_subledger", { through: period, entity });
  toast(
    `${NAMES[ledger]} is ${open ? "open" : "closed"} for ${period}${entity ? ` in ${entity}` : " at the top level"}.`,
    "done",
  );
}

export const PERIODS = {
  "open-books": { path: ["General Ledger", "Books", "Open"], ...screen("GL", true) },
  "close-books": { path: ["General Ledger", "Books", "Close"], ...screen("GL", false) },
  "open-subledger": { path: ["Cash Management", "All", "Subledger", "Open"], ...screen("CM", true) },
  "close-subledger": { path: ["Cash Management", "All", "Subledger", "Close"], ...screen("CM", false) },
};

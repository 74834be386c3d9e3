// Company > Setup > Company > Security: who may send requests. Its pop-up has a Save, and the page has one of its own.
import { control } from "./api.js";
import { h } from "./dom.js";
import { STATUSES, act, field, form, status, table } from "./forms.js";

function security(books) {
  const { authorized, pending_authorizations: pending } = books.now;
  const editing = books.place.get("edit") === "1" || Object.keys(pending).length > 0;
  const rows = [...new Set([...Object.keys(authorized), ...Object.keys(pending)])].map((id) => ({
    id,
    status: pending[id] ?? authorized[id],
    unsaved: id in pending,
  }));
  const edit = () => books.place.set({ edit: "1" });
  const pair = () => [
    h("button", { type: "button", class: "button primary", onclick: () => savePage(books) }, "Save"),
    h("button", { type: "button", class: "button", onclick: () => cancelPage(books) }, "Cancel"),
  ];
  return [
    books.screenHead(
      "Company information: Security",
      editing
        ? h("div", { class: "row" }, pair())
        : h("button", { type: "button", class: "button", onclick: edit }, "Edit"),
    ),
    Object.keys(pending).length
      ? h(
          "div",
          { class: "banner", role: "status" },
          "This page is being edited. Nothing counts before the page itself is saved.",
        )
      : null,
    h(
      "div",
      { class: "screen-head" },
      h("h3", null, "Web Services authorizations"),
      editing ? books.addButton(() => senderDialog(books)) : null,
    ),
    table({
      caption: "Web Services authorizations",
      rows,
      empty: "No sender is let in.",
      columns: [
        { head: "Sender ID", cell: (row) => h("code", null, row.id) },
        {
          head: "Status",
          cell: (row) =>
            h(
              "span",
              { class: "row" },
              status(row.status === "active" ? "Active" : "Inactive"),
              row.unsaved ? h("span", { class: "tag warm" }, "not saved") : null,
            ),
        },
        {
          head: "",
          right: true,
          cell: (row) =>
            editing
              ? h(
                  "span",
                  { class: "row end" },
                  h(
                    "button",
                    {
                      type: "button",
                      class: "button small",
                      "aria-label": `Edit ${row.id}`,
                      onclick: () => senderDialog(books, row),
                    },
                    "Edit",
                  ),
                  h(
                    "button",
                    {
                      type: "button",
                      class: "button small",
                      "aria-label": `Delete ${row.id}`,
                      onclick: () => act("intacct", "remove_sender", { sender_id: row.id }),
                    },
                    "Delete",
                  ),
                )
              : null,
        },
      ],
    }),
  ];
}

/** Intacct's pop-up. Its Save only closes the pop-up: the page wants a Save of its own. */
function senderDialog(books, row = null) {
  const shut = () => {
    dialog.close();
    dialog.remove();
  };
  const dialog = h(
    "dialog",
    { class: "ask", "aria-label": "Web Services authorization", oncancel: () => dialog.remove() },
    form({
      title: "Web Services authorization",
      cancel: shut,
      fields: [
        field("Sender ID", "sender_id", { value: row?.id ?? "", required: true, readonly: Boolean(row) }),
        field("Status", "status", { kind: "select", options: STATUSES, value: row?.status ?? "active" }),
      ],
      save: async (given) => {
        await control("intacct", "authorize_sender", given);
        books.place.set({ edit: "1" });
        shut();
      },
    }),
  );
  document.body.append(dialog);
  dialog.showModal();
}

async function savePage(books) {
  const answer = await act("intacct", "save_company", {}, "The company page is saved.");
  if (answer) books.place.set({ edit: null });
}

async function cancelPage(books) {
  const { authorized, pending_authorizations: pending } = books.now;
  for (const id of Object.keys(pending)) {
    if (id in authorized) {
      await act("intacct", "authorize_sender", { sender_id: id, status: authorized[id] });
      await act("intacct", "save_company", {});
    } else await act("intacct", "remove_sender", { sender_id: id });
  }
  books.place.set({ edit: null });
}

export const SECURITY = {
  security: {
    path: ["Company", "Setup", "Company", "Security"],
    title: "Company",
    signature: (books) => [books.now.authorized, books.now.pending_authorizations, books.place.get("edit")],
    draw: security,
  },
};

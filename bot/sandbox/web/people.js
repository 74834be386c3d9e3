// Who may come in: Web Services authorizations, Web Services users, roles, and the mail with the password.
import { control } from "./api.js";
import { h, keyed, toast } from "./dom.js";
import { act, copyable, field, form, status, table } from "./forms.js";

const TYPES = ["business user", "employee user", "view only user", "dashboard user", "project manager user", "platform user"].map((one) => [one, one.replace(/ user$/, "").replace(/^\w/, (letter) => letter.toUpperCase())]);
const PRIVILEGES = [["off", "Off"], ["limited", "Limited"], ["full", "Full"]];
const STATUSES = [["active", "Active"], ["inactive", "Inactive"]];

// --- Company > Setup > Company > Security -----------------------------------------------------------------------------

function security(books) {
  const { authorized, pending_authorizations: pending } = books.now;
  const editing = books.place.get("edit") === "1" || Object.keys(pending).length > 0;
  const rows = [...new Set([...Object.keys(authorized), ...Object.keys(pending)])].map((id) => ({ id, status: pending[id] ?? authorized[id], unsaved: id in pending }));
  const edit = () => books.place.set({ edit: "1" });
  const pair = () => [
    h("button", { type: "button", class: "button primary", onclick: () => savePage(books) }, "Save"),
    h("button", { type: "button", class: "button", onclick: () => cancelPage(books) }, "Cancel")];
  return [
    books.screenHead("Company information: Security", editing ? h("div", { class: "row" }, pair()) : h("button", { type: "button", class: "button", onclick: edit }, "Edit")),
    Object.keys(pending).length ? h("div", { class: "banner", role: "status" }, "This page is being edited. Nothing counts before the page itself is saved.") : null,
    h("div", { class: "screen-head" }, h("h3", null, "Web Services authorizations"), editing ? books.addButton(() => senderDialog(books)) : null),
    table({ caption: "Web Services authorizations", rows, empty: "No sender is let in.", columns: [
      { head: "Sender ID", cell: (row) => h("code", null, row.id) },
      { head: "Status", cell: (row) => h("span", { class: "row" }, status(row.status === "active" ? "Active" : "Inactive"), row.unsaved ? h("span", { class: "tag warm" }, "not saved") : null) },
      { head: "", right: true, cell: (row) => (editing ? h("span", { class: "row end" },
        h("button", { type: "button", class: "button small", "aria-label": `Edit ${row.id}`, onclick: () => senderDialog(books, row) }, "Edit"),
        h("button", { type: "button", class: "button small", "aria-label": `Delete ${row.id}`, onclick: () => act("intacct", "remove_sender", { sender_id: row.id }) }, "Delete")) : null) }] }),
  ];
}

/** Intacct's pop-up. Its Save only closes the pop-up: the page wants a Save of its own. */
function senderDialog(books, row = null) {
  const shut = () => { dialog.close(); dialog.remove(); };
  const dialog = h("dialog", { class: "ask", "aria-label": "Web Services authorization", oncancel: () => dialog.remove() }, form({
    title: "Web Services authorization", cancel: shut,
    fields: [field("Sender ID", "sender_id", { value: row?.id ?? "", required: true, readonly: Boolean(row) }), field("Status", "status", { kind: "select", options: STATUSES, value: row?.status ?? "active" })],
    save: async (given) => {
      await control("intacct", "authorize_sender", given);
      books.place.set({ edit: "1" });
      shut();
    },
  }));
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

// --- Company > Admin > Web Services users -----------------------------------------------------------------------------

function users(books) {
  const rows = books.now.users.filter((user) => user.WEBSERVICES);
  return [books.screenHead("Web Services users", books.addButton(() => userSheet(books))),
    table({ caption: "Web Services users", rows, empty: "No Web Services user yet.", columns: [
      { head: "User ID", cell: (user) => h("span", { class: "two" }, h("strong", null, user.LOGINID), h("span", { class: "subtle" }, user.EMAIL)) },
      { head: "Type", cell: (user) => user.USERTYPE.replace(/ user$/, "") }, { head: "Admin", cell: (user) => user.ADMIN },
      { head: "Permissions", cell: (user) => (user.permissions === "user" ? "by user" : user.ROLES.join(", ") || "no role") },
      { head: "Status", cell: (user) => status(user.STATUS) },
      { head: "", right: true, cell: (user) => h("span", { class: "row end" },
        h("button", { type: "button", class: "button small", "aria-label": `Edit ${user.LOGINID}`, onclick: () => userSheet(books, user) }, "Edit"),
        h("button", { type: "button", class: "button small", "aria-label": `Reset password of ${user.LOGINID}`, onclick: () => act("intacct", "reset_password", { user_id: user.LOGINID }, "A new password is in the mail.") }, "Reset password")) }] })];
}

function userSheet(books, user = null) {
  const roles = ["Administrator", ...Object.keys(books.now.roles)];
  const entities = books.objects.LOCATIONENTITY;
  const byUser = h("div", { hidden: user?.permissions !== "user" }, permissionGrid(books.story.policies ?? {}, user?.rights ?? {}));
  const sheet = form({
    title: user ? `Edit ${user.LOGINID}` : "Web Services user information", cancel: () => books.closeSheet(),
    note: user ? null : "On saving, Intacct asks for your own password and mails one for the new user. The sandbox asks for none; the mail is under Mail.",
    fields: [
      h("div", { class: "coding-grid" },
        field("User ID", "user_id", { value: user?.LOGINID ?? "", required: true, readonly: Boolean(user) }),
        user ? null : [field("Last name", "last_name", { value: "Castellano", required: true }), field("First name", "first_name", { value: "Sam" })],
        field("Email address", "email", { value: user?.EMAIL ?? "sam@harborpine.example", required: true }),
        field("User type", "user_type", { kind: "select", options: TYPES, value: user?.USERTYPE ?? "employee user" }),
        field("Admin privileges", "admin", { kind: "select", options: PRIVILEGES, value: user?.ADMIN ?? "off" }),
        user ? field("Status", "status", { kind: "select", options: [...STATUSES, ["lockedout", "Locked out"]], value: user.STATUS }) : null,
        field("Permissions", "permissions", { kind: "select", options: [["role", "By role"], ["user", "By user"]], value: user?.permissions ?? "role" })),
      h("fieldset", { class: "boxes" }, h("legend", null, "Roles information"), h("div", { class: "checks" }, roles.map((role) => field(role, `role:${role}`, { kind: "checkbox", value: user?.ROLES.includes(role) })))),
      user ? h("fieldset", { class: "boxes" }, h("legend", null, "User entities"), h("p", { class: "hint" }, "None ticked: every entity and the top level."),
        h("div", { class: "checks" }, entities.map((one) => field(`${one.LOCATIONID} ${one.NAME}`, `entity:${one.LOCATIONID}`, { kind: "checkbox", value: user.ENTITIES.includes(one.LOCATIONID) })))) : null,
      user ? byUser : null,
    ],
    save: (given) => (user ? editUser(books, user, given, byUser) : addUser(books, given)),
  });
  sheet.querySelector("[name=permissions]").addEventListener("change", (event) => { byUser.hidden = event.target.value !== "user"; });
  books.openSheet(sheet);
}

const ticked = (given, kind) => Object.entries(given).filter(([name, on]) => name.startsWith(`${kind}:`) && on).map(([name]) => name.slice(kind.length + 1));

async function addUser(books, given) {
  const { user_id, last_name, first_name, email, user_type, admin, permissions } = given;
  await control("intacct", "create_ws_user", { user_id, last_name, first_name, email, user_type, admin, permissions });
  for (const role of ticked(given, "role")) await control("intacct", "assign_role", { user_id, role });
  books.closeSheet();
  toast(`${user_id} is saved. Intacct has mailed a temporary password to ${email}.`, "done");
}

async function editUser(books, user, given, grid) {
  const user_id = user.LOGINID;
  const { email, user_type, admin, status: state, permissions } = given;
  const rights = permissions === "user" ? { rights: gridValues(grid) } : {};
  await control("intacct", "edit_user", { user_id, email, user_type, admin, status: state, permissions, entities: ticked(given, "entity"), ...rights });
  const wanted = ticked(given, "role");
  for (const role of wanted.filter((one) => !user.ROLES.includes(one))) await control("intacct", "assign_role", { user_id, role });
  for (const role of user.ROLES.filter((one) => !wanted.includes(one))) await control("intacct", "remove_role", { user_id, role });
  books.closeSheet();
}

// --- roles and permissions --------------------------------------------------------------------------------------------

function roles(books) {
  const rows = Object.entries(books.now.roles).map(([name, granted]) => ({ name, granted }));
  const count = (granted) => (granted === "all" ? "all of everything" : `${Object.values(granted).filter((rights) => rights.length).length} permissions`);
  const held = (name) => books.now.users.filter((user) => user.ROLES.includes(name)).map((user) => user.LOGINID).join(", ") || "nobody";
  return [books.screenHead("Roles", books.addButton(() => roleSheet(books))),
    table({ caption: "Roles", rows: [{ name: "Administrator", own: true }, ...rows], columns: [
      { head: "Name", cell: (role) => h("strong", null, role.name) }, { head: "Grants", cell: (role) => (role.own ? "company lists and subscriptions" : count(role.granted)) },
      { head: "Held by", cell: (role) => held(role.name) },
      { head: "", right: true, cell: (role) => (role.own ? h("span", { class: "subtle" }, "Intacct’s own") : h("button", { type: "button", class: "button small", "aria-label": `Permissions of ${role.name}`, onclick: () => roleSheet(books, role) }, "Permissions")) }] })];
}

function roleSheet(books, role = null) {
  const grid = permissionGrid(books.story.policies ?? {}, role ? role.granted : {});
  books.openSheet(form({
    title: role ? `Permissions of ${role.name}` : "Role", cancel: () => books.closeSheet(),
    fields: [field("Name", "name", { value: role?.name ?? "", required: true, readonly: Boolean(role) }), grid],
    save: async (given) => {
      await control("intacct", role ? "set_role" : "create_role", { name: given.name, policies: gridValues(grid) });
      books.closeSheet();
    },
  }));
}

/** Every application with its policies and their boxes; "All" ticks an application's whole list. */
function permissionGrid(policies, granted) {
  const has = (policy, right) => granted === "all" || Boolean(granted[policy]?.includes(right));
  return h("div", { class: "permissions" }, Object.entries(policies).map(([application, lists]) => {
    const rows = Object.entries(lists).map(([policy, rights]) => h("div", { class: "permission" }, h("span", null, policy), h("span", { class: "row" }, rights.map((right) =>
      h("label", { class: "check" }, h("input", { type: "checkbox", "data-policy": policy, "data-right": right, checked: has(policy, right), "aria-label": `${policy}: ${right}` }), h("span", null, right))))));
    const all = h("input", { type: "checkbox", "aria-label": `All of ${application}`, onchange: () => { for (const box of group.querySelectorAll("[data-policy]")) box.checked = all.checked; } });
    const group = h("fieldset", { class: "boxes" }, h("legend", null, h("label", { class: "check" }, all, h("span", null, `${application}: All`))), rows);
    return group;
  }));
}

function gridValues(grid) {
  const found = {};
  for (const box of grid.querySelectorAll("[data-policy]")) if (box.checked) (found[box.dataset.policy] ??= []).push(box.dataset.right);
  return found;
}

// --- mail -------------------------------------------------------------------------------------------------------------

function mail(books) {
  const list = h("div");
  keyed(list, [...books.now.mailbox].reverse(), (_, index) => index, (one) => h("article", { class: "mail" },
    h("strong", null, one.subject), h("span", { class: "subtle" }, `to ${one.to}`),
    h("p", null, "Company ID ", copyable(books.now.company.company_id, "the company ID")), h("p", null, "User ID ", copyable(one.user_id, "the user ID")),
    h("p", null, "Temporary password ", copyable(one.password, "the password"))));
  return [books.screenHead("Mail from Sage Intacct"), list.children.length ? list : h("p", { class: "empty-line" }, "No mail. Intacct writes here when a Web Services user is made or its password is reset.")];
}

export const PEOPLE = {
  security: { path: ["Company", "Setup", "Company", "Security"], title: "Company", signature: (books) => [books.now.authorized, books.now.pending_authorizations, books.place.get("edit")], draw: security },
  users: { path: ["Company", "Admin", "Web Services users"], title: "Web Services users", signature: (books) => books.now.users, draw: users },
  roles: { path: ["Company", "Admin", "Roles"], title: "Roles", signature: (books) => [books.now.roles, books.now.users], draw: roles },
  mail: { path: ["Mail"], title: "Mail", signature: (books) => books.now.mailbox, draw: mail },
};

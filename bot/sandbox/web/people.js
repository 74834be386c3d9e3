// Company > Admin > Web Services users, and the mail that brings their passwords.
import { control } from "./api.js";
import { h, keyed, toast } from "./dom.js";
import { STATUSES, act, copyable, field, form, status, table } from "./forms.js";
import { gridValues, permissionGrid } from "./roles.js";

const TYPES = [
  "business user",
  "employee user",
  "view only user",
  "dashboard user",
  "project manager user",
  "platform user",
].map((one) => [one, one.replace(/ user$/, "").replace(/^\w/, (letter) => letter.toUpperCase())]);
const PRIVILEGES = [
  ["off", "Off"],
  ["limited", "Limited"],
  ["full", "Full"],
];

function users(books) {
  const rows = books.now.users.filter((user) => user.WEBSERVICES);
  return [
    books.screenHead(
      "Web Services users",
      books.addButton(() => userSheet(books)),
    ),
    table({
      caption: "Web Services users",
      rows,
      empty: "No Web Services user yet.",
      columns: [
        {
          head: "User ID",
          cell: (user) =>
            h("span", { class: "two" }, h("strong", null, user.LOGINID), h("span", { class: "subtle" }, user.EMAIL)),
        },
        {
          head: "Type",
          cell: (user) =>
            h(
              "span",
              { class: "two" },
              user.USERTYPE.replace(/ user$/, ""),
              h("span", { class: "subtle" }, `admin ${user.ADMIN}`),
            ),
        },
        {
          head: "Permissions",
          cell: (user) => (user.permissions === "user" ? "by user" : user.ROLES.join(", ") || "no role"),
        },
        { head: "Status", cell: (user) => status(user.STATUS) },
        {
          head: "",
          right: true,
          cell: (user) =>
            h(
              "button",
              {
                type: "button",
                class: "button small",
                "aria-label": `Edit ${user.LOGINID}`,
                onclick: () => userSheet(books, user),
              },
              "Edit",
            ),
        },
      ],
    }),
  ];
}

function userSheet(books, user = null) {
  const roles = ["Administrator", ...Object.keys(books.now.roles)];
  const entities = books.objects.LOCATIONENTITY;
  const byUser = h(
    "div",
    { hidden: user?.permissions !== "user" },
    permissionGrid(books.story.policies ?? {}, user?.rights ?? {}),
  );
  const sheet = form({
    title: user ? `Edit ${user.LOGINID}` : "Web Services user information",
    cancel: () => books.closeSheet(),
    note: user
      ? null
      : "On saving, Intacct asks for your own password and mails one for the new user. The sandbox asks for none; the mail is under Mail.",
    fields: [
      h(
        "div",
        { class: "coding-grid" },
        field("User ID", "user_id", { value: user?.LOGINID ?? "", required: true, readonly: Boolean(user) }),
        user
          ? null
          : [
              field("Last name", "last_name", { value: "Castellano", required: true }),
              field("First name", "first_name", { value: "Sam" }),
            ],
        field("Email address", "email", { value: user?.EMAIL ?? "sam@harborpine.example", required: true }),
        field("User type", "user_type", { kind: "select", options: TYPES, value: user?.USERTYPE ?? "employee user" }),
        field("Admin privileges", "admin", { kind: "select", options: PRIVILEGES, value: user?.ADMIN ?? "off" }),
        user
          ? field("Status", "status", {
              kind: "select",
              options: [...STATUSES, ["lockedout", "Locked out"]],
              value: user.STATUS,
            })
          : null,
        field("Permissions", "permissions", {
          kind: "select",
          options: [
            ["role", "By role"],
            ["user", "By user"],
          ],
          value: user?.permissions ?? "role",
        }),
      ),
      h(
        "fieldset",
        { class: "boxes" },
        h("legend", null, "Roles information"),
        h(
          "div",
          { class: "checks" },
          roles.map((role) => field(role, `role:${role}`, { kind: "checkbox", value: user?.ROLES.includes(role) })),
        ),
      ),
      user
        ? h(
            "fieldset",
            { class: "boxes" },
            h("legend", null, "User entities"),
            h("p", { class: "hint" }, "None ticked: every entity and the top level."),
            h(
              "div",
              { class: "checks" },
              entities.map((one) =>
                field(`${one.LOCATIONID} ${one.NAME}`, `entity:${one.LOCATIONID}`, {
                  kind: "checkbox",
                  value: user.ENTITIES.includes(one.LOCATIONID),
                }),
              ),
            ),
          )
        : null,
      user ? byUser : null,
      user
        ? h(
            "div",
            { class: "row" },
            h(
              "button",
              {
                type: "button",
                class: "button small",
                onclick: () =>
                  act("intacct", "reset_password", { user_id: user.LOGINID }, "A new password is in the mail."),
              },
              "Reset password",
            ),
          )
        : null,
    ],
    save: (given) => (user ? editUser(books, user, given, byUser) : addUser(books, given)),
  });
  sheet.querySelector("[name=permissions]").addEventListener("change", (event) => {
    byUser.hidden = event.target.value !== "user";
  });
  books.openSheet(sheet);
}

const ticked = (given, kind) =>
  Object.entries(given)
    .filter(([name, on]) => name.startsWith(`${kind}:`) && on)
    .map(([name]) => name.slice(kind.length + 1));

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
  await control("intacct", "edit_user", {
    user_id,
    email,
    user_type,
    admin,
    status: state,
    permissions,
    entities: ticked(given, "entity"),
    ...rights,
  });
  const wanted = ticked(given, "role");
  for (const role of wanted.filter((one) => !user.ROLES.includes(one)))
    await control("intacct", "assign_role", { user_id, role });
  for (const role of user.ROLES.filter((one) => !wanted.includes(one)))
    await control("intacct", "remove_role", { user_id, role });
  books.closeSheet();
}

function mail(books) {
  const list = h("div");
  keyed(
    list,
    [...books.now.mailbox].reverse(),
    (_, index) => index,
    (one) =>
      h(
        "article",
        { class: "mail" },
        h("strong", null, one.subject),
        h("span", { class: "subtle" }, `to ${one.to}`),
        h("p", null, "Company ID ", copyable(books.now.company.company_id, "the company ID")),
        h("p", null, "User ID ", copyable(one.user_id, "the user ID")),
        h("p", null, "Temporary password ", copyable(one.password, "the password")),
      ),
  );
  return [
    books.screenHead("Mail from Sage Intacct"),
    list.children.length
      ? list
      : h(
          "p",
          { class: "empty-line" },
          "No mail. Intacct writes here when a Web Services user is made or its password is reset.",
        ),
  ];
}

export const PEOPLE = {
  users: {
    path: ["Company", "Admin", "Web Services users"],
    title: "Web Services users",
    signature: (books) => books.now.users,
    draw: users,
  },
  mail: { path: ["Mail"], title: "Mail", signature: (books) => books.now.mailbox, draw: mail },
};

// Company > Admin > Roles, and the grid of permissions that roles and users share.
import { control } from "./api.js";
import { h } from "./dom.js";
import { field, form, table } from "./forms.js";

function roles(books) {
  const rows = Object.entries(books.now.roles).map(([name, granted]) => ({ name, granted }));
  const count = (granted) =>
    granted === "all"
      ? "all of everything"
      : `${Object.values(granted).filter((rights) => rights.length).length} permissions`;
  const held = (name) =>
    books.now.users
      .filter((user) => user.ROLES.includes(name))
      .map((user) => user.LOGINID)
      .join(", ") || "nobody";
  return [
    books.screenHead(
      "Roles",
      books.addButton(() => roleSheet(books)),
    ),
    table({
      caption: "Roles",
      rows: [{ name: "Administrator", own: true }, ...rows],
      columns: [
        { head: "Name", cell: (role) => h("strong", null, role.name) },
        { head: "Grants", cell: (role) => (role.own ? "company lists and subscriptions" : count(role.granted)) },
        { head: "Held by", cell: (role) => held(role.name) },
        {
          head: "",
          right: true,
          cell: (role) =>
            role.own
              ? h("span", { class: "subtle" }, "Intacct’s own")
              : h(
                  "button",
                  {
                    type: "button",
                    class: "button small",
                    "aria-label": `Permissions of ${role.name}`,
                    onclick: () => roleSheet(books, role),
                  },
                  "Permissions",
                ),
        },
      ],
    }),
  ];
}

function roleSheet(books, role = null) {
  const grid = permissionGrid(books.story.policies ?? {}, role ? role.granted : {});
  books.openSheet(
    form({
      title: role ? `Permissions of ${role.name}` : "Role",
      cancel: () => books.closeSheet(),
      fields: [field("Name", "name", { value: role?.name ?? "", required: true, readonly: Boolean(role) }), grid],
      save: async (given) => {
        await control("intacct", role ? "set_role" : "create_role", { name: given.name, policies: gridValues(grid) });
        books.closeSheet();
      },
    }),
  );
}

/** Every application with its policies and their boxes; "All" ticks an application's whole list. */
export function permissionGrid(policies, granted) {
  const has = (policy, right) => granted === "all" || Boolean(granted[policy]?.includes(right));
  return h(
    "div",
    { class: "permissions" },
    Object.entries(policies).map(([application, lists]) => {
      const rows = Object.entries(lists).map(([policy, rights]) =>
        h(
          "div",
          { class: "permission" },
          h("span", null, policy),
          h(
            "span",
            { class: "row" },
            rights.map((right) =>
              h(
                "label",
                { class: "check" },
                h("input", {
                  type: "checkbox",
                  "data-policy": policy,
                  "data-right": right,
                  checked: has(policy, right),
                  "aria-label": `${policy}: ${right}`,
                }),
                h("span", null, right),
              ),
            ),
          ),
        ),
      );
      const boxes = () => [...group.querySelectorAll("[data-policy]")];
      const sum = () => {
        all.checked = boxes().every((box) => box.checked);
      };
      const all = h("input", {
        type: "checkbox",
        "aria-label": `All of ${application}`,
        onchange: () => {
          for (const box of boxes()) box.checked = all.checked;
        },
      });
      const group = h(
        "fieldset",
        { class: "boxes", onchange: sum },
        h("legend", null, h("label", { class: "check" }, all, h("span", null, `${application}: All`))),
        rows,
      );
      sum();
      return group;
    }),
  );
}

export function gridValues(grid) {
  const found = {};
  for (const box of grid.querySelectorAll("[data-policy]"))
    if (box.checked) (found[box.dataset.policy] ??= []).push(box.dataset.right);
  return found;
}

export const ROLES = {
  roles: {
    path: ["Company", "Admin", "Roles"],
    title: "Roles",
    signature: (books) => [books.now.roles, books.now.users],
    draw: roles,
  },
};

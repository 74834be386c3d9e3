// The interactive elements of Block Kit. Every control carries data-action-id and data-block-id.
import { ask, h, icon, uid } from "./dom.js";
import { combobox, matching } from "./combobox.js";
import { under, walk } from "./menus.js";
import { plain, textNodes } from "./mrkdwn.js";

/**
 * A surface is one message, modal or Home tab:
 *   people, directory: {users: [{id, name, title}], channels: [{id, name, kind}]};
 *   values: {block_id: {action_id: {type, …}}}, what the controls hold now;
 *   collects: whether input blocks wait for a submission (modals); drawn: a set that learns every control that holds a value;
 *   act(action): tells Slack; options(block_id, action_id, query): asks for choices; attributes: set on every control.
 * A slot says where the element stands: {surface, blockId, label, input (in an input block), dispatch}.
 */
export function element(given, slot) {
  const draw = ELEMENTS[given.type];
  if (!draw) return unknown(`Unknown element: ${given.type}`, given);
  return draw(given, slot);
}

export function unknown(title, given) {
  return h(
    "div",
    { class: "unknown" },
    h("strong", null, title),
    h("pre", { tabindex: "0" }, JSON.stringify(given, null, 2).slice(0, 2000)),
  );
}

const marks = (given, slot) => ({
  "data-action-id": given.action_id,
  "data-block-id": slot.blockId,
  ...slot.surface.attributes,
});

/** What the control holds: the value from an earlier drawing under the same ids, else the initial one. */
function held(given, slot, initial) {
  slot.surface.drawn?.add(`${slot.blockId} ${given.action_id}`);
  const block = (slot.surface.values[slot.blockId] ??= {});
  const before = block[given.action_id];
  if (!before || before.type !== given.type) block[given.action_id] = { type: given.type, ...initial };
  return block[given.action_id];
}

/** Stores a change, and reports it where Slack would; a modal's input blocks say nothing until they are submitted. */
async function change(given, slot, value) {
  slot.surface.values[slot.blockId][given.action_id] = { type: given.type, ...value };
  slot.surface.changed?.(slot.blockId);
  if (slot.input && !slot.dispatch && slot.surface.collects) return;
  if (given.confirm && !(await confirmed(given.confirm, slot))) return;
  await slot.surface.act({ block_id: slot.blockId, action_id: given.action_id, type: given.type, ...value });
}

const confirmed = (confirm, slot) =>
  ask({
    title: plain(confirm.title),
    body: textNodes(confirm.text, slot.surface.people),
    yes: plain(confirm.confirm),
    no: plain(confirm.deny),
    danger: confirm.style === "danger",
  });

// --- buttons ----------------------------------------------------------------------------------------------------------

function button(given, slot) {
  const style = { primary: "button primary", danger: "button danger" }[given.style] ?? "button";
  const press = async () => {
    if (given.confirm && !(await confirmed(given.confirm, slot))) return;
    node.setAttribute("aria-busy", "true");
    if (given.url) window.open(given.url, "_blank", "noopener");
    const value = given.value === undefined ? {} : { value: given.value };
    await slot.surface.act({ block_id: slot.blockId, action_id: given.action_id, type: "button", ...value });
    node.removeAttribute("aria-busy");
  };
  const node = h(
    "button",
    { type: "button", class: style, "aria-label": given.accessibility_label, ...marks(given, slot), onclick: press },
    plain(given.text),
  );
  return node;
}

function overflow(given, slot) {
  const menuId = uid("menu");
  const choose = async (option) => {
    menu.hidePopover();
    if (given.confirm && !(await confirmed(given.confirm, slot))) return;
    await slot.surface.act({
      block_id: slot.blockId,
      action_id: given.action_id,
      type: "overflow",
      selected_option: option,
    });
  };
  const items = given.options.map((option) =>
    h(
      "button",
      {
        type: "button",
        role: "menuitem",
        class: "menu-item",
        "data-value": option.value,
        onclick: () => choose(option),
      },
      plain(option.text),
      option.description ? h("small", null, plain(option.description)) : null,
    ),
  );
  const menu = h(
    "div",
    {
      id: menuId,
      role: "menu",
      class: "menu",
      popover: "auto",
      onkeydown: (event) => walk(event, items),
      ontoggle: (event) => {
        opener.setAttribute("aria-expanded", String(event.newState === "open"));
        if (event.newState === "open") items[0].focus();
      },
    },
    items,
  );
  const opener = h(
    "button",
    {
      type: "button",
      class: "button more",
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      "aria-label": "More actions",
      popovertarget: menuId,
      ...marks(given, slot),
      onclick: () => under(opener, menu),
    },
    icon("more"),
  );
  return h("span", { class: "overflow" }, opener, menu);
}

// --- lists ------------------------------------------------------------------------------------------------------------

const choice = (option) => ({
  key: option.value,
  label: plain(option.text),
  description: plain(option.description),
  raw: option,
});

const grouped = (given) =>
  given.option_groups
    ? given.option_groups.map((group) => ({ label: plain(group.label), options: group.options.map(choice) }))
    : [{ options: (given.options ?? []).map(choice) }];

function optionSelect(given, slot) {
  const multi = given.type.startsWith("multi_");
  const start = multi
    ? { selected_options: given.initial_options ?? [] }
    : { selected_option: given.initial_option ?? null };
  const now = held(given, slot, start);
  const external = given.type.endsWith("external_select");
  const all = external ? null : grouped(given);
  return combobox({
    ...shared(given, slot),
    multi,
    selected: (multi ? now.selected_options : [now.selected_option]).filter(Boolean).map(choice),
    wait: external ? 180 : 0,
    least: external ? (given.min_query_length ?? 3) : 0,
    load: external
      ? async (query) => grouped(await slot.surface.options(slot.blockId, given.action_id, query))
      : (query) => matching(all, query),
    changed: (chosen) =>
      change(
        given,
        slot,
        multi ? { selected_options: chosen.map((one) => one.raw) } : { selected_option: chosen[0].raw },
      ),
  });
}

const shared = (given, slot) => ({
  label: slot.label ?? (plain(given.placeholder) || "Choose"),
  placeholder: plain(given.placeholder) || "Choose…",
  most: given.max_selected_items ?? 100,
  attributes: { ...marks(given, slot), ...described(slot) },
});

const described = (slot) => (slot.describedBy ? { "aria-describedby": slot.describedBy } : {});

/** users, channels and conversations: lists of ids that the page knows itself. `field` is the key's stem in the action. */
function idSelect(given, slot, field, choices) {
  const multi = given.type.startsWith("multi_");
  const one = `selected_${field}`;
  const many = `selected_${field}s`;
  const start = multi ? { [many]: given[`initial_${field}s`] ?? [] } : { [one]: given[`initial_${field}`] ?? null };
  const now = held(given, slot, start);
  return combobox({
    ...shared(given, slot),
    multi,
    selected: (multi ? now[many] : [now[one]])
      .filter(Boolean)
      .map((id) => choices.find((option) => option.key === id) ?? { key: id, label: id }),
    load: (query) => matching([{ options: choices }], query),
    changed: (chosen) =>
      change(given, slot, multi ? { [many]: chosen.map((option) => option.key) } : { [one]: chosen[0].key }),
  });
}

const userSelect = (given, slot) =>
  idSelect(
    given,
    slot,
    "user",
    slot.surface.directory.users.map((user) => ({ key: user.id, label: user.name, description: user.title })),
  );

const KINDS = { channel: "public", private: "private", im: "im", shared: "public" };

function conversationSelect(given, slot) {
  const filter = given.filter ?? {};
  const shown = slot.surface.directory.channels.filter(
    (channel) =>
      (!filter.include || filter.include.includes(KINDS[channel.kind])) &&
      !(filter.exclude_external_shared_channels && channel.kind === "shared") &&
      !(filter.exclude_bot_users && channel.kind === "im"),
  );
  return idSelect(given, slot, "conversation", shown.map(conversation));
}

const conversation = (channel) => ({
  key: channel.id,
  label: channel.kind === "im" ? channel.name : `#${channel.name}`,
  description: { private: "private", shared: "shared with another company", im: "direct message" }[channel.kind],
});

const channelSelect = (given, slot) =>
  idSelect(
    given,
    slot,
    "channel",
    slot.surface.directory.channels.filter((channel) => channel.kind === "channel").map(conversation),
  );

// --- boxes, dates and texts -------------------------------------------------------------------------------------------

function boxes(given, slot) {
  const single = given.type === "radio_buttons";
  const start = single
    ? { selected_option: given.initial_option ?? null }
    : { selected_options: given.initial_options ?? [] };
  const now = held(given, slot, start);
  const chosen = new Set(
    (single ? [now.selected_option] : now.selected_options).filter(Boolean).map((option) => option.value),
  );
  const group = uid("boxes");
  const inputs = given.options.map((option) =>
    h("input", {
      type: single ? "radio" : "checkbox",
      name: group,
      id: uid("box"),
      checked: chosen.has(option.value),
      "data-value": option.value,
      onchange: () => report(),
      ...marks(given, slot),
    }),
  );
  const report = () => {
    const picked = given.options.filter((_, index) => inputs[index].checked);
    change(given, slot, single ? { selected_option: picked[0] ?? null } : { selected_options: picked });
  };
  return h(
    "div",
    {
      class: "boxes",
      role: single ? "radiogroup" : "group",
      "aria-label": slot.label ?? "Choices",
      ...described(slot),
    },
    given.options.map((option, index) =>
      h(
        "label",
        { class: "box", htmlFor: inputs[index].id },
        inputs[index],
        h(
          "span",
          null,
          textNodes(option.text, slot.surface.people),
          option.description ? h("small", null, textNodes(option.description, slot.surface.people)) : null,
        ),
      ),
    ),
  );
}

const PICKERS = {
  datepicker: ["date", "selected_date", "initial_date"],
  timepicker: ["time", "selected_time", "initial_time"],
  datetimepicker: ["datetime-local", "selected_date_time", "initial_date_time"],
};

function picker(given, slot) {
  const [type, field, initial] = PICKERS[given.type];
  const now = held(given, slot, { [field]: given[initial] ?? null });
  const seconds = given.type === "datetimepicker";
  const shown = seconds && now[field] ? new Date(now[field] * 1000).toISOString().slice(0, 16) : now[field];
  return h("input", {
    type,
    class: "field short",
    value: shown ?? "",
    "aria-label": slot.label ?? (plain(given.placeholder) || type),
    ...marks(given, slot),
    ...described(slot),
    onchange: (event) =>
      change(given, slot, {
        [field]: seconds ? Math.floor(Date.parse(`${event.target.value}Z`) / 1000) : event.target.value || null,
      }),
  });
}

const TYPES = { email_text_input: "email", url_text_input: "url", number_input: "number", plain_text_input: "text" };

function textInput(given, slot) {
  const now = held(given, slot, { value: given.initial_value ?? null });
  const store = (event) => {
    slot.surface.values[slot.blockId][given.action_id] = { type: given.type, value: event.target.value || null };
    slot.surface.changed?.(slot.blockId);
  };
  return h(given.multiline ? "textarea" : "input", {
    type: given.multiline ? null : TYPES[given.type],
    class: "field",
    rows: given.multiline ? 4 : null,
    value: now.value ?? "",
    placeholder: plain(given.placeholder) || null,
    minlength: given.min_length,
    maxlength: given.max_length,
    autocomplete: "off",
    spellcheck: "false",
    step: given.type === "number_input" ? (given.is_decimal_allowed ? "any" : "1") : null,
    min: given.min_value,
    max: given.max_value,
    autofocus: given.focus_on_load,
    "aria-label": slot.label,
    ...marks(given, slot),
    ...described(slot),
    oninput: store,
    onchange: (event) => {
      if (!slot.surface.collects) change(given, slot, { value: event.target.value || null });
    },
    onkeydown: (event) => {
      if (event.key === "Enter" && slot.dispatch && slot.surface.collects && !given.multiline)
        change(given, slot, { value: event.target.value || null });
    },
  });
}

const ELEMENTS = {
  button,
  overflow,
  workflow_button: button,
  icon_button: button,
  static_select: optionSelect,
  external_select: optionSelect,
  multi_static_select: optionSelect,
  multi_external_select: optionSelect,
  users_select: userSelect,
  multi_users_select: userSelect,
  conversations_select: conversationSelect,
  multi_conversations_select: conversationSelect,
  channels_select: channelSelect,
  multi_channels_select: channelSelect,
  checkboxes: boxes,
  radio_buttons: boxes,
  datepicker: picker,
  timepicker: picker,
  datetimepicker: picker,
  plain_text_input: textInput,
  email_text_input: textInput,
  url_text_input: textInput,
  number_input: textInput,
  image: (given) => image(given.image_url, given.alt_text, "thumb"),
};

/** Images come only from this machine: the page loads nothing from outside, so any other address shows its alternative text. */
export function image(address, text, kind) {
  const local = /^(data:image\/|http:\/\/127\.0\.0\.1[:/])/.test(address ?? "");
  if (!local) return h("span", { class: `image-text ${kind}`, role: "img", "aria-label": text }, text);
  return h("img", { src: address, alt: text, class: kind, loading: "lazy" });
}

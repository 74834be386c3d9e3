// One message, and the days between messages.
import { blockNodes } from "./blocks.js";
import { h } from "./dom.js";
import { clock, dayName, plural, tsDate } from "./format.js";
import { mrkdwn } from "./mrkdwn.js";

const TOGETHER = 300;

/** Messages with day dividers between them; `compact` where the author goes on within five minutes. */
export function withDays(messages, users, names) {
  const byId = new Map(users.map((user) => [user.id, user]));
  const items = [];
  let before = null;
  for (const message of messages) {
    const name = dayName(tsDate(message.ts));
    if (!before || dayName(tsDate(before.ts)) !== name) {
      items.push({ key: `day:${message.ts}`, day: name });
      before = null;
    }
    const compact =
      Boolean(before) &&
      message.blocks?.[0]?.type !== "header" &&
      before.user === message.user &&
      Number(message.ts) - Number(before.ts) < TOGETHER &&
      !before.ephemeral === !message.ephemeral;
    items.push({
      key: `${message.ephemeral ? "e" : "m"}:${message.ts}`,
      message,
      compact,
      user: byId.get(message.user),
      name: names[message.user] ?? message.user,
    });
    before = message;
  }
  return items;
}

export function messageNode(item, { surface, people, openThread }) {
  if (item.day) return h("li", { class: "day" }, h("span", null, item.day));
  const { message, user, name, compact } = item;
  const time = clock(tsDate(message.ts));
  const classes = ["message", compact ? "compact" : "", message.ephemeral ? "ephemeral" : ""].filter(Boolean).join(" ");
  return h(
    "li",
    { class: classes, tabindex: "-1", "data-ts": message.ts },
    compact
      ? h("time", { class: "side-time" }, time)
      : message.bot
        ? h("span", { class: "avatar bot", "aria-hidden": "true" }, "si")
        : avatar(user),
    h(
      "div",
      { class: "message-body" },
      compact
        ? h("span", { class: "visually-hidden" }, name)
        : h(
            "div",
            { class: "message-head" },
            h("strong", null, name),
            message.bot ? h("span", { class: "tag" }, "app") : null,
            h("time", null, time),
          ),
      message.ephemeral ? h("div", { class: "only-you" }, "Only visible to you") : null,
      message.blocks?.length
        ? blockNodes(message.blocks, surface(message))
        : h(
            "div",
            { class: "text" },
            mrkdwn(message.text ?? "", people),
            message.edited ? h("span", { class: "subtle" }, " (edited)") : null,
          ),
      message.reply_count && openThread
        ? h(
            "button",
            { type: "button", class: "replies", onclick: () => openThread(message.ts) },
            plural(message.reply_count, "reply", "replies"),
            h("span", { class: "subtle" }, "View thread"),
          )
        : openThread && !message.ephemeral
          ? h(
              "button",
              {
                type: "button",
                class: "reply-quiet",
                "aria-label": "Reply in thread",
                onclick: () => openThread(message.ts),
              },
              "Reply",
            )
          : null,
    ),
  );
}

export function avatar(user) {
  const node = h("span", { class: "avatar", "aria-hidden": "true" }, user?.initials ?? "?");
  if (user?.color) node.style.setProperty("--tint", user.color);
  return node;
}

// Slack's two text languages as nodes: mrkdwn, and the rich text of rich_text blocks.
import { h } from "./dom.js";

const EMOJI = {
  white_check_mark: "✅",
  heavy_check_mark: "✔️",
  warning: "⚠️",
  x: "❌",
  rotating_light: "🚨",
  hourglass_flowing_sand: "⏳",
  hourglass: "⌛",
  arrow_right: "➡️",
  information_source: "ℹ️",
  eyes: "👀",
  wave: "👋",
  lock: "🔒",
  key: "🔑",
  zzz: "💤",
  large_green_circle: "🟢",
  large_yellow_circle: "🟡",
  red_circle: "🔴",
  white_circle: "⚪",
  black_circle: "⚫",
  large_orange_circle: "🟠",
  large_blue_circle: "🔵",
  ballot_box_with_check: "☑️",
  arrows_counterclockwise: "🔄",
  credit_card: "💳",
  receipt: "🧾",
  bell: "🔔",
  no_entry: "⛔",
  moneybag: "💰",
  pushpin: "📌",
  link: "🔗",
  "+1": "👍",
};

const unescape = (text) => text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");

export const emoji = (name) => EMOJI[name] ?? `:${name}:`;

export const withEmoji = (text) => text.replace(/:([a-z0-9_+-]+):/g, (whole, name) => EMOJI[name] ?? whole);

/** A text object → nodes. `people` is {users: {id: name}, channels: {id: name}}. */
export function textNodes(text, people) {
  if (!text) return [];
  if (text.type === "mrkdwn") return mrkdwn(text.text, people, text.verbatim);
  return withLines(text.emoji === false ? text.text : withEmoji(text.text));
}

export const plain = (text) => (text ? withEmoji(text.type === "mrkdwn" ? unescape(text.text) : text.text) : "");

const withLines = (text) => text.split("\n").flatMap((line, index) => (index ? [h("br"), line] : [line]));

export function mrkdwn(source, people) {
  return source
    .split(/```/)
    .flatMap((part, index) => (index % 2 ? [codeBlock(unescape(part.replace(/^\n|\n$/g, "")))] : quoted(part, people)));
}

/** Code one can copy: the set-up's values stand in such blocks, one each. */
function codeBlock(text) {
  const button = h(
    "button",
    { class: "copy", type: "button", "aria-label": `Copy ${text}`, onclick: () => copy(text, button) },
    "Copy",
  );
  return h("div", { class: "code-block" }, h("pre", { tabindex: "0" }, h("code", null, text)), button);
}

async function copy(text, button) {
  await navigator.clipboard.writeText(text);
  button.textContent = "Copied";
  setTimeout(() => {
    button.textContent = "Copy";
  }, 1500);
}

function quoted(source, people) {
  const nodes = [];
  let quote = null;
  const lines = source.split("\n");
  lines.forEach((line, index) => {
    const inside = /^(?:&gt;|>)\s?/.exec(line);
    if (inside) {
      if (!quote) nodes.push((quote = h("blockquote")));
      else quote.append(h("br"));
      quote.append(...inline(line.slice(inside[0].length), people));
      return;
    }
    if (index && !quote) nodes.push(h("br"));
    quote = null;
    nodes.push(...inline(line, people));
  });
  return nodes;
}

const INLINE = [
  [/`([^`\n]+)`/, (m) => [h("code", null, unescape(m[1]))]],
  [/<([^<>\n]+)>/, (m, people) => [angled(m[1], people)]],
  [/(?<![\w*])\*(?=\S)([^*\n]*?\S)\*(?![\w*])/, (m, people) => [h("strong", null, inline(m[1], people))]],
  [/(?<![\w_])_(?=\S)([^_\n]*?\S)_(?![\w_])/, (m, people) => [h("em", null, inline(m[1], people))]],
  [/(?<![\w~])~(?=\S)([^~\n]*?\S)~(?![\w~])/, (m, people) => [h("del", null, inline(m[1], people))]],
];

function inline(source, people) {
  let best = null;
  for (const [pattern, build] of INLINE) {
    const match = pattern.exec(source);
    if (match && (!best || match.index < best.match.index)) best = { match, build };
  }
  if (!best) return source ? [withEmoji(unescape(source))] : [];
  const { match, build } = best;
  return [
    ...inline(source.slice(0, match.index), people),
    ...build(match, people),
    ...inline(source.slice(match.index + match[0].length), people),
  ];
}

function angled(body, people) {
  const [target, ...rest] = body.split("|");
  const label = rest.join("|");
  const kind = target[0];
  if (kind === "@")
    return mention(`@${people.users[target.slice(1)] ?? (label || target.slice(1))}`, target.slice(1) === people.me);
  if (kind === "#") return mention(`#${people.channels[target.slice(1)] ?? (label || target.slice(1))}`);
  if (target.startsWith("!date^")) return dateToken(target, label);
  if (target.startsWith("!subteam^")) return mention(label || "@group");
  if (kind === "!") return mention(`@${target.slice(1)}`);
  return link(unescape(target), label ? inline(label, people) : [unescape(target)]);
}

const mention = (text, mine = false) => h("span", { class: mine ? "mention me" : "mention" }, text);

/** Only http(s) and mailto become links; anything else stays text. */
export function link(address, label) {
  if (!/^(https?:|mailto:)/i.test(address)) return h("span", null, label);
  return h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, label);
}

const DATE_PARTS = {
  date: { dateStyle: "long" },
  date_short: { dateStyle: "medium" },
  date_long: { dateStyle: "full" },
  date_num: { year: "numeric", month: "2-digit", day: "2-digit" },
  time: { timeStyle: "short" },
  time_secs: { timeStyle: "medium" },
};

export function dateToken(token, fallback) {
  const [, seconds, format, address] = token.split("^");
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime()) || !format) return document.createTextNode(unescape(fallback));
  const text = unescape(format).replace(/\{(\w+)\}/g, (whole, name) => datePart(date, name) ?? whole);
  const node = h("time", { datetime: date.toISOString(), title: date.toLocaleString() }, text);
  return address ? link(address, [node]) : node;
}

function datePart(date, name) {
  if (name === "ago") return ago(date);
  if (name === "date_slash") return datePart(date, "date_num");
  if (name === "day_divider_pretty") return datePart(date, "date_long_pretty");
  const pretty = name.endsWith("_pretty");
  if (pretty) {
    const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(date).setHours(0, 0, 0, 0)) / 86400000);
    if (Math.abs(days) <= 1) return { 0: "today", 1: "yesterday", "-1": "tomorrow" }[days];
  }
  const options = DATE_PARTS[pretty ? name.slice(0, -7) : name];
  return options && new Intl.DateTimeFormat(undefined, options).format(date);
}

function ago(date) {
  const seconds = Math.round((date.getTime() - Date.now()) / 1000);
  const format = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
  for (const [unit, size] of [
    ["day", 86400],
    ["hour", 3600],
    ["minute", 60],
  ]) {
    if (Math.abs(seconds) >= size) return format.format(Math.round(seconds / size), unit);
  }
  return format.format(seconds, "second");
}

// --- rich text --------------------------------------------------------------------------------------------------------

export function richText(block, people) {
  return (block.elements ?? []).map((element) => richPart(element, people));
}

function richPart(part, people) {
  const inside = () => (part.elements ?? []).flatMap((element) => richInline(element, people));
  if (part.type === "rich_text_section") return h("div", { class: "rich-section" }, inside());
  if (part.type === "rich_text_quote") return h("blockquote", null, inside());
  if (part.type === "rich_text_preformatted")
    return codeBlock((part.elements ?? []).map((element) => element.text ?? element.url ?? "").join(""));
  if (part.type === "rich_text_list") {
    const items = (part.elements ?? []).map((element) => h("li", null, richPart(element, people)));
    return h(
      part.style === "ordered" ? "ol" : "ul",
      { class: `indent-${Math.min(part.indent ?? 0, 5)}`, start: part.offset ? part.offset + 1 : null },
      items,
    );
  }
  return h("div", { class: "unknown" }, `Unknown rich text: ${part.type}`);
}

function richInline(element, people) {
  const styled = (node) => {
    const style = element.style ?? {};
    let result = node;
    if (style.code) result = h("code", null, result);
    if (style.bold) result = h("strong", null, result);
    if (style.italic) result = h("em", null, result);
    if (style.strike) result = h("del", null, result);
    return result;
  };
  switch (element.type) {
    case "text":
      return [styled(h("span", null, withLines(element.text)))];
    case "link":
      return [styled(link(element.url, element.text ?? element.url))];
    case "user":
      return [mention(`@${people.users[element.user_id] ?? element.user_id}`, element.user_id === people.me)];
    case "channel":
      return [mention(`#${people.channels[element.channel_id] ?? element.channel_id}`)];
    case "usergroup":
      return [mention("@group")];
    case "broadcast":
      return [mention(`@${element.range}`)];
    case "emoji":
      return [emoji(element.name)];
    case "date":
      return [
        dateToken(
          `!date^${element.timestamp}^${element.format}${element.url ? `^${element.url}` : ""}`,
          element.fallback ?? "",
        ),
      ];
    case "color":
      return [h("code", null, element.value)];
    default:
      return [h("span", { class: "unknown" }, `Unknown rich text: ${element.type}`)];
  }
}

// --- markdown block ---------------------------------------------------------------------------------------------------

/** The common part of Markdown that a markdown block carries: headings, lists, quotes, code, emphasis, links. */
export function markdown(source) {
  return source
    .split(/```[^\n]*\n?/)
    .flatMap((part, index) => (index % 2 ? [codeBlock(part.replace(/\n$/, ""))] : markdownBlocks(part)));
}

function markdownBlocks(source) {
  return source
    .split(/\n{2,}/)
    .filter((part) => part.trim())
    .map((part) => {
      const lines = part.trim().split("\n");
      const heading = /^(#{1,6})\s+(.*)$/.exec(lines[0]);
      if (heading && lines.length === 1)
        return h("p", { class: "markdown-heading" }, h("strong", null, markdownInline(heading[2])));
      if (lines.every((line) => /^\s*[-*]\s+/.test(line)))
        return h(
          "ul",
          null,
          lines.map((line) => h("li", null, markdownInline(line.replace(/^\s*[-*]\s+/, "")))),
        );
      if (lines.every((line) => /^\s*\d+\.\s+/.test(line)))
        return h(
          "ol",
          null,
          lines.map((line) => h("li", null, markdownInline(line.replace(/^\s*\d+\.\s+/, "")))),
        );
      if (lines.every((line) => line.startsWith(">")))
        return h(
          "blockquote",
          null,
          lines.map((line) => h("div", null, markdownInline(line.replace(/^>\s?/, "")))),
        );
      return h(
        "p",
        null,
        lines.flatMap((line, index) => (index ? [h("br"), ...markdownInline(line)] : markdownInline(line))),
      );
    });
}

const MARKDOWN = [
  [/`([^`\n]+)`/, (m) => h("code", null, m[1])],
  [/\[([^\]\n]+)\]\(([^)\s]+)\)/, (m) => link(m[2], markdownInline(m[1]))],
  [/\*\*([^*\n]+)\*\*/, (m) => h("strong", null, markdownInline(m[1]))],
  [/(?<!\w)[*_]([^*_\n]+)[*_](?!\w)/, (m) => h("em", null, markdownInline(m[1]))],
  [/~~([^~\n]+)~~/, (m) => h("del", null, markdownInline(m[1]))],
];

function markdownInline(source) {
  let best = null;
  for (const [pattern, build] of MARKDOWN) {
    const match = pattern.exec(source);
    if (match && (!best || match.index < best.match.index)) best = { match, build };
  }
  if (!best) return source ? [withEmoji(source)] : [];
  const { match, build } = best;
  return [
    ...markdownInline(source.slice(0, match.index)),
    build(match),
    ...markdownInline(source.slice(match.index + match[0].length)),
  ];
}

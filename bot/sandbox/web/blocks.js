// Block Kit blocks as nodes.
import { h, icon, uid } from "./dom.js";
import { element, image, unknown } from "./elements.js";
import { markdown, plain, richText, textNodes } from "./mrkdwn.js";

/** Draws `blocks` on `surface` (see elements.js). `errors` maps block ids to sentences. */
export function blockNodes(blocks, surface, errors = {}) {
  return (blocks ?? []).map((block) => {
    const draw = BLOCKS[block.type];
    const node = draw ? draw(block, surface, errors) : unknown(`Unknown block: ${block.type}`, block);
    node.dataset.blockId = block.block_id ?? "";
    node.classList.add("block");
    return node;
  });
}

const slot = (block, surface, more = {}) => ({ surface, blockId: block.block_id ?? "", ...more });

function section(block, surface) {
  const words = h(
    "div",
    { class: "section-words" },
    block.text ? h("div", { class: "text" }, textNodes(block.text, surface.people)) : null,
    block.fields?.length
      ? h(
          "div",
          { class: "fields" },
          block.fields.map((field) => h("div", { class: "text" }, textNodes(field, surface.people))),
        )
      : null,
  );
  const label = plain(block.text ?? block.fields?.[0])
    .replace(/[*_`]/g, "")
    .slice(0, 120);
  return h(
    "div",
    { class: "block-section" },
    words,
    block.accessory
      ? h(
          "div",
          { class: "accessory" },
          element(block.accessory, slot(block, surface, { label: block.accessory.type === "button" ? null : label })),
        )
      : null,
  );
}

function input(block, surface, errors) {
  const id = uid("input");
  const error = errors[block.block_id];
  const notes = [block.hint ? `${id}-hint` : null, `${id}-error`].filter(Boolean).join(" ");
  const label = plain(block.label);
  const control = element(
    block.element,
    slot(block, surface, { input: true, dispatch: block.dispatch_action === true, label, describedBy: notes }),
  );
  const target = control.matches("input, textarea") ? control : control.querySelector("input, textarea");
  if (target) target.id ||= id;
  if (target && error) target.setAttribute("aria-invalid", "true");
  return h(
    "div",
    { class: error ? "block-input wrong" : "block-input" },
    h(
      "label",
      { class: "label", htmlFor: target?.id ?? "" },
      label,
      block.optional ? h("span", { class: "optional" }, " (optional)") : null,
    ),
    control,
    h("p", { id: `${id}-error`, class: "field-error", role: "alert", hidden: !error }, error ?? ""),
    block.hint ? h("p", { id: `${id}-hint`, class: "hint" }, plain(block.hint)) : null,
  );
}

const context = (block, surface) =>
  h(
    "div",
    { class: "block-context" },
    block.elements.map((part) =>
      part.type === "image"
        ? image(part.image_url, part.alt_text, "mini")
        : h("span", { class: "text" }, textNodes(part, surface.people)),
    ),
  );

const actions = (block, surface) =>
  h(
    "div",
    { class: "block-actions", role: "group", "aria-label": "Actions" },
    block.elements.map((part) => element(part, slot(block, surface))),
  );

// --- tables -----------------------------------------------------------------------------------------------------------

function cell(given, surface) {
  if (given.type === "rich_text") return richText(given, surface.people);
  if (given.type === "raw_number") return [given.text ?? String(given.value ?? given.number ?? "")];
  return [given.text ?? ""];
}

const cellText = (given) =>
  given.type === "rich_text"
    ? (given.elements ?? []).flatMap((part) => (part.elements ?? []).map((one) => one.text ?? one.url ?? "")).join("")
    : String(given.text ?? given.value ?? given.number ?? "");

function table(block, surface) {
  const [head, ...rows] = block.rows;
  const settings = block.column_settings ?? [];
  const look = (index) => `${settings[index]?.align ?? "left"}${settings[index]?.is_wrapped ? " wrapped" : ""}`;
  return h(
    "div",
    { class: "table-frame", tabindex: "0", role: "region", "aria-label": "Table" },
    h(
      "table",
      { class: "block-table" },
      h(
        "thead",
        null,
        h(
          "tr",
          null,
          head.map((one, index) => h("th", { scope: "col", class: look(index) }, cell(one, surface))),
        ),
      ),
      h(
        "tbody",
        null,
        rows.map((row) =>
          h(
            "tr",
            null,
            row.map((one, index) => h("td", { class: look(index) }, cell(one, surface))),
          ),
        ),
      ),
    ),
  );
}

/** Sorts by any column, shows a page at a time. */
function dataTable(block, surface) {
  const [head, ...rows] = block.rows;
  const size = block.page_size ?? 5;
  const numeric = head.map(
    (_, index) =>
      rows.length > 0 &&
      rows.every(
        (row) => row[index].type === "raw_number" || /^[\u2212-]?[$€£]?[\d,]+(\.\d+)?$/.test(cellText(row[index])),
      ),
  );
  const view = { page: 0, column: -1, down: false };
  const body = h("tbody");
  const foot = h("div", { class: "table-foot" });
  const number = (text) => Number(text.replace(/[^\d.\u2212-]/g, "").replace("\u2212", "-"));
  const heads = head.map((one, index) =>
    h(
      "th",
      { scope: "col", class: numeric[index] ? "right" : "left", "aria-sort": "none" },
      h("button", { type: "button", onclick: () => sort(index) }, cell(one, surface)),
    ),
  );
  const header = block.row_header_column_index ?? 0;

  function sort(index) {
    view.down = view.column === index && !view.down;
    view.column = index;
    view.page = 0;
    heads.forEach((node, at) =>
      node.setAttribute("aria-sort", at === index ? (view.down ? "descending" : "ascending") : "none"),
    );
    paint();
  }

  function sorted() {
    if (view.column < 0) return rows;
    const texts = new Map(rows.map((row) => [row, cellText(row[view.column])]));
    const compare = numeric[view.column]
      ? (a, b) => number(texts.get(a)) - number(texts.get(b))
      : (a, b) => texts.get(a).localeCompare(texts.get(b));
    return [...rows].sort((a, b) => (view.down ? -compare(a, b) : compare(a, b)));
  }

  function paint() {
    const pages = Math.ceil(rows.length / size);
    body.replaceChildren(
      ...sorted()
        .slice(view.page * size, (view.page + 1) * size)
        .map((row) =>
          h(
            "tr",
            null,
            row.map((one, index) =>
              h(
                index === header ? "th" : "td",
                { scope: index === header ? "row" : null, class: numeric[index] ? "right" : "left" },
                cell(one, surface),
              ),
            ),
          ),
        ),
    );
    const turn = (by) => {
      view.page += by;
      paint();
    };
    foot.replaceChildren(
      h(
        "span",
        null,
        `${Math.min(rows.length, view.page * size + 1)}–${Math.min(rows.length, (view.page + 1) * size)} of ${rows.length}`,
      ),
    );
    if (pages > 1) {
      foot.append(
        h("button", { type: "button", class: "quiet", disabled: view.page === 0, onclick: () => turn(-1) }, "Previous"),
        h(
          "button",
          { type: "button", class: "quiet", disabled: view.page >= pages - 1, onclick: () => turn(1) },
          "Next",
        ),
      );
    }
  }

  paint();
  return h(
    "div",
    { class: "block-data-table" },
    h(
      "div",
      { class: "table-frame", tabindex: "0", role: "region", "aria-label": block.caption ?? "Table" },
      h(
        "table",
        { class: "block-table" },
        h("caption", null, block.caption ?? ""),
        h("thead", null, h("tr", null, heads)),
        body,
      ),
    ),
    foot,
  );
}

// --- the rest ---------------------------------------------------------------------------------------------------------

const LEVELS = { default: "Note", info: "Note", warning: "Warning", error: "Problem", success: "Done" };

const alert = (block, surface) =>
  h(
    "div",
    {
      class: `block-alert ${LEVELS[block.level] ? block.level : "default"}`,
      role: block.level === "error" ? "alert" : "note",
    },
    h("strong", null, LEVELS[block.level] ?? "Note"),
    h("span", { class: "text" }, textNodes(block.text, surface.people)),
  );

function container(block, surface, errors) {
  const title = block.title ? plain(block.title) : richText(block.rich_text_title ?? {}, surface.people);
  const head = [
    h("strong", null, title),
    block.subtitle ? h("span", { class: "subtle" }, plain(block.subtitle)) : null,
  ];
  const inside = blockNodes(block.child_blocks, surface, errors);
  if (!block.is_collapsible)
    return h("div", { class: "block-container" }, h("div", { class: "container-head" }, head), inside);
  return h("details", { class: "block-container", open: !block.default_collapsed }, h("summary", null, head), inside);
}

/** A chart as its numbers: a bar for each point, the figure beside it, nothing that only colour tells. */
function chart(block) {
  const points =
    block.chart?.segments ?? block.chart?.series?.flatMap((series) => series.data ?? series.points ?? []) ?? [];
  const most = Math.max(1, ...points.map((point) => Math.abs(Number(point.value ?? 0))));
  return h(
    "figure",
    { class: "block-chart" },
    h("figcaption", null, typeof block.title === "string" ? block.title : plain(block.title)),
    points.map((point) =>
      h(
        "div",
        { class: "chart-row" },
        h("span", null, point.label ?? ""),
        h("meter", { min: "0", max: String(most), value: String(Math.abs(Number(point.value ?? 0))) }),
        h("span", { class: "number" }, String(point.value ?? "")),
      ),
    ),
  );
}

const BLOCKS = {
  section,
  input,
  context,
  actions,
  table,
  alert,
  container,
  data_table: dataTable,
  data_visualization: chart,
  header: (block) => h("h3", { class: "block-header" }, plain(block.text)),
  divider: () => h("hr"),
  image: (block) =>
    h(
      "figure",
      { class: "block-image" },
      block.title ? h("figcaption", null, plain(block.title)) : null,
      image(block.image_url, block.alt_text, "full"),
    ),
  rich_text: (block, surface) => h("div", { class: "block-rich text" }, richText(block, surface.people)),
  markdown: (block) => h("div", { class: "block-markdown text" }, markdown(block.text)),
  file: (block) => h("div", { class: "block-context" }, icon("clip"), `File ${block.external_id ?? ""}`),
};

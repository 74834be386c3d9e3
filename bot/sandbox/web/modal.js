// Modals: a native dialog that shows the top of the view stack.
import { blockNodes } from "./blocks.js";
import { add, h, icon, uid } from "./dom.js";
import { plain } from "./mrkdwn.js";

export class Modals {
  /** `surfaceOf(view)` gives the view's surface, `tell(verb, args)` does a verb for the person who acts. */
  constructor(surfaceOf, tell) {
    Object.assign(this, { surfaceOf, tell, view: null, signature: "nothing" });
    this.titleId = uid("modal");
    this.dialog = h("dialog", {
      class: "modal",
      "aria-labelledby": this.titleId,
      oncancel: (event) => {
        event.preventDefault();
        this.close();
      },
    });
    document.body.append(this.dialog);
  }

  clear() {
    this.show([]);
  }

  show(stack) {
    const view = stack.at(-1) ?? null;
    const signature = view
      ? JSON.stringify([
          view.id,
          view.hash,
          view.blocks,
          view.errors,
          view.notice,
          view.title,
          view.submit,
          view.close,
          stack.length,
        ])
      : "nothing";
    if (signature === this.signature) return;
    const before = this.view;
    this.view = view;
    this.signature = signature;
    if (!view) {
      this.dialog.close();
      this.dialog.replaceChildren();
      this.backToTheConversation();
      return;
    }
    const focused = before?.id === view.id ? document.activeElement?.dataset?.actionId : null;
    this.draw(view, stack.length);
    if (!this.dialog.open) this.dialog.showModal();
    this.settleFocus(view, focused);
  }

  /** The button that opened this may have been edited away meanwhile: the newest message is where one goes on. */
  backToTheConversation() {
    if (document.activeElement !== document.body) return;
    document.querySelector("#messages > li:last-child")?.focus({ preventScroll: true });
  }

  draw(view, depth) {
    const surface = this.surfaceOf(view);
    const scroll = this.dialog.querySelector(".modal-body")?.scrollTop ?? 0;
    surface.changed = (block) => this.forgive(block);
    surface.collects = true;
    surface.drawn = new Set();
    const body = h(
      "div",
      { class: "modal-body" },
      this.errorSummary(view),
      blockNodes(view.blocks, surface, view.errors ?? {}),
    );
    forget(surface);
    this.dialog.replaceChildren();
    add(
      this.dialog,
      h(
        "form",
        {
          method: "dialog",
          novalidate: true,
          onsubmit: (event) => {
            event.preventDefault();
            this.submit(view, surface);
          },
        },
        h(
          "header",
          null,
          depth > 1
            ? h(
                "button",
                { type: "button", class: "icon-button", "aria-label": "Back", onclick: () => this.close() },
                icon("back"),
              )
            : null,
          h("h2", { id: this.titleId, tabindex: "-1" }, plain(view.title)),
          h(
            "button",
            { type: "button", class: "icon-button", "aria-label": "Close", onclick: () => this.close(true) },
            icon("close"),
          ),
        ),
        body,
        h(
          "footer",
          null,
          h("button", { type: "button", class: "button", onclick: () => this.close() }, plain(view.close) || "Close"),
          view.submit ? h("button", { type: "submit", class: "button primary" }, plain(view.submit)) : null,
        ),
      ),
    );
    body.scrollTop = scroll;
  }

  errorSummary(view) {
    if (view.notice) return h("p", { class: "error-summary", role: "alert" }, view.notice);
    const count = Object.keys(view.errors ?? {}).length;
    return count > 1 ? h("p", { class: "error-summary" }, `${count} fields need another look.`) : null;
  }

  settleFocus(view, focused) {
    const wrong = this.dialog.querySelector("[aria-invalid]");
    const twin = focused && this.dialog.querySelector(`[data-action-id="${CSS.escape(focused)}"]`);
    const first =
      this.dialog.querySelector("[autofocus]") ??
      this.dialog.querySelector(".block-input input, .block-input textarea");
    (wrong ?? twin ?? first ?? this.dialog.querySelector("h2")).focus({ preventScroll: Boolean(twin) });
  }

  /** A field that is being mended stops showing its error. */
  forgive(block) {
    const node = this.dialog.querySelector(`.wrong[data-block-id="${CSS.escape(block)}"]`);
    if (!node) return;
    node.classList.remove("wrong");
    node.querySelector(".field-error").hidden = true;
    node.querySelector("[aria-invalid]")?.removeAttribute("aria-invalid");
  }

  async submit(view, surface) {
    const button = this.dialog.querySelector("footer [type=submit]");
    if (!button || button.disabled) return;
    button.disabled = true;
    button.setAttribute("aria-busy", "true");
    this.signature = "submitted";
    await this.tell("submit", { view_id: view.id, values: surface.values });
    if (button.isConnected) {
      button.disabled = false;
      button.removeAttribute("aria-busy");
    }
  }

  /** Closes this view, or with `all` everything that is stacked under it too. */
  async close(all = false) {
    if (this.view) await this.tell("close", { view_id: this.view.id, all });
  }
}

/** Values of controls that the view no longer has are gone, as they are in Slack. */
function forget(surface) {
  for (const [block, actions] of Object.entries(surface.values)) {
    for (const action of Object.keys(actions)) {
      if (!surface.drawn.has(`${block} ${action}`)) delete actions[action];
    }
    if (!Object.keys(actions).length) delete surface.values[block];
  }
}

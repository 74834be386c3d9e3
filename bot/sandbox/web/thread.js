// The thread of one message, beside its conversation.
import { composer } from "./composer.js";
import { h, icon } from "./dom.js";

export class Thread {
  /** `workspace` fills lists, sends texts, and holds the state of the person who acts. */
  constructor(workspace) {
    this.workspace = workspace;
    this.key = null;
    this.node = h("aside", { class: "thread", hidden: true, "aria-label": "Thread" });
  }

  paint() {
    const { workspace } = this;
    const ts = workspace.place.get("thread");
    const channel = workspace.channelId;
    const all = workspace.now.messages[channel] ?? [];
    const open = Boolean(ts) && all.some((message) => message.ts === ts);
    this.node.hidden = !open;
    workspace.root.classList.toggle("with-thread", open);
    if (!open) {
      this.key = null;
      return;
    }
    if (this.key !== `${workspace.user}:${channel}:${ts}`) this.build(`${workspace.user}:${channel}:${ts}`, ts);
    const follow = this.list.children.length > 0 && atEnd(this.scroller);
    const messages = all.filter((message) => message.ts === ts || message.thread_ts === ts);
    workspace.fill(this.list, messages, channel);
    if (follow) this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  build(key, ts) {
    this.key = key;
    this.list = h("ol", { class: "messages", "aria-label": "Replies" });
    this.scroller = h("div", { class: "scroller" }, this.list);
    const close = () => this.workspace.place.set({ thread: null });
    this.node.replaceChildren(
      h(
        "header",
        { class: "room-head" },
        h("h2", null, "Thread"),
        h(
          "button",
          { type: "button", class: "icon-button", "aria-label": "Close thread", onclick: close },
          icon("close"),
        ),
      ),
      this.scroller,
      composer({ label: "Reply", send: (text) => this.workspace.send(text, ts), commands: false }).node,
    );
  }
}

/** Whether a scroller stands near enough to its end to follow what is added there. */
export const atEnd = (scroller) => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 90;

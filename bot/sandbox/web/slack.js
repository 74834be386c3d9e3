// The Slack workspace: sidebar, the open conversation, its thread, the app's Home tab, and whoever acts.
import { control, state } from "./api.js";
import { blockNodes } from "./blocks.js";
import { composer } from "./composer.js";
import { add, announce, h, icon, keyed, redraw, toast } from "./dom.js";
import { avatar, messageNode, withDays } from "./messages.js";
import { Modals } from "./modal.js";
import { Thread, atEnd } from "./thread.js";

const DEFAULT_USER = "U0DANA";
const SIGNS = { channel: "hash", private: "lock", shared: "shared" };

export class Workspace {
  /** `place` is the page's remembered place (see place.js); `seen(state)` is told each new state of the person who acts. */
  constructor(root, place, seen) {
    Object.assign(this, { root, place, seen, now: null, values: new Map(), announced: new Map() });
    this.modals = new Modals(
      (view) => this.surface({ view_id: view.id }, `view:${view.id}`),
      (...call) => this.tell(...call),
    );
    this.build();
    place.follow(() => this.paint());
  }

  get user() {
    return this.place.get("as") ?? DEFAULT_USER;
  }

  get channelId() {
    const wanted = this.place.get("channel");
    const found =
      this.now?.channels.find((channel) => channel.id === wanted) ??
      this.now?.channels.find((channel) => channel.kind === "im");
    return found?.id ?? null;
  }

  async load() {
    return state("slack", { user: this.user });
  }

  show(value) {
    if (value.me !== this.user) return;
    this.now = value;
    this.paint();
    this.seen(value);
  }

  /** Does a verb as the person who acts; a refusal is shown, and makes the answer null. */
  async tell(verb, args = {}) {
    try {
      return await control("slack", verb, { user: this.user, ...args });
    } catch (error) {
      toast(error.message);
      return null;
    }
  }

  // --- frame ----------------------------------------------------------------------------------------------------------

  build() {
    this.rooms = h("ul", { class: "rooms" });
    this.apps = h("ul", { class: "rooms" });
    this.people = h("fieldset", { class: "people" }, h("legend", null, "You act as"));
    this.title = h("div", { class: "room-title" });
    this.list = h("ol", { class: "messages", id: "messages", tabindex: "-1", "aria-label": "Messages" });
    this.scroller = h("div", { class: "scroller", onscroll: () => this.markSeen() }, this.list);
    this.newer = h(
      "button",
      { type: "button", class: "newer", hidden: true, onclick: () => this.toEnd() },
      "New messages",
      icon("down"),
    );
    this.homeView = h("div", { class: "home scroller", hidden: true, tabindex: "-1" });
    this.composer = composer({ label: "Message", send: (text) => this.send(text) });
    this.thread = new Thread(this);
    add(
      this.root,
      h(
        "nav",
        { class: "sidebar", "aria-label": "Slack workspace" },
        h(
          "div",
          { class: "workspace-name" },
          h("span", { class: "workspace-mark", "aria-hidden": "true" }, "H&P"),
          h("span", null, "Harbor & Pine"),
        ),
        h("div", { class: "room-group" }, h("h3", null, "Channels"), this.rooms),
        h("div", { class: "room-group" }, h("h3", null, "App"), this.apps),
        this.people,
      ),
      h(
        "div",
        { class: "conversation" },
        h("header", { class: "room-head" }, this.title),
        this.homeView,
        this.scroller,
        this.newer,
        this.composer.node,
      ),
      this.thread.node,
    );
  }

  paint() {
    if (!this.now || this.now.me !== this.user) return;
    this.names = {
      me: this.now.me,
      users: {
        ...Object.fromEntries(this.now.users.map((user) => [user.id, user.name])),
        U0BOT: this.botName(),
        USLACKBOT: "Slackbot",
      },
      channels: Object.fromEntries(this.now.channels.map((channel) => [channel.id, channel.name])),
    };
    this.paintPeople();
    this.paintRooms();
    this.paintRoom();
    this.thread.paint();
    this.modals.show(this.now.modals ?? []);
    this.announceNews();
  }

  paintPeople() {
    const persons = this.now.users;
    redraw(this.people, JSON.stringify([persons, this.user]), () => [
      h("legend", null, "You act as"),
      ...persons.map((user) =>
        h(
          "label",
          { class: "person", title: `${user.name}, ${user.title}` },
          h("input", {
            type: "radio",
            name: "person",
            value: user.id,
            checked: user.id === this.user,
            "aria-label": `${user.name}, ${user.title}`,
            onchange: () => this.actAs(user.id),
          }),
          avatar(user),
          h(
            "span",
            { class: "person-words" },
            h("span", { class: "person-name" }, user.name),
            h("span", { class: "person-title" }, user.title),
          ),
        ),
      ),
    ]);
  }

  actAs(user) {
    this.place.set({ as: user, channel: this.channelKind() === "im" ? null : this.channelId, thread: null });
    this.modals.clear();
    this.refresh();
    announce(`You now act as ${this.now.users.find((one) => one.id === user)?.name}`);
  }

  channelKind() {
    return this.now?.channels.find((channel) => channel.id === this.channelId)?.kind;
  }

  paintRooms() {
    const home = this.place.get("home") === "1";
    const room = (channel) => ({ ...channel, current: channel.id === this.channelId && !home, fresh: channel.unread });
    const rooms = this.now.channels.filter((channel) => channel.kind !== "im").map(room);
    const direct = this.now.channels.filter((channel) => channel.kind === "im").map(room);
    keyed(
      this.rooms,
      rooms,
      (one) => one.id,
      (one) => this.roomButton(one, icon(SIGNS[one.kind] ?? "hash"), one.name),
    );
    keyed(
      this.apps,
      [...direct, { id: "home", current: home }],
      (one) => one.id,
      (one) =>
        one.id === "home"
          ? h(
              "li",
              null,
              h(
                "button",
                {
                  type: "button",
                  class: "room",
                  "aria-current": one.current ? "page" : null,
                  "data-channel": "home",
                  onclick: () => this.openHome(),
                },
                icon("home"),
                h("span", null, "Home"),
              ),
            )
          : this.roomButton(one, icon("chat"), one.name),
    );
  }

  roomButton(channel, sign, name) {
    const label = channel.fresh ? `${name}, ${channel.fresh} new` : name;
    return h(
      "li",
      null,
      h(
        "button",
        {
          type: "button",
          class: channel.fresh ? "room fresh" : "room",
          "aria-current": channel.current ? "page" : null,
          "aria-label": label,
          "data-channel": channel.id,
          onclick: () => this.openRoom(channel.id),
        },
        sign,
        h("span", null, name),
        channel.fresh ? h("span", { class: "badge" }, String(channel.fresh)) : null,
      ),
    );
  }

  openRoom(channel) {
    this.place.set({ channel, home: null, thread: null });
    this.toEnd();
    this.composer.focus();
  }

  openHome() {
    this.place.set({ home: "1", thread: null });
    this.tell("open_home");
    this.homeView.focus();
  }

  // --- the open room --------------------------------------------------------------------------------------------------

  paintRoom() {
    const home = this.place.get("home") === "1";
    this.homeView.hidden = !home;
    this.scroller.hidden = home;
    this.composer.node.hidden = home;
    const channel = this.now.channels.find((one) => one.id === this.channelId);
    if (!channel) return;
    this.paintTitle(channel, home);
    if (home) return this.paintHome();
    const changed = this.drawn !== `${this.user}:${channel.id}`;
    const follow = changed || atEnd(this.scroller);
    const messages = (this.now.messages[channel.id] ?? []).filter(
      (message) => !message.thread_ts || message.thread_ts === message.ts,
    );
    if (changed) this.list.replaceChildren();
    this.drawn = `${this.user}:${channel.id}`;
    this.fill(this.list, messages, channel.id);
    redraw(
      (this.emptyNote ??= this.list.parentElement.insertBefore(h("div", { class: "empty" }), this.list)),
      messages.length ? "" : `${channel.id}`,
      () => (messages.length ? [] : emptyWords(channel)),
    );
    this.composer.aim(channel.kind === "im" ? `Message ${channel.name}` : `Message #${channel.name}`);
    if (follow) this.toEnd();
    else if (channel.unread) this.newer.hidden = false;
  }

  paintTitle(channel, home) {
    redraw(this.title, JSON.stringify([channel.id, home, this.now.connected]), () => [
      home || channel.kind === "im"
        ? h("span", { class: "avatar bot", "aria-hidden": "true" }, "si")
        : icon(SIGNS[channel.kind] ?? "hash"),
      h("h2", null, home ? `${this.botName()} · Home` : channel.name),
      channel.kind === "shared" ? h("span", { class: "tag" }, "shared with another company") : null,
      channel.kind === "im" || home
        ? h(
            "span",
            { class: this.now.connected ? "presence on" : "presence" },
            this.now.connected ? "connected" : "not connected",
          )
        : null,
    ]);
  }

  botName() {
    return this.now.channels.find((channel) => channel.kind === "im")?.name ?? "spend-intacct";
  }

  paintHome() {
    redraw(this.homeView, JSON.stringify([this.user, this.now.home]), () =>
      this.now.home
        ? blockNodes(this.now.home.blocks, this.surface({ view_id: this.now.home.id }, `home:${this.user}`))
        : [
            h(
              "div",
              { class: "empty" },
              h("strong", null, "Nothing here yet"),
              h("span", null, "The bot fills this page when it is opened."),
            ),
          ],
    );
  }

  fill(list, messages, channel) {
    keyed(
      list,
      withDays(messages, this.now.users, this.names.users),
      (item) => item.key,
      (item) =>
        messageNode(item, {
          surface: (message) => this.surface({ channel, ts: message.ts }, `${this.user}:${channel}:${message.ts}`),
          people: this.names,
          openThread: list === this.list ? (ts) => this.place.set({ thread: ts }) : null,
        }),
    );
  }

  async send(text, thread = null) {
    if (text.startsWith("/") && !thread) return this.tell("command", { text, channel: this.channelId });
    return this.tell("say", { text, channel: this.channelId, ...(thread ? { thread_ts: thread } : {}) });
  }

  surface(where, key) {
    if (!this.values.has(key)) this.values.set(key, {});
    const values = this.values.get(key);
    return {
      people: this.names,
      directory: { users: this.now.users, channels: this.now.channels },
      values,
      attributes: where.ts ? { "data-ts": where.ts } : {},
      act: (action) => this.click({ ...where, ...action, values }),
      options: async (block_id, action_id, query) => {
        const answer = await control("slack", "options", { user: this.user, ...where, block_id, action_id, query });
        if (answer.error) throw new Error("The app did not answer.");
        return answer;
      },
    };
  }

  /** Slack shows a warning sign beside a button whose click the app did not acknowledge; so does this, in words. */
  async click(action) {
    const answer = await this.tell("click", action);
    if (answer && !answer.acked)
      toast(`${this.botName()} did not answer within three seconds. Nothing was lost in Slack; try again.`);
  }

  // --- what is new ----------------------------------------------------------------------------------------------------

  toEnd() {
    requestAnimationFrame(() => {
      this.scroller.scrollTop = this.scroller.scrollHeight;
      this.markSeen();
    });
  }

  markSeen() {
    if (this.now?.me !== this.user) return; // the rooms of whoever acted before are still on the screen
    const channel = this.now?.channels.find((one) => one.id === this.channelId);
    if (!channel || this.scroller.hidden || document.hidden || !atEnd(this.scroller)) return;
    this.newer.hidden = true;
    if (!channel.unread) return;
    channel.unread = 0;
    this.tell("read", { channel: channel.id });
  }

  /** Screen readers hear each new message as its fallback text, as in Slack; and what became of a conversation's last one. */
  announceNews() {
    for (const channel of this.now.channels) {
      const last = (this.now.messages[channel.id] ?? []).at(-1);
      const key = `${this.user}:${channel.id}`;
      const before = this.announced.get(key);
      const now = channel.kind === "im" ? `${last?.ts} ${last?.text}` : (last?.ts ?? "0");
      this.announced.set(key, now);
      if (before === undefined || !last || now === before || last.user === this.user) continue;
      announce(`${this.names.users[last.user] ?? last.user} in ${channel.name}: ${last.text ?? ""}`);
    }
  }
}

function emptyWords(channel) {
  if (channel.kind === "im")
    return [
      h("strong", null, `This is your conversation with ${channel.name}`),
      h("p", null, "Type ", h("code", null, "/intacct setup"), " below to begin."),
    ];
  return [
    h("strong", null, `#${channel.name} is quiet`),
    h("span", null, "A good sync says nothing here. Only what needs someone does."),
  ];
}

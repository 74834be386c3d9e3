// The next step of the story in one line, read from the state of the three systems.
import { add, h, redraw } from "./dom.js";
import { totals } from "./hero.js";

const HIDDEN = "coach-hidden";

/** In order; the first whose `due` holds is shown. `go` leads there: {screen} in Intacct, {channel}, {home} or {spend}. */
const STEPS = [
  {
    part: "Start",
    due: (w) => !w.slack.connected,
    words: (w) => [
      w.drills.bot.wanted
        ? "The bot is starting and will connect to Slack in a moment."
        : "No bot is connected yet. Start one with the environment that the terminal printed.",
    ],
  },
  {
    part: "Set-up",
    due: (w) => !w.begun,
    words: () => ["Type ", code("/intacct setup"), " in the direct message with spend-intacct, and press Enter."],
    go: { dm: true },
  },
  {
    part: "Set-up",
    due: (w) => w.onlyPending,
    words: () => [
      "The pop-up is saved, the page is not. In Company > Setup > Company > Security, press Save once more. Or let the bot check first, and see what it says.",
    ],
    go: { screen: "security" },
  },
  {
    part: "Drill",
    due: (w) => w.posted && !w.letIn,
    words: () => [
      "The app is shut out. In Company > Setup > Company > Security > Edit, set its sender ID to Active, Save, and Save the page; then press Check and resume in #finance-cards.",
    ],
    go: { screen: "security" },
  },
  {
    part: "Set-up",
    due: (w) => !w.letIn,
    words: (w) => [
      "Answer the first question (One entity, for Portland). Then let the app in: Company > Setup > Company > Security > Edit > Add ",
      code(w.drills.keys.sender_id),
      ", Save.",
    ],
    go: { screen: "security" },
  },
  {
    part: "Set-up",
    due: (w) => !w.user,
    words: () => [
      "Make the Web Services user ",
      code("Spendcenter"),
      ": type Business, admin privileges Full. Its password comes by mail.",
    ],
    go: { screen: "users" },
  },
  {
    part: "Set-up",
    due: (w) => !w.permitted,
    words: () => ["Give the user its permissions: Company > Admin > Roles > Add, then the user's Roles information."],
    go: { screen: "roles" },
  },
  {
    part: "Set-up",
    due: (w) => !w.card && !w.account,
    words: () => ["Enter the password from the Mail in Slack, then let the bot create the liability account."],
    go: { screen: "mail" },
  },
  {
    part: "Set-up",
    due: (w) => !w.card,
    words: () => [
      "Make the card: switch to 100 Portland at the top of the Intacct panel, then Cash Management > Setup > Accounts > Credit card > Add. The step in Slack ticks itself.",
    ],
    go: { screen: "cards" },
  },
  {
    part: "Set-up",
    due: (w) => !w.posted,
    words: () => [
      "Finish the set-up in Slack: Spend Center's token is under API access. Look at the preview, then post.",
    ],
    go: { spend: "token" },
  },
  {
    part: "Alerts",
    due: (w) => w.difference !== 0 && w.posted && w.cards < 2,
    words: () => [
      "Some transactions wait in #finance-cards. Act as Lee and solve the first alert by one choice; then connect Denver from the bot's Home.",
    ],
    go: { channel: "C0FINANCE" },
  },
  {
    part: "Denver",
    due: (w) => w.difference !== 0 && w.entities < 2,
    words: () => ["Finish Denver's set-up in Slack: the same Spend Center again, the preview, then post."],
    go: { dm: true },
  },
  {
    part: "Alerts",
    due: (w) => w.difference !== 0,
    words: () => [
      "Solve what is left in #finance-cards, in Slack or on the Intacct side, until the difference is 0.00.",
    ],
    go: { channel: "C0FINANCE" },
  },
  {
    part: "Proof",
    due: (w) => !w.dropped,
    words: () => [
      "The ledgers agree. One more thing that happens in real life: arm “Drop the line after Intacct saved”, add a transaction, and type ",
      code("/intacct sync Portland"),
      ".",
    ],
    go: { drills: true },
  },
  {
    part: "Proof",
    due: () => true,
    words: () => [
      "The ledgers agree, and what met a dropped line posted once. Another drill: withdraw the authorization, add a transaction, sync; one alert tells it, however many wait.",
    ],
    go: { drills: true },
  },
];

const code = (text) => h("code", null, text);

export class Coach {
  constructor(root, place, workspace) {
    Object.assign(this, { root, place, workspace });
    add(root);
  }

  show(world) {
    if (!world.slack || !world.intacct || !world.spend || !world.drills || sessionStorage.getItem(HIDDEN)) return;
    const facts = { ...world, ...derived(world) };
    const index = STEPS.findIndex((step) => step.due(facts));
    const step = STEPS[index];
    this.root.hidden = false;
    redraw(this.root, JSON.stringify([index, facts.drills.bot.wanted]), () => [
      h("span", { class: "step" }, step.part),
      h("p", { role: "status" }, step.words(facts)),
      step.go
        ? h("button", { type: "button", class: "button small", onclick: () => this.lead(step.go) }, "Take me there")
        : null,
      h("button", { type: "button", class: "button small", onclick: () => this.hide() }, "Hide tips"),
    ]);
  }

  lead(go) {
    if (go.screen) this.place.set({ panel: "intacct", side: "intacct", screen: go.screen });
    if (go.spend) this.place.set({ panel: "spend", side: "spend", spend: go.spend });
    if (go.drills) document.getElementById("drills-button").click();
    if (go.channel) this.toRoom(go.channel);
    if (go.dm) this.toRoom(this.workspace.now.channels.find((channel) => channel.kind === "im").id);
  }

  toRoom(channel) {
    this.place.set({ panel: "slack" });
    this.workspace.openRoom(channel);
  }

  hide() {
    sessionStorage.setItem(HIDDEN, "1");
    this.root.hidden = true;
  }
}

function derived({ slack, intacct, spend, drills }) {
  const sender = drills.keys.sender_id;
  const user = intacct.users.find((one) => one.WEBSERVICES);
  const { spent, owed } = totals({ intacct, spend });
  return {
    begun:
      Object.values(slack.messages).some((messages) => messages.some((message) => message.bot)) ||
      Object.keys(intacct.authorized).length > 0,
    letIn: intacct.authorized[sender] === "active",
    onlyPending: intacct.authorized[sender] !== "active" && sender in intacct.pending_authorizations,
    user,
    permitted:
      user &&
      (user.permissions === "user"
        ? Object.keys(user.rights ?? {}).length > 0
        : user.ROLES.some((role) => role in intacct.roles)),
    account: intacct.objects.GLACCOUNT.some((one) => one.TITLE.startsWith("Spend Center")),
    card: intacct.objects.CREDITCARD.length > 0,
    cards: intacct.objects.CREDITCARD.length,
    posted: intacct.ledger.count > 0,
    entities: Object.keys(intacct.entities).length,
    dropped: intacct.faults.fired.drop_after_commit > 0,
    difference: spent - owed,
  };
}

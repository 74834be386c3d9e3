// Wires the page: panels, the stream of changes, and what is derived from all three systems.
import { fresh, listen, state } from "./api.js";
import { Coach } from "./coach.js";
import { Drills } from "./drills.js";
import { Hero } from "./hero.js";
import { Books } from "./intacct.js";
import { Place } from "./place.js";
import { Workspace } from "./slack.js";
import { SpendCenter } from "./spend.js";

const place = new Place();
const world = { slack: null, intacct: null, spend: null, drills: null };
const hero = new Hero();
const books = new Books(document.getElementById("intacct"), place);
const spend = new SpendCenter(document.getElementById("spend"), place);
const drills = new Drills(document.getElementById("drills-button"));
const workspace = new Workspace(document.getElementById("slack"), place, (value) => derive("slack", value));
const coach = new Coach(document.getElementById("coach"), place, workspace);

const refresh = {
  slack: fresh(
    () => workspace.load(),
    (value) => workspace.show(value),
  ),
  intacct: fresh(
    () => books.load(),
    (value) => {
      books.show(value);
      derive("intacct", value);
    },
    60,
  ),
  spend: fresh(
    () => spend.load(),
    (value) => {
      spend.show(value);
      derive("spend", value);
    },
    60,
  ),
  drills: fresh(
    () => state("drills"),
    (value) => {
      drills.show(value);
      derive("drills", value);
    },
  ),
};
workspace.refresh = refresh.slack;
books.refresh = refresh.intacct;
spend.refresh = refresh.spend;

/** Drills read the simulators' state, so they are asked again whenever one of those changed. */
function changed(name) {
  refresh[name]?.();
  if (name !== "drills") refresh.drills();
}

function derive(name, value) {
  world[name] = value;
  hero.show(world);
  coach.show(world);
  spend.know(world);
  books.know(world);
  showStatus();
}

let online = true;

function showStatus() {
  const node = document.getElementById("status");
  const [kind, text] = statusWords();
  if (node.textContent !== text) node.textContent = text;
  node.dataset.kind = kind;
}

function statusWords() {
  if (!online) return ["off", "The sandbox has stopped. Start it again in the terminal."];
  if (world.slack?.connected) return ["on", "Bot connected"];
  if (!world.drills) return ["wait", "Starting…"];
  const { bot } = world.drills;
  if (!bot.wanted) return ["wait", "No bot started"];
  return bot.running ? ["wait", "Bot is starting"] : ["off", "Bot stopped, starting again"];
}

listen(changed, (open) => {
  online = open;
  showStatus();
});

// --- panels -----------------------------------------------------------------------------------------------------------

const tabs = [...document.querySelectorAll("[role=tab]")];

function showPanel() {
  const side = place.get("side") ?? "intacct";
  const panel = place.get("panel") ?? "slack";
  document.body.dataset.side = side;
  document.body.dataset.panel = panel;
  const narrow = matchMedia("(max-width: 1080px)").matches;
  for (const tab of tabs) {
    const on = tab.dataset.panel === (narrow ? panel : side);
    tab.setAttribute("aria-selected", String(on));
    tab.tabIndex = on ? 0 : -1;
  }
}

function choose(tab) {
  const panel = tab.dataset.panel;
  place.set({ panel, ...(panel === "slack" ? {} : { side: panel }) });
}

for (const tab of tabs) {
  tab.addEventListener("click", () => choose(tab));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const shown = tabs.filter((one) => one.offsetParent);
    const next = shown[(shown.indexOf(tab) + step + shown.length) % shown.length];
    choose(next);
    next.focus();
  });
}
place.follow(showPanel);
addEventListener("resize", showPanel);
showPanel();

// The two totals and their difference, which falls to 0.00.
import { cents, money } from "./format.js";
import { owed } from "./ledger.js";

const RUN = 900;
const calm = matchMedia("(prefers-reduced-motion: reduce)");

class Figure {
  constructor(id) {
    this.node = document.getElementById(id);
    this.shown = null;
  }

  /** Counts from what is shown to `target`, easing out; at once the first time and for people who want no motion. */
  to(target) {
    if (target === this.target) return;
    this.target = target;
    if (this.shown === null || calm.matches || document.hidden) {
      this.draw(target);
      return;
    }
    const from = this.shown;
    const begun = performance.now();
    const step = (now) => {
      if (this.target !== target) return;
      const part = Math.min(1, (now - begun) / RUN);
      this.draw(part === 1 ? target : Math.round(from + (target - from) * (1 - (1 - part) ** 3)));
      if (part < 1) requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  draw(amount) {
    this.shown = amount;
    this.node.textContent = money(amount);
  }
}

export class Hero {
  constructor() {
    this.spend = new Figure("spend-total");
    this.intacct = new Figure("intacct-total");
    this.difference = new Figure("difference");
    this.box = document.getElementById("difference-box");
    this.meter = document.getElementById("meter");
  }

  show(world) {
    if (!world.spend || !world.intacct) return;
    const { spent, owed } = totals(world);
    this.spend.to(spent);
    this.intacct.to(owed);
    this.difference.to(spent - owed);
    this.box.classList.toggle("agreed", spent === owed);
    this.meter.style.width = `${spent ? Math.max(0, Math.min(100, (owed / spent) * 100)) : 0}%`;
    document.title = `${spent === owed ? "Agreed" : `${money(spent - owed)} apart`} · Harbor & Pine sandbox`;
  }
}

export function totals(world) {
  return { spent: cents(world.spend.totals.amount), owed: owed(world.intacct) };
}

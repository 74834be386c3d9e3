"""A vendor created or set to active by two people: the form that asks, the message that wants a second person, what became of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import slackblocks as sb

from bot.hints.catalogue import hint_for
from bot.intacct.vendors import LONGEST_ID, LONGEST_NAME
from bot.store.vendors import AGREED, ASKED, Request
from bot.sync.alerts import AlertView, place
from bot.sync.vendors import DECLINED, DISCONNECTED, OFF, OLD, OLD_AFTER, REFUSED, SOLVED, THERE, WRITTEN, Plan
from handlers.ui.blocks import Json, actions, alert, button, context, message, modal, section, typed
from handlers.ui.text import count, esc, plain

MENU, FORM, AGREE, DECLINE = "vendor", "vendor.form", "vendor.agree", "vendor.decline"
"""The menu's line, callback id of the form, action ids of the buttons."""

CREATE, ACTIVATE = "Create a vendor", "Set a vendor to active"

NOTHING = {
    OFF: "creating vendors and setting them to active was switched off meanwhile.",
    SOLVED: "no transaction waits for it any more.",
    OLD: "it was asked for more than 7 days ago. It can be asked for again from the alert's menu.",
    DISCONNECTED: "this connection was ended.",
}
"""Why nothing was written; follows "Nothing was written: "."""

NOT_KNOWN = "Whether Intacct took it is not known: look at the vendor under Accounts Payable > Vendors."


def menu_line(view: AlertView, vendor: str) -> str:
    """What the alert's menu offers. Of a vendor that Intacct only calls invalid, nobody knows yet whether it is there."""
    named = plain(vendor, 30)
    if hint_for(view.verdict).key == "vendor-inactive":
        return f"Set vendor {named} to active…"
    return f"Create vendor {named} or set it to active…"


def looking(vendor: str) -> Json:
    """Stands until Intacct has answered."""
    return modal("Vendor", [section(f"Looking at vendor {_safe(vendor)} in Intacct…", "looking")], close="Close")


def form(view: AlertView, plan: Plan, problem: str = "") -> Json:
    """Exactly what will be written; for a new vendor, ID and name to type."""
    blocks: list[sb.Block] = [alert(problem, "problem")] if problem else []
    where = esc(plain(place(view.connection), 80)) if view.connection and view.connection.entity_id else ""
    if plan.creates:
        scope = f", for {where} only" if where else ", for the whole company"
        blocks += [
            section(f"A new vendor in Intacct{scope}: active, with an ID and a name and nothing else.", "what"),
            typed("vendor_id", "Vendor ID", initial=plan.vendor, most=LONGEST_ID, hint=_other_id(view)),
            typed("name", "Name", initial=plan.name, most=LONGEST_NAME),
        ]
    else:
        lines = [
            f"*Vendor {_safe(plan.vendor)} {_safe(plan.name)}*",
            *(_change(tag, *plan.changes[tag]) for tag in plan.changes),
        ]
        blocks.append(section("\n".join(lines), "what"))
    blocks.append(
        context(
            "This writes nothing yet: it goes into the alert's thread, where a second person has to agree. Then it is "
            f"written once, with both names on record, and {count(view.n, 'transaction')} {'is' if view.n == 1 else 'are'} posted again.",
            "note",
        )
    )
    title = CREATE if plan.creates else ACTIVATE
    metadata = f"{view.alert.id}:{agreed_on(plan)}"
    return modal(title, blocks, callback=FORM, submit="Ask a second person", metadata=metadata)


def agreed_on(plan: Plan) -> str:
    """What the form showed, so that nothing else is asked for: `create`, `status=inactive`, `onhold=true,status=inactive`."""
    return ",".join(f"{tag}={old}" for tag, (old, _) in sorted(plan.changes.items())) or "create"


def _other_id(view: AlertView) -> str:
    said = view.verdict.detail("vendor")
    named = f"These transactions name {plain(said, 60)}; with another ID they are posted with that. " if said else ""
    return f"{named}Letters, digits, dots, dashes and underscores."


def _change(tag: str, old: str, new: str) -> str:
    if tag == "status":
        return f"Status: {old} → {new}"
    return f"On hold: {'yes' if old == 'true' else 'not shown by Intacct'} → no"


def request(of: Request) -> Json:
    """The message in the thread: who wants what, and the buttons, or what became of it."""
    asks = f"{esc(plain(of.first.name, 80))} asks to {_deed(of)}."
    if of.stage == ASKED:
        text = f"{asks} A second person must agree."
        agree = button("Agree", AGREE, of.id, style="primary", aloud=f"Agree to vendor {plain(of.vendor, 40)}")
        no = button("Decline", DECLINE, of.id, aloud=f"Decline vendor {plain(of.vendor, 40)}")
        return message(text, [section(text, "asks"), actions("do", agree, no)])
    became = outcome(of)
    return message(f"{asks} {became}", [section(asks, "asks"), context(became, "became")])


def waits(lines: Sequence[Mapping[str, Any]], today: date) -> bool:
    """Whether a request in an alert's story is not over, and not too old to agree to."""
    over = {line.get("request") for line in lines if line.get("did") == "vendor"}
    asked = [line for line in lines if line.get("did") == "vendor ask" and line.get("request") not in over]
    return any(today - datetime.fromisoformat(str(line["at"])).date() <= OLD_AFTER for line in asked)


def outcome(of: Request) -> str:
    """What became of a request, with the name of the second person."""
    who = esc(plain(of.second.name, 80)) if of.second else ""
    agreed = f"Agreed by {who}; " if who else ""
    changes = set(of.changes)
    if of.stage in NOTHING:
        return NOT_KNOWN if of.sent else f"Nothing was written: {NOTHING[of.stage]}"
    if of.stage == DECLINED and of.second is not None and of.second.user == of.first.user:
        return f"Taken back by {who}; nothing was written."
    return {
        AGREED: f"{agreed}being written to Intacct.",
        WRITTEN: f"{agreed}{_done(changes)}.",
        THERE: f"{agreed}it was {_done(changes)} already, so nothing was written.",
        REFUSED: f"{agreed}Intacct did not take it.",
        DECLINED: f"Declined by {who}; nothing was written.",
    }[of.stage]


def _deed(of: Request) -> str:
    vendor = f"vendor {_safe(of.vendor)} {_safe(of.name)}"
    if of.creates:
        return f"create {vendor} in Intacct"
    if set(of.changes) == {"onhold"}:
        return f"take {vendor} off hold in Intacct"
    hold = " and take it off hold" if "onhold" in of.changes else ""
    return f"set {vendor} from inactive to active{hold} in Intacct"


def _done(changes: Collection[str]) -> str:
    """`created`, `set to active`, `taken off hold`."""
    if not changes:
        return "created"
    return "taken off hold" if set(changes) == {"onhold"} else "set to active"


def told(line: Mapping[str, Any], second: str, posted: str) -> str:
    """The sentence for the thread; empty where the message itself says it all.

    Args:
        line: the entry of the alert's story.
        second: who agreed, escaped.
        posted: what became of the transactions; empty when there were none.
    """
    vendor = f"{_safe(str(line.get('vendor', '')))} {_safe(str(line.get('name', '')))}"
    done = _done(line.get("changes") or [])
    after = f": {posted}" if posted else ""
    if line.get("outcome") == WRITTEN:
        first = _safe(str(line.get("asked_by", "")))
        return f"Vendor {vendor} is {done} in Intacct; {first} asked, {second} agreed{after}."
    if line.get("outcome") == THERE:
        return f"Vendor {vendor} was {done} in Intacct already, so nothing was written{after}."
    if line.get("outcome") == REFUSED:
        why = esc(plain(str(line.get("why", "")), 900))
        return f"Vendor {vendor} was not {done}. Intacct says: {why} {esc(plain(str(line.get('way', '')), 500))}"
    return ""


def short(line: Mapping[str, Any]) -> str:
    """The deed in a few words; none where nothing was written."""
    return f"vendor {_safe(str(line['vendor']))} {_done(line['changes'])}" if line.get("outcome") == WRITTEN else ""


def _safe(text: str) -> str:
    return esc(plain(text, 100))

"""Rules as people read them: what each does, who made it, what it touched, and the way to switch it off."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import slackblocks as sb

from bot.models import Dimension
from bot.store.rules import Rule
from bot.store.runs import Event
from bot.sync.rules import in_order
from handlers.ui.alert_forms import Page, rows, turn
from handlers.ui.blocks import (
    Json,
    actions,
    alert,
    button,
    confirm,
    fitting,
    labelled,
    message,
    modal,
    option,
    section,
    typed,
)
from handlers.ui.text import clip, count, esc, plain, when

OFF, TOUCHED, EDIT = "rules.off", "rules.touched", "rules.edit"
VALUES, ACCOUNTS = "rules.values", "rules.accounts"
"""Action ids of the lists that are searched live in Intacct."""
ANY = "*"
"""What stands for every account in the list of accounts: a menu that was filled cannot be emptied."""
ANY_ACCOUNT = "Every account"
PAGES = re.compile(r"rules\.page\.(?:back|on)")

NONE = "There is no rule yet. When you choose a value in an alert, it can be kept as a rule for the ones to come."
ORDER = (
    "They are asked in this order: the narrowest first, of equally narrow ones the newest. A rule fills what is missing "
    "or what Intacct refuses, and never replaces a coding that Intacct takes."
)


@dataclass(frozen=True, slots=True)
class Listed:
    """A rule beside where it applies, how many postings it touched, and the rule that is asked instead of it, if any."""

    rule: Rule
    place: str
    zone: str
    touched: int
    instead_of_it: Rule | None


def listed(found: Sequence[Listed]) -> Json:
    """`/intacct rules`: those in use first, each connection's in the order in which they are asked."""
    if not found:
        return message(NONE, [section(NONE, "none")])
    active = sum(one.rule.off is None for one in found)
    text = f"{count(len(found), 'rule')}, {active:,} in use."
    groups: list[list[sb.Block]] = [[section(f"*{text}* {ORDER}", "order")]]
    places = {one.rule.id: one for one in found}
    asked = [places[rule.id] for rule in in_order([one.rule for one in found])]
    groups += [_one(one) for one in sorted(asked, key=lambda one: (one.rule.off is not None, one.place))]
    return fitting(text, groups, "And {n:,} more.")


def _one(one: Listed) -> list[sb.Block]:
    rule = one.rule
    said = [f"*{rule.name}* · {esc(plain(one.place, 80))}", does(rule)]
    made = f"{esc(plain(rule.made_by, 60))}, {when(rule.made, one.zone)}"
    if rule.off is not None:
        made += f" · switched off by {esc(plain(rule.off_by, 60))}, {when(rule.off, one.zone)}"
    said.append(f"{made} · touched {count(one.touched, 'transaction')}")
    if one.instead_of_it is not None:
        other = one.instead_of_it
        said.append(f"Never asked: {other.name} is newer and says {esc(plain(other.value, 60))} for the same.")
    buttons = [button("What it touched", TOUCHED, str(rule.id), aloud=f"What {rule.name} touched")]
    if rule.off is None:
        buttons.append(button("Edit…", EDIT, str(rule.id), aloud=f"Edit {rule.name}"))
        ask = confirm(f"Switch off {rule.name}?", "What was posted with it stays as it is.", "Switch off")
        buttons.append(button("Switch off", OFF, str(rule.id), confirm=ask, aloud=f"Switch off {rule.name}"))
    return [section("\n".join(said), f"rule.{rule.id}"), actions(f"rule.{rule.id}.do", *buttons)]


def does(rule: Rule) -> str:
    """`Account 6420 without a department: department 20`."""
    name = Dimension(rule.dimension).sentence
    value = esc(plain(rule.value, 60))
    parts = [f"of {esc(plain(rule.merchant, 80))}"] if rule.merchant else []
    if rule.account:
        parts.append(f"on account {esc(plain(rule.account, 60))}")
    parts.append(f"with {name} {esc(plain(rule.instead, 60))}" if rule.instead else f"without {_a(name)}")
    return f"Transactions {' '.join(parts)}: {name} {value}"


def _a(name: str) -> str:
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


@dataclass(frozen=True, slots=True)
class Past:
    """What happened to a rule, newest first, and the names of those who did it by user id; `written` is a sentence."""

    events: Sequence[Event] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    zone: str = "UTC"
    written: str = ""


def touched(rule: Rule, page: Page, base: str, past: Past) -> Json:
    """The transactions that stand in Intacct with what a rule filled; `base` is the currency of the books."""
    first = f"*{rule.name}* · {does(rule)}\n{count(page.n, 'transaction')} posted with it. {past.written}".rstrip()
    blocks = [section(first, "rule"), *_history(rule, past), *rows(page, base)]
    return modal(f"Rule {rule.name}", [*blocks, *turn(page, "rules.page", str(rule.id))], close="Close")


def _history(rule: Rule, past: Past) -> list[sb.Block]:
    """Who did what, and when; the making last."""
    lines = [
        f"{esc(plain(past.names.get(one.actor, ''), 60))} · {when(one.at, past.zone)} · {esc(plain(one.text, 300))}"
        for one in past.events[:5]
    ]
    lines.append(f"{esc(plain(rule.made_by, 60))} · {when(rule.made, past.zone)} · Made it.")
    return [section("\n".join(lines), "history")]


# --- editing ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Meets:
    """The rules that speak for some of the same transactions and say otherwise: asked before an edited one, and after."""

    before: Sequence[Rule] = ()
    after: Sequence[Rule] = ()


def edit(rule: Rule, where: str, seen: str, *, problem: str = "", meets: Meets | None = None) -> Json:
    """The form; with `meets` it shows what the rule would stand beside, and asks once more. `seen` goes with the form."""
    name = Dimension(rule.dimension).sentence
    blocks: list[sb.Block] = [alert(problem, "problem", "warning")] if problem else []
    blocks.append(section(f"*{rule.name}* · {esc(plain(where, 80))}\n{does(rule)}", "rule"))
    blocks.append(labelled("value", f"Then take this {name}", _menu(VALUES, rule.value, f"Search {name}s in Intacct")))
    if rule.dimension != Dimension.GL_ACCOUNT:
        chosen = rule.account or ANY_ACCOUNT
        blocks.append(labelled("account", "Only on account", _menu(ACCOUNTS, chosen, "Search accounts in Intacct")))
    hint = "As it stands on the transactions. Empty: of every merchant."
    blocks.append(typed("merchant", "Only of merchant", initial=rule.merchant, hint=hint, optional=True, most=255))
    too = option("Write what it fills to Spend Center too", "yes")
    box = sb.CheckboxGroup(action_id="picked", options=[too], initial_options=[too] if rule.writes_back else None)
    blocks.append(labelled("write_back", "Spend Center", box, optional=True))
    if meets is not None:
        blocks += _meeting(rule, meets)
    return modal(f"Edit {rule.name}", blocks, callback=EDIT, submit="Save", metadata=seen)


def _menu(action: str, chosen: str, searched: str) -> sb.ExternalSelectMenu:
    initial = option(chosen, ANY if chosen == ANY_ACCOUNT else clip(chosen, 150))
    words = sb.PlainText(searched)
    return sb.ExternalSelectMenu(action_id=action, initial_option=initial, placeholder=words, min_query_length=0)


def _meeting(rule: Rule, meets: Meets) -> list[sb.Block]:
    lines = [f"{one.name} is asked before it. {does(one)}" for one in meets.before[:5]]
    lines += [f"{one.name} is asked after it. {does(one)}" for one in meets.after[:5]]
    said = section("*Other rules speak for some of the same transactions:*\n" + "\n".join(lines), "meets")
    sure = sb.CheckboxGroup(action_id="picked", options=[option(f"Save {rule.name} beside them", "yes")])
    return [said, labelled("sure", "Save it like this", sure, optional=True)]


def narrowed(rule: Rule) -> str:
    """Why a rule cannot be kept like this: it would fill every line; empty when it can."""
    if rule.instead or rule.account or rule.merchant or rule.dimension == Dimension.LOCATION:
        return ""
    name = Dimension(rule.dimension).sentence
    return f"Name an account or a merchant: without one it would fill every line without {_a(name)}."


def changed(before: Rule, after: Rule) -> str:
    """What an edit did, in words for the history."""
    name = Dimension(before.dimension).sentence
    said = [f"{name} {before.value} became {after.value}"] if before.value != after.value else []
    if before.account != after.account:
        said.append(f"account {before.account or 'any'} became {after.account or 'any'}")
    if before.merchant != after.merchant:
        said.append(f"merchant {before.merchant or 'any'} became {after.merchant or 'any'}")
    if before.writes_back != after.writes_back:
        said.append(f"{'also' if after.writes_back else 'no longer'} written to Spend Center")
    text = ", ".join(said)
    return f"{text[:1].upper()}{text[1:]}."


def saved(rule: Rule) -> str:
    name = f"{Dimension(rule.dimension).sentence} {rule.value}"
    return f"{rule.name} is saved: {name} from the next posting on. What was posted with it stays as it is."


def switched_off(rule: Rule) -> str:
    return f"{rule.name} is switched off. What was posted with it stays as it is."

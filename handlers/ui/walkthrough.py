"""The set-up's two messages, the checklist and the current step, rebuilt from the store every time they change."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import slackblocks as sb

from bot.models import Check, StepState
from bot.store.walkthroughs import FINISHED, Walkthrough
from bot.walkthrough import books, progress
from bot.walkthrough.steps import (
    ACCOUNT,
    CARD,
    CREDENTIALS,
    ENTITY,
    FINISH,
    LEAVE_OFF,
    NEEDED_BOXES,
    OPEN,
    PERMISSIONS,
    ROLE,
    SENDER,
    STEPS,
    USER,
    Facts,
)
from handlers.ui.blocks import Json, actions, button, code, confirm, context, message, section
from handlers.ui.text import clip, count, esc, money, person, when

WORDS = {
    StepState.TO_DO: "To do",
    StepState.TOLD: "Told, not checked yet",
    StepState.DONE: "Done",
    StepState.PROBLEM: "Problem",
}
CHECKING = "Checking… (sign-in, user, permissions)"


def key(walk: Walkthrough, step: int) -> str:
    """What a button carries: which set-up and which step."""
    return f"{walk.id}:{step}"


# --- the checklist ----------------------------------------------------------------------------------------------------


def checklist(walk: Walkthrough) -> Json:
    """Nine lines, a state each; the Company ID stays in sight, since test copies of a company look alike."""
    done = progress.done_count(walk)
    company = walk.answers.get("company_id")
    where = f"Company ID `{esc(clip(str(company), 60))}` · " if company else ""
    blocks: list[sb.Block] = [
        section("*Connect Spend Center to Sage Intacct*", "title"),
        context(f"{where}{done} of 9 checked", "progress"),
        *(_line(walk, number) for number in STEPS),
    ]
    return message(f"Set-up of Spend Center with Sage Intacct: {done} of 9 steps checked.", blocks)


def _line(walk: Walkthrough, number: int) -> sb.Block:
    state, said = progress.state_of(walk, number), progress.line_of(walk, number)
    now = number == walk.step and walk.state != FINISHED
    parts = [f"*{WORDS[state]}*" if state is not StepState.TO_DO or not now else "*Now*"]
    parts.append(f"*{number} {STEPS[number].title}*" if now else f"{number} {STEPS[number].title}")
    if asked := progress.assignee(walk, number):
        parts.append(f"asked {person(asked)}")
    if said and state is not StepState.TO_DO:
        parts.append(esc(clip(said, 160)))
    can_change = state is not StepState.TO_DO and not now and walk.state != FINISHED
    change = button("Change" if state is StepState.DONE else "Open", "walkthrough.change", key(walk, number))
    return section(" · ".join(parts), f"line{number}", change if can_change else None)


# --- the current step -------------------------------------------------------------------------------------------------


def step(
    walk: Walkthrough, number: int, facts: Facts, *, helper: bool = False, remark: str = "", busy: str = ""
) -> Json:
    """One step's card.

    Args:
        walk: the set-up as it stands.
        number: which step.
        facts: fills the texts.
        helper: for somebody who was asked to do this one step: no Back, no asking others.
        remark: a sentence about what was just tried, when it did not work.
        busy: shown instead of the buttons while something is under way.
    """
    one = STEPS[number]
    title = f"*{number} of 9 · {one.title}*"
    if helper:
        title = f"{person(walk.owner)} asks you to do one step of a set-up in Sage Intacct.\n{title}"
    blocks: list[sb.Block] = [section(title, "title")]
    text = esc(facts.fill(_text(walk, number)))
    if text:
        blocks.append(section(text, "text"))
    if _to_copy(walk, number):
        blocks += [code(facts.fill(value), f"copy{at}") for at, value in enumerate(one.values, 1)]
    checks = progress.checks_of(walk, number)
    told = [section("\n".join(_checked(check) for check in checks), "checks")] if checks else []
    extra = _extra(walk, number)
    blocks += [*told, *extra] if number == FINISH else [*extra, *told]  # what the buttons are about stands next to them
    if one.stuck and progress.state_of(walk, number) in (StepState.TO_DO, StepState.TOLD):  # a problem names itself
        stuck = " · ".join(esc(facts.fill(place)) for place in one.stuck)
        blocks.append(context(f"Where people get stuck: {stuck}", "stuck"))
    if remark:
        blocks.append(section(f"*{esc(remark)}*", "remark"))
    if busy:
        blocks.append(context(f"_{esc(busy)}_", "busy"))
    else:
        blocks += _buttons(walk, number, helper=helper)
    state = WORDS[progress.state_of(walk, number)].lower()
    wrong = next((check.sentence for check in checks if check.state is StepState.PROBLEM), "")
    said = remark or wrong or f"{state}."
    return message(esc(clip(f"Step {number} of 9, {one.title}: {said}", 400)), blocks)


def _text(walk: Walkthrough, number: int) -> str:
    answers = walk.answers
    if number == OPEN and answers.get("scope") == "unsure":
        return (
            "One set of books, one base currency: whole company. Separate books per subsidiary, or more than one base "
            "currency: one entity, one connection each.\n*Where does this card spend belong?*"
        )
    if number == FINISH and answers.get("preview") and progress.state_of(walk, FINISH) is StepState.DONE:
        return ""
    if number == ENTITY and answers.get("scope") == "top":
        return "This connection posts at the top level. Every line carries a location."
    if number == CREDENTIALS and progress.state_of(walk, CREDENTIALS) is StepState.DONE:
        return "The sign-in works. The password is kept encrypted; I show it to no one, also not to you."
    if number == ACCOUNT and answers.get("account"):
        return f"{STEPS[ACCOUNT].text} You chose {answers['account'].replace('{', '').replace('}', '')}."
    return STEPS[number].text


def _to_copy(walk: Walkthrough, number: int) -> bool:
    return number != CARD or progress.state_of(walk, CARD) is not StepState.DONE


def _checked(check: Check) -> str:
    """One line. The problem's word comes first, so that nobody has to tell colours apart."""
    sentence = esc(clip(check.sentence, 700))
    if check.state is StepState.PROBLEM:
        return f"• *Problem:* {sentence}"
    return f"• {sentence} · done" if check.state is StepState.DONE else f"• {sentence}"


# --- what stands in some steps only -----------------------------------------------------------------------------------


def _extra(walk: Walkthrough, number: int) -> list[sb.Block]:
    if number == PERMISSIONS:
        return _permissions(walk)
    if number == CREDENTIALS and (tested := progress.checked_at(walk, CREDENTIALS)):
        return [context(f"Tested {when(tested)}", "tested")]
    if number == ACCOUNT and walk.answers.get("account_by") == "self" and not walk.answers.get("account"):
        planned = books.account_words(books.planned_account("your choice", "your choice"))
        lines = "\n".join(f"• {name}: *{value}*" for name, value in planned)
        return [section(f"General Ledger > Accounts > Add:\n{lines}", "record")]
    if number == FINISH:
        return _ready(walk)
    return []


def _permissions(walk: Walkthrough) -> list[sb.Block]:
    kind, breadth = walk.answers.get("kind"), walk.answers.get("breadth", "needed")
    user = esc(clip(str(walk.answers.get("user_id", "")), 60))
    if walk.answers.get("show_me"):
        where = f"Company > Admin > Web Services users > {user}: tabs stand at the top of the page, beside “User information”."
        return [section(where, "show")]
    if not kind:
        return []
    if breadth == "all":
        role = f"Company > Admin > Roles > Add, name `{ROLE}`; for every application Permissions > All, under Activities/Lists and under Reports (not all have Reports) > Save."
        lines = [role if kind == "role" else "Subscriptions: for every application Permissions > All > Save."]
        if kind == "role":
            lines.append(
                f"Web Services users > {user} > Edit > Roles information: add *Administrator* and `{ROLE}` > Save."
            )
    else:
        lines = [f"*{application}*: {' · '.join(boxes)}" for application, boxes in NEEDED_BOXES]
        users = f"Company > Admin > Web Services users > {user}"
        way = f"Company > Admin > Roles > Add, name `{ROLE}` > Subscriptions > Permissions: tick what is below > Save."
        lines.insert(0, way if kind == "role" else f"{users} > Subscriptions > Permissions: tick what is below > Save.")
        lines.append(LEAVE_OFF)
        lines += [f"Then {users} > Edit > Roles information > add it > Save."] if kind == "role" else []
    return [section("\n".join(f"• {line}" for line in lines), "boxes")]


def _ready(walk: Walkthrough) -> list[sb.Block]:
    """The preview as it was kept: numbers and causes, and what nobody may be left to find out later."""
    seen = walk.answers.get("preview")
    if not seen or progress.state_of(walk, FINISH) is not StepState.DONE:
        return []
    currency = seen["currency"]
    total = money(Decimal(seen["total"]), currency, currency)
    lines = [f"*Ready.* {progress.done_count(walk)} of 9 checked. *Preview:* {seen['n']:,} would post ({total})"]
    if seen["causes"]:
        not_posting = sum(cause["n"] for cause in seen["causes"])
        lines[0] += f", {not_posting:,} would not:"
        lines += [
            f"• {esc(clip(cause['words'], 150))} · {money(Decimal(cause['total']), currency, currency)}"
            for cause in seen["causes"][:8]
        ]
    else:
        lines[0] += "."
    lines += [f"_{esc(clip(remark, 300))}_" for remark in seen.get("remarks", ())]
    lines.append("Nothing is posted until you press.")
    not_here = (
        f"Not part of this: paying the card, cash-back, statement fees, reimbursements. {_ledger(walk)} {_rights(walk)}"
    )
    return [section("\n".join(lines), "preview"), context(not_here.strip(), "not_here")]


def _ledger(walk: Walkthrough) -> str:
    """When a posting reaches the ledger, as far as Intacct tells it."""
    kept = str(walk.answers.get("summaries", ""))
    if "month" in kept:
        said = "Cash Management posts *monthly* summaries here: everything stands on the month's last day."
    elif kept:
        said = f"Cash Management posts its summaries here as set: {esc(clip(kept, 40))}."
    else:
        said = "Card summaries set to *monthly* in Cash Management put everything on the month's last day."
    several = " A cash book gets card spend only when the card is paid." if walk.answers.get("cash_book") else ""
    return said + several


def _rights(walk: Walkthrough) -> str:
    options = walk.answers.get("options", {})
    named = [words for key, words in (("correct", "correct"), ("retry", "retry")) if options.get(key)]
    if named:
        return f"You named who may {' and '.join(named)}; setting up stays with you."
    return (
        "You hold all three rights, set up, correct and retry; until you name who may, the members of the finance channel who "
        "are not guests may correct and retry too."
    )


# --- buttons ----------------------------------------------------------------------------------------------------------


def _buttons(walk: Walkthrough, number: int, *, helper: bool) -> list[sb.Block]:
    own = {
        OPEN: _open_buttons,
        USER: _user_buttons,
        PERMISSIONS: _permission_buttons,
        ENTITY: _entity_buttons,
        CREDENTIALS: _credential_buttons,
        ACCOUNT: _account_buttons,
        CARD: _card_buttons,
        FINISH: _finish_buttons,
    }.get(number)
    elements = list(own(walk) if own else ())
    value = key(walk, number)
    if number in (SENDER, USER, PERMISSIONS, CARD) or (number == ENTITY and walk.answers.get("scope") == "top"):
        again = progress.state_of(walk, number) is StepState.PROBLEM
        first = number in (SENDER, CARD, ENTITY) or (number == PERMISSIONS and walk.answers.get("kind"))
        label = "Check again" if again else "Done, check"
        check = button(label, "walkthrough.check", value, style="primary" if first else None)
        elements.insert(0 if first else 1, check)
    if not helper and number != OPEN:
        if number != FINISH:
            elements.append(button("Someone else does this", "walkthrough.hand_over", value))
        elements.append(button("Back", "walkthrough.back", value))
    return [actions("buttons", *elements)] if elements else []


def _open_buttons(walk: Walkthrough) -> Sequence[sb.Button]:
    value = key(walk, OPEN)
    found = [
        button("Whole company (top level)", "walkthrough.scope_top", value),
        button("One entity", "walkthrough.scope_entity", value),
    ]
    if walk.answers.get("scope") in ("top", "entity"):
        found.insert(0, button("Enter the Company ID", "walkthrough.company", value, style="primary"))
    else:
        found.append(button("Not sure", "walkthrough.unsure", value))
    return found


def _user_buttons(walk: Walkthrough) -> Sequence[sb.Button]:
    value = key(walk, USER)
    found = [
        button("Enter the password", "walkthrough.password", value, style="primary"),
        button("The e-mail went to someone else", "walkthrough.mail_elsewhere", value),
    ]
    if "expired" in progress.line_of(walk, USER):
        found.append(button("Change Company ID", "walkthrough.company", value))
    return found


def _permission_buttons(walk: Walkthrough) -> Sequence[sb.Button]:
    """One question; the boxes that are needed are shown at once, and both answers can be changed."""
    value, kind = key(walk, PERMISSIONS), walk.answers.get("kind")
    if not kind:
        return [
            button("By role", "walkthrough.by_role", value, style="primary"),
            button("By user", "walkthrough.by_user", value),
            button("Show me", "walkthrough.show_me", value),
        ]
    if walk.answers.get("breadth") == "all":
        boxes = button("Only what is needed", "walkthrough.needed", value)
    else:
        boxes = button("All on every module", "walkthrough.all_modules", value)
    if kind == "role":
        return [boxes, button("It is by user", "walkthrough.by_user", value)]
    return [boxes, button("It is by role", "walkthrough.by_role", value)]


def _entity_buttons(walk: Walkthrough) -> Sequence[sb.Button]:
    value = key(walk, ENTITY)
    wrong_level = any(check.key == "currencies" for check in progress.checks_of(walk, ENTITY))
    if walk.answers.get("scope") == "top" and not wrong_level:
        return []
    found = [button("Pick the entity", "walkthrough.entity", value, style="primary")]
    if walk.answers.get("entity_id"):
        found.append(button("Check again", "walkthrough.check", value))
    return found


def _credential_buttons(walk: Walkthrough) -> Sequence[sb.Button]:
    value = key(walk, CREDENTIALS)
    if progress.state_of(walk, CREDENTIALS) is StepState.DONE:
        return [
            button("Continue", "walkthrough.check", value, style="primary"),
            button("Update password", "walkthrough.password", value),
        ]
    return [
        button("Enter the password", "walkthrough.password", value, style="primary"),
        button("The e-mail went to someone else", "walkthrough.mail_elsewhere", value),
    ]


def _account_buttons(walk: Walkthrough) -> Sequence[sb.Button]:
    value = key(walk, ACCOUNT)
    if not walk.answers.get("account"):
        found = [
            button("Create it for me", "walkthrough.create_account", value, style="primary"),
            button("Use an existing one", "walkthrough.use_account", value),
        ]
        by_hand = walk.answers.get("account_by") == "self"
        return found if by_hand else [*found, button("I make it myself", "walkthrough.self_account", value)]
    found = []
    changes = progress.note(walk, ACCOUNT, "changes") or []
    if changes:
        number = walk.answers["account"]
        ask = confirm(f"Change account {number} in Intacct?", "\n".join(changes), "Change it")
        found.append(button("Change it for me", "walkthrough.mend_account", value, style="primary", confirm=ask))
    found.append(button("Check again", "walkthrough.check", value))
    found.append(button("Choose another", "walkthrough.use_account", value))
    found.append(button("Create one", "walkthrough.create_account", value))
    return found


def _card_buttons(walk: Walkthrough) -> Sequence[sb.Button]:
    return [button("Use an existing card", "walkthrough.use_card", key(walk, CARD))]


def _finish_buttons(walk: Walkthrough) -> Sequence[sb.Button]:
    value, answers = key(walk, FINISH), walk.answers
    if not answers.get("spend_company"):
        if not answers.get("spend_before"):
            return [button("Connect Spend Center", "walkthrough.spend", value, style="primary")]
        return [
            button(f"Use {answers['spend_before']} again", "walkthrough.spend_again", value, style="primary"),
            button("Connect another Spend Center", "walkthrough.spend", value),
        ]
    if not answers.get("mapping"):
        return [button("Match the fields", "walkthrough.fields", value, style="primary")]
    if not answers.get("start_date"):
        return [
            button("Choose start, channel and time", "walkthrough.choices", value, style="primary"),
            button("Match the fields again", "walkthrough.fields", value),
        ]
    change = button("Change something", "walkthrough.choices", value)
    fields = button("Match the fields again", "walkthrough.fields", value)
    if progress.state_of(walk, FINISH) is not StepState.DONE:
        again = button("Check again", "walkthrough.channel_again", value, style="primary")
        return [again, change, fields, button("Update token", "walkthrough.spend", value)]
    seen = answers.get("preview")
    if not seen:
        return [button("Preview", "walkthrough.preview", value, style="primary"), change, fields]
    label = f"Post the {seen['n']:,} now" if seen["n"] else "Start the schedule"
    start = button(label, "walkthrough.start", value, style="primary")
    each = [button("See each", "walkthrough.see_each", value)] if seen["causes"] else []
    return [start, *each, button("Preview again", "walkthrough.preview", value), change, fields]


# --- the end ----------------------------------------------------------------------------------------------------------


def finished(walk: Walkthrough, next_sync: str, channel: str) -> Json:
    """The last card: what happens from now on without anybody."""
    seen = walk.answers.get("preview") or {}
    said = f"Posting {count(int(seen.get('n', 0)), 'transaction')} now. " if seen.get("n") else ""
    text = f"*Done.* {said}Next sync: {next_sync}. Failures go to {channel}."
    blocks = [
        section(text, "done"),
        actions("buttons", button("Connect another entity", "walkthrough.another", key(walk, FINISH))),
    ]
    return message(
        f"Done. The sync of {esc(clip(str(walk.answers.get('entity_name') or 'the whole company'), 80))} is set up.",
        blocks,
    )


def mended(walk: Walkthrough) -> Json:
    """The last card of a set-up that was opened again for one step."""
    name = esc(clip(str(walk.answers.get("entity_name") or "the whole company"), 80))
    text = f"*Right again.* All nine steps of {name} are checked. The sync goes on and posts what waits."
    return message(f"All nine steps of {name} are right again.", [section(text, "done")])


def helped(walk: Walkthrough, number: int) -> Json:
    """What stays of the card of somebody whose step is done."""
    line = esc(clip(progress.line_of(walk, number), 300))
    text = f"*Done* · {number} {STEPS[number].title} · {line}\n{person(walk.owner)} sees the tick too."
    return message(f"Step {number}, {STEPS[number].title}, is done.", [section(text, "done")])

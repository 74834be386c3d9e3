"""The connection as the answers make it, the way back, and the verdict on step 9. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from bot.models import Check, Dimension, FieldMapping, Selector, StepState
from bot.store.connections import Company, Connection
from bot.store.rows import from_json
from bot.store.walkthroughs import Walkthrough
from bot.typed_values import amount, daily_time, kept_limit
from bot.walkthrough.checks import DONE, PROBLEM, joined

TO_DO = StepState.TO_DO

NAMED = 5
"""Budgets, cards or values that are named; the rest is counted."""


def native_last(walk: Walkthrough) -> date | None:
    """The newest day that Spend Center's own sync posted."""
    said = walk.answers.get("native_last")
    return date.fromisoformat(said) if said else None


def judge(walk: Walkthrough) -> list[Check]:
    """Step 9 from what was answered: each part done, missing or wrong."""
    answers = walk.answers
    if not answers.get("spend_company"):
        return [Check("spend", TO_DO, "Spend Center is not connected yet.")]
    count = answers.get("spend_cards", 0)
    found = [Check("spend", DONE, f"Connected to *{answers['spend_company_name']}*, {count} cards")]
    native, last = answers.get("native", 0), native_last(walk)
    start = date.fromisoformat(answers["start_date"]) if answers.get("start_date") else None
    if native and last and not (start and start > last):
        found.append(
            Check(
                "native",
                PROBLEM,
                f"Spend Center itself posted {native} transactions to Intacct in the last 30 days, the newest on "
                f"{last.day} {last:%b}. Switch that off first, or both will post. The start date must lie after the last "
                "of them.",
            )
        )
    fields = answers.get("fields", {})
    found += [
        Check(
            key,
            DONE,
            f"{Dimension(key).sentence.capitalize()} from *{one['name']}*: {one['found']} of {one['total']} values found in Intacct",
        )
        for key, one in fields.items()
    ]
    if not fields and answers.get("mapping"):
        named = [f"{_word(key)} from *{one['field']}*" for key, one in answers["mapping"].items() if one["field"]]
        found.append(Check("fields", DONE, f"Fields as they were: {joined(named) or 'set by the connection file'}"))
    elif not fields:
        found.append(Check("fields", TO_DO, "Which field carries the account is not chosen yet."))
    if not start:
        return [*found, Check("choices", TO_DO, "Start date, channel and time are not chosen yet.")]
    if answers.get("channel_problem"):
        found.append(Check("channel", PROBLEM, answers["channel_problem"]))
    elif answers.get("channel"):
        name = answers.get("channel_name")
        found.append(Check("channel", DONE, f"Failures go to {f'#{name}' if name else 'the finance channel'}"))
    found += [Check(key, DONE, said) for key, said in understood(selector_of(walk), answers).items()]
    time = daily_time(answers["schedule"])
    found.append(Check("schedule", DONE, f"From {start.day} {start:%b %Y}, daily at {time} ({answers['time_zone']})"))
    return found


def understood(selector: Selector, answers: Mapping[str, Any]) -> dict[str, str]:
    """Which transactions, when they post, and what waits for a receipt, as it was understood; by the check's key.

    Args:
        answers: of a set-up, or the same keys of a connection: spend_company_name, options, and `chosen`, which is what
            the selector picks in words, where it is known.
    """
    options, chosen = answers.get("options") or {}, [str(one) for one in answers.get("chosen") or ()]
    company = answers.get("spend_company_name") or "Spend Center"
    which = f"All transactions of {company}" if selector.all else f"Transactions of {_listed(selector, chosen)}"
    approved = options.get("wait_for_approval")
    above = kept_limit(options.get("receipts_above"))
    return {
        "which": which,
        "approval": "Posted once cleared and approved by its reviewer"
        if approved
        else "Posted once cleared, approved or not",
        "receipts": f"Above {_amount(above)} held until a receipt is there" if above else "Nothing waits for a receipt",
    }


def _listed(selector: Selector, chosen: Sequence[str]) -> str:
    if chosen:
        rest = f" and {len(chosen) - NAMED} more" if len(chosen) > NAMED else ""
        return f"{', '.join(chosen[:NAMED])}{rest}" if rest else joined(chosen)
    counts = ((selector.budgets, "budget"), (selector.cards, "card"), (selector.values, f"value of {selector.field}"))
    return joined(
        [f"{len(ids)} {word}{'' if len(ids) == 1 or 'value' in word else 's'}" for ids, word in counts if ids]
    )


def _amount(text: str) -> str:
    try:
        return f"{amount(text):,.2f}"
    except ValueError:
        return text[:20]


def _word(key: str) -> str:
    return Dimension(key).sentence if key in set(Dimension) else key


def selector_of(walk: Walkthrough) -> Selector:
    said = walk.answers.get("selector")
    return from_json(Selector, said) if said else Selector()


def answers_of(connection: Connection, company: Company) -> dict[str, Any]:
    """The answers that would lead to this connection: the way back from `columns`."""
    return {
        "scope": "entity" if connection.entity_id else "top",
        "company_id": company.company_id,
        "user_id": company.user_id,
        "entity_id": connection.entity_id,
        "entity_name": connection.entity_name,
        "card": connection.card,
        "account": connection.card_account,
        "location": connection.default_location,
        "channel": connection.channel,
        "schedule": connection.schedule,
        "time_zone": connection.time_zone,
        "start_date": connection.start_date.isoformat() if connection.start_date else "",
        "spend_company": connection.spend_company,
        "spend_company_name": connection.spend_company_name,
        "client_id": connection.client_id,
        "selector": connection.selector,
        "mapping": connection.mapping or {},
        "options": connection.options or {},
    }


def proposed(before: Connection) -> dict[str, Any]:
    """What a second connection of the same Spend Center company is offered of the first one's choices."""
    same = ("receipts_above", "wait_for_approval", "correct", "retry")
    return {
        "from": f"{before.entity_id} {before.entity_name}".strip() or before.name,
        "start_date": before.start_date.isoformat() if before.start_date else "",
        "schedule": before.schedule,
        "time_zone": before.time_zone,
        "channel": before.channel,
        "options": {key: value for key, value in (before.options or {}).items() if key in same},
    }


def columns(walk: Walkthrough) -> dict[str, Any]:
    answers = walk.answers
    mapping = {key: from_json(FieldMapping, one) for key, one in answers["mapping"].items()}
    return {
        "name": answers.get("entity_name") or answers.get("spend_company_name") or answers["company_id"],
        "entity_id": answers.get("entity_id", ""),
        "entity_name": answers.get("entity_name", ""),
        "card": answers.get("card", ""),
        "card_account": answers.get("account", ""),
        "default_location": answers.get("location", ""),
        "channel": answers.get("channel", ""),
        "schedule": answers.get("schedule", ""),
        "time_zone": answers.get("time_zone", ""),
        "start_date": date.fromisoformat(answers["start_date"]),
        "spend_company": answers["spend_company"],
        "spend_company_name": answers["spend_company_name"],
        "spend_token": walk.spend_token,
        "client_id": answers.get("client_id", ""),
        "client_secret": walk.client_secret,
        "selector": selector_of(walk),
        "mapping": mapping,
        "options": dict(answers.get("options", {})),
    }

"""The settings of a connection, and its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import slackblocks as sb

from bot.store.connections import Company, Connection
from bot.store.postings import Posting
from bot.sync.alerts import place
from bot.sync.posting_day import spelled
from bot.sync.remove import Removed
from bot.typed_values import clock_time, daily_time, kept_limit
from bot.walkthrough.draft import understood
from handlers.ui.blocks import Json, actions, alert, button, context, labelled, modal, option, section, typed
from handlers.ui.text import clip, count, esc, money

AT_ONCE = ("1", "2", "3", "4", "6", "8")
VENDORS, NO_VENDOR = "settings.vendors", "*"
"""Action id of the list that is searched live in Intacct, and what stands for none: a filled menu cannot be emptied."""
PUBLIC = "Everyone in the company can read merchants, names and amounts in that channel. Tick the box, or pick another."


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form: texts and picked people by block id."""

    texts: Mapping[str, str]
    people: Mapping[str, Sequence[str]] = field(default_factory=dict)


def as_it_is(one: Connection, company: Company) -> Typed:
    daily = daily_time(one.schedule)
    texts = {
        "name": one.name,
        "channel": one.channel,
        "time": daily,
        "cron": "" if daily else one.schedule,
        "zone": one.time_zone,
        "receipts": kept_limit(one.option("receipts_above")),
        "vendor": str(one.option("fallback_vendor") or ""),
        "vendors": "yes" if one.option("vendors") else "",
        "late": "yes" if one.option("late_to_open_day") else "",
        "at_once": str(company.requests_at_once),
    }
    return Typed(texts, {key: one.option(key) or [] for key in ("correct", "retry")})


def settings(one: Connection, now: Typed, *, error: str = "", ask_public: bool = False) -> Json:
    """The form. What was typed before a refusal stays in it."""
    texts = now.texts
    blocks: list[sb.Block] = [alert(error, "error", "warning")] if error else []
    blocks.append(context(esc(clip(_as_set_up(one), 600)), "set_up"))
    blocks.append(typed("name", "Name", initial=texts.get("name", ""), most=80))
    blocks += _channel(texts.get("channel", ""), ask_public=ask_public)
    blocks += _schedule(texts)
    blocks += [_people(key, now.people.get(key, ())) for key in ("correct", "retry")]
    blocks += [
        _receipts(texts.get("receipts", "")),
        _vendor(texts.get("vendor", "")),
        _vendors(bool(texts.get("vendors"))),
        _late(bool(texts.get("late"))),
        _at_once(texts.get("at_once", "2")),
    ]
    blocks.append(actions("end", button("Disconnect…", "connection.disconnect", one.id, style="danger")))
    return modal("Settings", blocks, callback="connection.settings", submit="Save", metadata=one.id)


def _as_set_up(one: Connection) -> str:
    """What the set-up decided and this form does not change."""
    said = understood(one.selects(), {"spend_company_name": one.spend_company_name, "options": one.options})
    start = f"Start date {spelled(one.start_date)}" if one.start_date else "No start date yet"
    return f"{start}. {said['which']}. {said['approval']}."


def _channel(chosen: str, *, ask_public: bool) -> list[sb.Block]:
    menu = sb.ConversationSelectMenu(
        action_id="picked",
        initial_conversation=chosen or None,
        filter=sb.ConversationFilter(include=["private", "public"], exclude_external_shared_channels=True),
    )
    hint = "Where alerts go. Channels shared with other companies are not offered."
    found: list[sb.Block] = [labelled("channel", "Finance channel", menu, hint=hint)]
    if ask_public:
        sure = option("Everyone in the company may read this.", "yes")
        box = sb.CheckboxGroup(action_id="picked", options=[sure])
        found.append(labelled("public", "This channel is public", box, optional=True))
    return found


def _schedule(texts: Mapping[str, str]) -> list[sb.Block]:
    at = sb.TimePicker(action_id="picked", initial_time=clock_time(texts.get("time", "")) or None)
    return [
        labelled("time", "Daily at", at, optional=True),
        typed(
            "cron",
            "Or a schedule of your own",
            initial=texts.get("cron", ""),
            hint="Five fields: minute, hour, day, month, weekday. 0 7 * * mon-fri is 07:00 on working days. It goes before the "
            "daily time. Leave both empty to sync only when somebody asks.",
            optional=True,
            most=60,
        ),
        typed("zone", "Time zone", initial=texts.get("zone", ""), placeholder="America/Los_Angeles", most=60),
    ]


def _people(key: str, chosen: Sequence[str]) -> sb.Block:
    label = {"correct": "Who may correct", "retry": "Who may retry and sync"}[key]
    menu = sb.UserMultiSelectMenu(action_id="picked", initial_users=list(chosen) or None)
    hint = "Nobody corrects a transaction of their own card." if key == "correct" else ""
    return labelled(
        key,
        label,
        menu,
        hint=f"Nobody picked: the members of the finance channel who are not guests. {hint}".strip(),
        optional=True,
    )


def _receipts(amount: str) -> sb.Block:
    return typed(
        "receipts",
        "Hold above this amount until a receipt is there",
        initial=amount,
        hint="Leave it empty to post without waiting. Receipts are attached whenever they come.",
        optional=True,
        most=12,
    )


def _vendor(chosen: str) -> sb.Block:
    menu = sb.ExternalSelectMenu(
        action_id=VENDORS,
        initial_option=option(chosen, clip(chosen, 150)) if chosen else option("None", NO_VENDOR),
        placeholder=sb.PlainText("Search vendors in Intacct"),
        min_query_length=0,
    )
    hint = "Offered first where Intacct does not take a vendor."
    return labelled("vendor", "Fallback vendor", menu, hint=hint, optional=True)


def _vendors(allowed: bool) -> sb.Block:
    yes = option("Two people together may create one or set it to active.", "yes")
    box = sb.CheckboxGroup(action_id="picked", options=[yes], initial_options=[yes] if allowed else None)
    hint = (
        "From an alert's menu: one person asks, another one agrees in its thread, and only then is it written. The sync user "
        "needs Add and Edit on Vendors in Intacct. Unticked, this app changes no vendor."
    )
    return labelled("vendors", "Vendors that Intacct does not take", box, hint=hint, optional=True)


def _late(allowed: bool) -> sb.Block:
    yes = option("Post them on the first open day without asking.", "yes")
    box = sb.CheckboxGroup(action_id="picked", options=[yes], initial_options=[yes] if allowed else None)
    hint = (
        "Each keeps its own date in its description. Those that wait now go with the next sync. Unticked, an alert asks "
        "each time."
    )
    return labelled("late", "Transactions of a closed period", box, hint=hint, optional=True)


def _at_once(chosen: str) -> sb.Block:
    options = [option(one, one) for one in dict.fromkeys((*AT_ONCE, chosen))]
    menu = sb.StaticSelectMenu(
        action_id="picked", options=options, initial_option=next(one for one in options if one.value == chosen)
    )
    hint = "For the whole Intacct company. More is faster; your Intacct plan may allow two only."
    return labelled("at_once", "Requests to Intacct at once", menu, hint=hint)


def disconnected(removed: Removed, base: str) -> str:
    """What became of it, with what stays in doubt."""

    def amount(row: Posting) -> str:
        return money(row.amount, row.currency, base)

    return clip("\n".join(clip(one, 400) for one in removed.sentences(amount)), 1900)


def disconnect(one: Connection, company: Company, *, last: bool, waiting: int) -> Json:
    """What happens, before it happens."""
    name = esc(clip(place(one), 80))
    lines = [
        f"*Disconnect {name}?*",
        "Its schedule stops, and its Spend Center token is deleted"
        + (f", with it the password for {esc(clip(company.company_id, 60))}." if last else "."),
        "What was posted stays in Intacct; nothing there is changed.",
    ]
    if waiting:
        stay = "stays" if waiting == 1 else "stay"
        lines.append(
            f"{count(waiting, 'transaction')} not posted yet {stay} out. A new set-up takes them up and posts nothing twice."
        )
    blocks = [section("\n".join(lines), "what")]
    return modal("Disconnect", blocks, callback="connection.end", submit="Disconnect", metadata=one.id)

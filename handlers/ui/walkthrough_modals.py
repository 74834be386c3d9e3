"""The set-up's forms. What was typed comes back as an initial value after a refusal, a secret never does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import slackblocks as sb

from bot.walkthrough import books
from bot.walkthrough.steps import STEPS, USER_ID
from handlers.ui.blocks import Json, alert, labelled, modal, option, section, typed
from handlers.ui.text import clip, esc

Typed = Mapping[str, str]
"""Block id to what was typed or picked before."""


def waiting(title: str, words: str) -> Json:
    return modal(title, [section(f"_{esc(words)}_", "waiting")], close="Close")


def told(title: str, words: str) -> Json:
    """The end of a form: what became of it."""
    return modal(title, [section(esc(words), "told")], close="Close")


def company(metadata: str, before: Typed, error: str = "") -> Json:
    blocks: list[sb.Block] = [alert(error, "error")] if error else []
    blocks += [
        typed(
            "company_id",
            "Company ID",
            initial=before.get("company_id", ""),
            hint="As on Intacct's sign-in page. Take the live company, not its test copy.",
        ),
        typed("user_id", "User ID of the Web Services user", initial=before.get("user_id", "") or USER_ID),
    ]
    return modal("Intacct company", blocks, callback="walkthrough.company_form", submit="Continue", metadata=metadata)


def password(metadata: str, company_id: str, before: Typed, error: str = "", action: str = "typed") -> Json:
    """`action` differs from the one before, so that a refused password does not stay in its line."""
    blocks: list[sb.Block] = [alert(error, "error")] if error else []
    blocks += [
        section(f"Company ID `{esc(clip(company_id, 60))}`", "company"),
        typed("user_id", "User ID", initial=before.get("user_id", "") or USER_ID),
        typed(
            "password",
            "Password",
            hint="From the e-mail, whole. It is tried first, then kept encrypted; nobody sees it again.",
            most=300,
            action=action,
        ),
    ]
    return modal("Enter the password", blocks, callback="walkthrough.password_form", submit="Check", metadata=metadata)


def hand_over(metadata: str, step: int) -> Json:
    one = STEPS[step]
    blocks = [
        section(
            f"Step {step}, *{one.title}*. That person gets this step from me and can do nothing else here.", "what"
        ),
        labelled("person", "Who does it", sb.UserSelectMenu(action_id="picked")),
    ]
    return modal("Ask someone else", blocks, callback="walkthrough.hand_over_form", submit="Ask", metadata=metadata)


def entity(metadata: str, *, listed: bool, before: str = "") -> Json:
    """`listed`: whether Intacct can be asked for the entities; otherwise the ID is typed."""
    if listed:
        element = sb.ExternalSelectMenu(action_id="walkthrough.pick_entity", min_query_length=0)
        block: sb.Block = labelled("entity", "Entity", element, hint="Those that the Web Services user may enter.")
    else:
        block = typed("entity", "Entity ID", initial=before, hint="Company > Entities, column Entity ID.")
    return modal("Entity", [block], callback="walkthrough.entity_form", submit="Choose", metadata=metadata)


def new_account(metadata: str, categories: Sequence[str], before: Typed, error: str = "") -> Json:
    """Number and category are chosen; the rest of the record is shown as it will be made."""
    blocks: list[sb.Block] = [alert(error, "error")] if error else []
    hint = "A free one is proposed. Change it if your chart keeps card liabilities elsewhere."
    blocks.append(typed("number", "Account number", initial=before.get("number", ""), hint=hint, most=24))
    if categories:
        options = [option(one, clip(one, 150)) for one in categories[:100]]
        chosen = next((one for one in options if one.value == before.get("category")), None)
        menu = sb.StaticSelectMenu(action_id="picked", options=options, initial_option=chosen)
        hint = "Only for reports; the first ones are those of your liabilities."
        blocks.append(labelled("category", "QuickStart category", menu, hint=hint, optional=True))
    rest = books.account_words(books.planned_account("", ""))[1:]
    lines = "\n".join(f"{name}: *{value}*" for name, value in rest if name != "QuickStart category")
    blocks.append(section(f"It will be made at the top level of Intacct, with:\n{lines}", "record"))
    return modal(
        "Liability account", blocks, callback="walkthrough.account_form", submit="Create it", metadata=metadata
    )


def pick_account(metadata: str) -> Json:
    element = sb.ExternalSelectMenu(action_id="walkthrough.pick_account", min_query_length=0)
    block = labelled("account", "Liability account", element, hint="Balance sheet accounts, read from Intacct.")
    return modal("Liability account", [block], callback="walkthrough.account_pick", submit="Choose", metadata=metadata)


def pick_card(metadata: str) -> Json:
    element = sb.ExternalSelectMenu(action_id="walkthrough.pick_card", min_query_length=0)
    block = labelled("card", "Card", element, hint="The cards that Intacct has, at every level.")
    return modal("Card", [block], callback="walkthrough.card_pick", submit="Choose", metadata=metadata)

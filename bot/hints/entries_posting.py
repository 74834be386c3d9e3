"""Catalogue, fourth area: periods, money, the company's own rules, and receipts."""

from __future__ import annotations

from bot.hints.hint import ACCOUNTANTS, ADMINISTRATOR, CARDHOLDER, CONTROLLER, MOVE, OPERATOR, Hint, seen
from bot.models import RetryClass

_FIRST_OPEN = "Post [them|it] on {first_open}; [each keeps its|it keeps its] own date in the description."
_LATE = "[They were|It was] completed in Spend Center after the close."
_LOOKED_UP = (
    "[They are|It is] looked up in Intacct first, and nothing is sent twice. Do not enter [them|it] by hand meanwhile."
)

HINTS = (
    Hint(
        key="period-closed",
        category="period.closed",
        what="{count} [fall|falls] in a closed period",
        why="{ledger} is closed for {period}. " + _LATE,
        ways=(
            _FIRST_OPEN,
            (
                "Or keep {period}: Cash Management > All > Subledger > Open, {period}, {entity} (left blank, only the top "
                "level opens). If the General Ledger is closed too: General Ledger > Books > Open, with Cash Management "
                "ticked. Retry, then close again. I never open or close books."
            ),
        ),
        who=CONTROLLER,
        one_click=MOVE,
        examples=(
            seen("Periods are closed. Your transaction date (10/31/2026) is within a period that's been closed"),
            seen("Date must be on or after 11/01/2026"),
        ),
        source="BILL help 115005929983; fyle-intacct-api; Ramp help",
    ),
    Hint(
        key="period-closed-cash-management",
        instead_of="period-closed",
        when=("ledger", "CM"),
        category="period.closed",
        what="{count} [fall|falls] in a closed period",
        why=_LATE,
        ways=(
            _FIRST_OPEN,
            (
                "Or keep {period}: Cash Management > All > Subledger > Open, {period}, {entity} (left blank, only the top "
                "level opens). Retry, then close it again. I never open or close books."
            ),
        ),
        who=CONTROLLER,
        one_click=MOVE,
        examples=(seen("The Cash Management subledger is closed for October 2026."),),
        source="Expensify INT088",
    ),
    Hint(
        key="period-closed-general-ledger",
        instead_of="period-closed",
        when=("ledger", "GL"),
        category="period.closed",
        what="{count} [fall|falls] in a closed period",
        why=_LATE,
        ways=(
            _FIRST_OPEN,
            (
                "Or keep {period}: General Ledger > Books > Open, with Cash Management ticked, {period}, {entity} (left "
                "blank, only the top level opens). Retry, then close it again. I never open or close books."
            ),
        ),
        who=CONTROLLER,
        one_click=MOVE,
        examples=(seen("The General Ledger books are closed for the period October 2026."),),
        source="BILL help 115005929983; Expensify INT035",
    ),
    Hint(
        key="period-no-right",
        category="period.closed",
        what="{count} [fall|falls] in a period that is not open to the sync user",
        why="Only users with a special right post into a closed period, and the sync user must not have it.",
        ways=(
            _FIRST_OPEN,
            "Or keep {period}: General Ledger > Books > Open, with Cash Management ticked. Retry, then close it again.",
        ),
        who=CONTROLLER,
        one_click=MOVE,
        examples=(seen("You do not have permission to post to closed periods."),),
        source="Expensify INT771",
    ),
    Hint(
        key="date-invalid",
        category="date.invalid",
        what="{count} [have|has] a date that Intacct does not take",
        why="The date {date} is not written as Intacct expects, or lies in no period that the company has defined.",
        ways=(
            "Show the details in the thread to whoever runs this app, who checks how the date was read.",
            "If the date is right: Company > Setup > Reporting periods must reach that far. Then retry.",
        ),
        who=OPERATOR,
        examples=(seen("The transaction date '13/45/2026' is invalid", errorno="PL03000006"),),
        source="intacct-sdk-php #121",
    ),
    Hint(
        key="currency-off",
        category="currency",
        what="{count} [need|needs] foreign currency, which is off in Intacct",
        why="The company has no multi-currency, or the card and the line name different currencies.",
        ways=("Company > Admin > Subscriptions: multi-currency. Sage advises on this first. Then retry.",),
        who=ADMINISTRATOR,
        examples=(seen("Enable foreign-currency transactions, and try again"),),
        source="Scoro help",
    ),
    Hint(
        key="currency-mismatch",
        instead_of="currency-off",
        when=("base", ""),
        category="currency",
        what="{count} [are|is] in another currency than {card}",
        why="Intacct takes only the card's own currency on its transactions.",
        ways=(
            "Cash Management > Setup > Accounts > Credit card > Add: a card in that currency, and a connection of its own.",
            "Or enter [them|it] in Intacct yourself, then choose *Posted by hand* in the menu here.",
        ),
        who=ACCOUNTANTS,
        examples=(seen("Transaction currency EUR does not match the currency of the card."),),
        source="inferred; Scoro help",
    ),
    Hint(
        key="exchange-rate-missing",
        category="currency",
        what="{count} [wait|waits] for an exchange rate",
        why="Intacct has no rate for this currency and day.",
        ways=("Company > Setup > Exchange rates: enter the rate of the day. Then retry.",),
        who=ACCOUNTANTS,
        retry=RetryClass.WAIT,
        examples=(seen("No exchange rate found for EUR on 10/31/2026."),),
        source="inferred",
    ),
    Hint(
        key="tax-detail-missing",
        category="tax",
        what="{count} [need|needs] a tax detail",
        why="This entity records tax, so each line needs a tax detail of its tax solution. None is sent from here yet.",
        ways=(
            "Enter [them|it] in Intacct with [their tax details|its tax detail], then choose *Posted by hand* in the menu here.",
            "Or connect an entity that records no tax.",
        ),
        who=ACCOUNTANTS,
        step=5,
        examples=(seen("Tax details are either missing or don't belong to the tax solution."),),
        source="intacct-sdk-net #201; Ramp help",
    ),
    Hint(
        key="tax-detail-wrong",
        category="tax",
        what="{count} [have|has] a tax detail that does not fit",
        why="The tax detail that Intacct gave [them|it] belongs to another tax solution or is not valid. None is sent from here.",
        ways=(
            "Taxes > Tax details: see where it is set as a default, and set one of this entity's tax solution. Then retry.",
            "Or enter [them|it] in Intacct by hand, then choose *Posted by hand* in the menu here.",
        ),
        who=ACCOUNTANTS,
        step=5,
        examples=(seen("Tax detail 'UK Std' cannot be used here because it does not belong to tax solution 'AU'."),),
        source="fyle-intacct-api",
    ),
    Hint(
        key="smart-rule",
        category="smart_rule",
        what="{count} stopped by a rule of your company",
        why="{Rule} in Intacct does not let [these|this] through: {said}",
        ways=(
            "Change what the rule asks for, here or in Spend Center, then retry.",
            "Or Customization Services > Smart Rules > {rule_name}: warn instead of stop, or leave out the sync user.",
        ),
        who=ADMINISTRATOR,
        examples=(seen("Smart Rule 'Card memo' was violated: enter a business purpose."),),
        source="Expensify INT592; ServiceTitan help; Ramp help",
    ),
    Hint(
        key="attachment-required",
        category="attachment",
        what="{count} [need|needs] a receipt first",
        why="A rule of your company takes [these|this] only with a receipt, and this app attaches receipts right after "
        "posting.",
        ways=(
            "Customization Services > Smart Rules: leave out the sync user. Then retry; the receipts follow by themselves.",
            "Or enter [them|it] in Intacct yourself, then choose *Posted by hand* in the menu here.",
        ),
        who=ADMINISTRATOR,
        examples=(seen("Smart Rule violated: an attachment is required for this transaction."),),
        source="Ramp help",
    ),
    Hint(
        key="attachment-refused",
        category="attachment",
        what="{count} posted, but not the receipt",
        why="Intacct did not take the receipt: its type, its size or its folder was refused. The transaction stands.",
        ways=(
            "Replace the file in Spend Center; only the receipt is sent again.",
            "Company > Attachments: the folder is there, and the sync user's role has Attachments.",
        ),
        who=CARDHOLDER,
        retry_note="Retry sends only the receipt; the transaction is not posted again.",
        examples=(
            seen("Transaction synced successfully, but attachment was not able to sync"),
            seen("The attachment file type is not supported."),
        ),
        source="BILL help on accounting integrations",
    ),
)

"""Catalogue, third area: periods, money, rules of the company, duplicates, limits and lost answers."""

from __future__ import annotations

from bot.hints.hint import ACCOUNTANTS, ADMINISTRATOR, CARDHOLDER, CONTROLLER, NOBODY, OPERATOR, Hint, seen
from bot.models import Level, Operation, RetryClass

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
        one_click="post_on_first_open_day",
        examples=(
            seen("Periods are closed. Your transaction date (10/31/2026) is within a period that's been closed"),
            seen("Date must be on or after 11/01/2026"),
        ),
        source="BILL help 115005929983; fyle-intacct-api; Ramp help",
    ),
    Hint(
        key="period-closed-cash-management",
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
        one_click="post_on_first_open_day",
        examples=(seen("The Cash Management subledger is closed for October 2026."),),
        source="Expensify INT088",
    ),
    Hint(
        key="period-closed-general-ledger",
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
        one_click="post_on_first_open_day",
        examples=(seen("The General Ledger books are closed for the period October 2026."),),
        source="BILL help 115005929983; Expensify INT035",
    ),
    Hint(
        key="period-no-right",
        category="period.closed",
        what="{count} [fall|falls] in a period that is not open to the sync user",
        why="Only users with a special right post into a closed period, and the sync user must not have it.",
        ways=(_FIRST_OPEN, "Or the controller opens {period} in Intacct; retry, then close it again."),
        who=CONTROLLER,
        one_click="post_on_first_open_day",
        examples=(seen("You do not have permission to post to closed periods."),),
        source="Expensify INT771",
    ),
    Hint(
        key="date-invalid",
        category="date.invalid",
        what="{count} [have|has] a date that Intacct does not take",
        why="The date {date} is not written as Intacct expects, or lies in no period that the company has defined.",
        ways=(
            "Whoever runs this app checks how the date was read.",
            "If the date is right: Company > Setup > Reporting periods must reach that far. Then retry.",
        ),
        who=OPERATOR,
        one_click="tell_operator",
        examples=(seen("The transaction date '13/45/2026' is invalid", errorno="PL03000006"),),
        source="intacct-sdk-php #121",
    ),
    Hint(
        key="currency-off",
        category="currency",
        what="{count} [need|needs] foreign currency, which is off in Intacct",
        why="The company has no multi-currency, or the card and the line name different currencies.",
        ways=(
            "Post the settled amount in the card's currency; the original amount and rate stand in the description.",
            "Or Company > Admin > Subscriptions: multi-currency. Sage advises on this first. Then retry.",
        ),
        who=ADMINISTRATOR,
        one_click="post_settled_amount",
        examples=(seen("Enable foreign-currency transactions, and try again"),),
        source="Scoro help",
    ),
    Hint(
        key="currency-mismatch",
        category="currency",
        what="{count} [are|is] in another currency than {card}",
        why="Intacct takes only the card's own currency on its transactions.",
        ways=(
            "Post the settled amount in the card's currency.",
            "Or choose a card in that currency for this connection.",
        ),
        who=ACCOUNTANTS,
        one_click="post_settled_amount",
        examples=(seen("Transaction currency EUR does not match the currency of the card."),),
        source="inferred; Scoro help",
    ),
    Hint(
        key="exchange-rate-missing",
        category="currency",
        what="{count} [wait|waits] for an exchange rate",
        why="Intacct has no rate for this currency and day.",
        ways=(
            "Company > Setup > Exchange rates: enter the rate of the day. [They post|It posts] by [themselves|itself].",
        ),
        who=ACCOUNTANTS,
        retry=RetryClass.WAIT,
        examples=(seen("No exchange rate found for EUR on 10/31/2026."),),
        source="inferred",
    ),
    Hint(
        key="tax-detail-missing",
        category="tax",
        what="{count} [need|needs] a tax detail",
        why="This entity records tax, so each line needs a tax detail of its tax solution.",
        ways=(
            "Taxes > Tax details: find the one for these purchases and choose it as this connection's default.",
            "Or connect an entity that records no tax; tax is not supported here yet.",
        ),
        who=ACCOUNTANTS,
        one_click="choose_value",
        step=5,
        examples=(seen("Tax details are either missing or don't belong to the tax solution."),),
        source="intacct-sdk-net #201; Ramp help",
    ),
    Hint(
        key="tax-detail-wrong",
        category="tax",
        what="{count} [have|has] a tax detail that does not fit",
        why="The tax detail belongs to another tax solution or is not valid.",
        ways=(
            "Taxes > Tax details: choose one of this entity's tax solution as the connection's default. Then retry.",
        ),
        who=ACCOUNTANTS,
        one_click="choose_value",
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
            "Or Customization Services > Smart Rules > {rule}: warn instead of stop, or leave out the sync user.",
        ),
        who=ADMINISTRATOR,
        one_click="show_rule",
        examples=(seen("Smart Rule 'Card memo' was violated: enter a business purpose."),),
        source="Expensify INT592; ServiceTitan help; Ramp help",
    ),
    Hint(
        key="attachment-required",
        category="attachment",
        what="{count} [need|needs] a receipt first",
        why="Intacct takes [these|this] only with an attachment, and none was there yet.",
        ways=(
            "Add the receipt in Spend Center; it is attached and posted with the next sync.",
            "Or Customization Services > Smart Rules: leave out the sync user, then retry.",
        ),
        who=CARDHOLDER,
        one_click="ask_cardholders",
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
        one_click="retry_attachment",
        examples=(
            seen("Transaction synced successfully, but attachment was not able to sync"),
            seen("The attachment file type is not supported."),
        ),
        source="BILL help on accounting integrations",
    ),
    Hint(
        key="record-exists",
        category="duplicate.record",
        what="{count}: checking with Intacct whether [they are|it is] there already",
        why="Intacct says that a record with the same value exists.",
        ways=(
            "Nothing to do: the record is looked up, and taken only if reference, date and total agree.",
            "If it is not ours, you are asked.",
        ),
        who=NOBODY,
        retry=RetryClass.LOOK,
        one_click="check_now",
        examples=(
            seen("Another CCTRANSACTION with the given value(s) 8c1f already exists", errorno="BL34000061"),
            seen("Another record with the value 8c1f already exists", errorno="PL05000104"),
        ),
        source="public Go client's test files; fyle-intacct-api",
    ),
    Hint(
        key="reference-used",
        category="duplicate.record",
        what="{count}: checking with Intacct whether [they are|it is] there already",
        why="Intacct says that the number was used before.",
        ways=("Nothing to do: it is looked up whether that record is ours.", "If it is not, you are asked."),
        who=NOBODY,
        retry=RetryClass.LOOK,
        one_click="check_now",
        examples=(seen("Transaction with the number '8c1f' already exists"),),
        source="Point of Rental help",
    ),
    Hint(
        key="request-repeated",
        category="duplicate.request",
        what="{count}: checking with Intacct whether [they|it] posted",
        why="Intacct has seen this very request before, so the first one probably ran.",
        ways=("Nothing to do: the record is looked up and taken as posted once found.",),
        who=NOBODY,
        retry=RetryClass.LOOK,
        one_click="check_now",
        examples=(seen("A request with this controlid has already been processed."),),
        source="Sage developer guide on controlid and uniqueid; wording inferred",
    ),
    Hint(
        key="text-too-long",
        category="data.format",
        what="{count} [have|has] a text that is too long for Intacct",
        why="A field holds fewer characters than were sent.",
        ways=(
            "Shorten the note in Spend Center, then retry. The reference is never shortened.",
            "Whoever runs this app is told, since the app should have shortened it.",
        ),
        who=OPERATOR,
        one_click="shorten",
        examples=(seen("Maximum length cannot be greater than 100"),),
        source="BILL help",
    ),
    Hint(
        key="text-format",
        category="data.format",
        what="{count} [have|has] a text that Intacct cannot take",
        why="A field has characters or a form that Intacct does not allow.",
        ways=("Change the text in Spend Center, then retry.", "Whoever runs this app gets the details."),
        who=OPERATOR,
        one_click="clean",
        examples=(seen("Illegal format for CCTRANSACTION : description", errorno="BL03000018"),),
        source="public PowerShell client's tests",
    ),
    Hint(
        key="amount-missing",
        category="amount",
        what="{count} [have|has] a line without a valid amount",
        why="Every line needs an amount that is not zero.",
        ways=(
            "Look at the split in Spend Center: remove the empty line, then retry.",
            "Whoever runs this app gets the details.",
        ),
        who=OPERATOR,
        one_click="skip",
        examples=(
            seen("Remove the extra line item in the request, then reclassify the bill", errorno="BL03002101"),
            seen("The amount is missing on line item 2."),
        ),
        source="intacct-sdk-net #132 and #205",
    ),
    Hint(
        key="lines-unbalanced",
        category="amount",
        what="{count} [do|does] not add up",
        why="The lines and the total, or the two sides of the entry, differ.",
        ways=(
            "Compare the split with the total in Spend Center, then retry.",
            "Whoever runs this app gets the details; a rounding may be wrong.",
        ),
        who=OPERATOR,
        one_click="tell_operator",
        examples=(
            seen("Transactions do not balance for location 200", errorno="GL-1009"),
            seen("Debits and credits are not equal"),
        ),
        source="fyle-intacct-api; Point of Rental help",
    ),
    Hint(
        key="too-many-requests",
        category="limit.rate",
        what="Intacct asks this app to slow down",
        why="More requests came at once than your Intacct contract allows; other applications count as well.",
        ways=(
            "Nothing to do: sent again more slowly.",
            "If it happens every day: lower the requests at once of this connection, or sync at another hour.",
        ),
        who=NOBODY,
        retry=RetryClass.WAIT,
        transient=True,
        examples=(
            seen("", level=Level.TRANSPORT, status=429),
            seen("You have exceeded the rate limit", errorno="GW-0010", level=Level.CONTROL, status=429),
        ),
        source="Sage developer guide",
    ),
    Hint(
        key="gateway-trouble",
        category="transient.gateway",
        what="Intacct does not answer at the moment",
        why="The trouble lies between this app and Intacct. Nothing was changed.",
        ways=("Nothing to do: tried again by itself.", "If it lasts: Sage's status page says what is known."),
        who=NOBODY,
        retry=RetryClass.WAIT,
        transient=True,
        examples=(
            seen("", level=Level.TRANSPORT, status=503, operation=Operation.READ),
            seen("", level=Level.TRANSPORT, status=None, note="connect refused"),
            seen("There was an error processing the request", operation=Operation.READ),
        ),
        source="Sage developer guide; public target code",
    ),
    Hint(
        key="no-answer",
        category="outcome.unknown",
        what="{count}: checking with Intacct whether [they|it] posted",
        why="The line dropped or the answer was lost, so nobody knows yet whether Intacct saved [them|it].",
        ways=(
            "Nothing to do: Intacct is asked by reference until the answer is certain.",
            "Do not enter [them|it] by hand.",
        ),
        who=NOBODY,
        retry=RetryClass.LOOK,
        retry_note=_LOOKED_UP,
        one_click="check_now",
        examples=(
            seen("", level=Level.TRANSPORT, status=None, note="read timeout"),
            seen("", level=Level.TRANSPORT, status=502),
            seen("No RECORDNO returned"),
        ),
        source="Sage developer guide; public uploader",
    ),
    Hint(
        key="record-in-use",
        category="transient.lock",
        what="{count} [wait|waits]: someone is working on the same records in Intacct",
        why="Intacct had locked what this posting needs.",
        ways=("Nothing to do: sent again in a few minutes.", "If it lasts: close the open window in Intacct."),
        who=NOBODY,
        retry=RetryClass.WAIT,
        transient=True,
        examples=(seen("The record is locked by another user. Try again."),),
        source="inferred",
    ),
    Hint(
        key="not-recognised",
        category="unknown",
        what="{count} not posted, for a reason I do not recognise",
        why="Intacct refused [them|it]. Its own words: {said}",
        ways=(
            "Follow Intacct's own advice: {correction}",
            "Show the details to your Sage administrator; after a change in Intacct, retry.",
        ),
        who=ACCOUNTANTS,
        one_click="retry",
        examples=(
            seen("The flux capacitor of this ledger is misaligned.", correction="Realign it, then try again."),
            seen("Could not create cctransaction record!", errorno="BL01001973"),
        ),
        source="–",
    ),
    Hint(
        key="rolled-back",
        category="unknown",
        what="{count} not posted, because another one in the same request failed",
        why="Intacct took back the whole request. Nothing of it is in your books.",
        ways=("Solve the other alert of this sync first.", "Then retry [these|this one]."),
        who=ACCOUNTANTS,
        one_click="retry",
        examples=(
            seen(
                "The entire transaction in this operation has been rolled back due to an error.", errorno="XL03000009"
            ),
        ),
        source="Intacct SDK tests",
    ),
)

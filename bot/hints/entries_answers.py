"""Catalogue, fifth area: duplicates, texts and amounts, limits, lost answers, and what is not recognised."""

from __future__ import annotations

from bot.hints.hint import ACCOUNTANTS, LOOK, NOBODY, OPERATOR, Hint, seen
from bot.models import Level, Operation, RetryClass

_LOOKED_UP = (
    "[They are|It is] looked up in Intacct first, and nothing is sent twice. Do not enter [them|it] by hand meanwhile."
)
_TO_OPERATOR = "Or show the details in the thread to whoever runs this app."

HINTS = (
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
        one_click=LOOK,
        retry=RetryClass.LOOK,
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
        one_click=LOOK,
        retry=RetryClass.LOOK,
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
        one_click=LOOK,
        retry=RetryClass.LOOK,
        examples=(seen("A request with this controlid has already been processed."),),
        source="Sage developer guide on controlid and uniqueid; wording inferred",
    ),
    Hint(
        key="text-too-long",
        category="data.format",
        what="{count} [have|has] a text that is too long for Intacct",
        why="A field holds fewer characters than were sent.",
        ways=(
            "Press Retry: payee, description and memo are cut to what Intacct keeps, the reference never.",
            "If it fails again, show the details in the thread to whoever runs this app.",
        ),
        who=OPERATOR,
        examples=(seen("Maximum length cannot be greater than 100"),),
        source="BILL help",
    ),
    Hint(
        key="text-format",
        category="data.format",
        what="{count} [have|has] a text that Intacct cannot take",
        why="A field has characters or a form that Intacct does not allow.",
        ways=("Change the text in Spend Center, then retry.", _TO_OPERATOR),
        who=OPERATOR,
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
            _TO_OPERATOR,
        ),
        who=OPERATOR,
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
            "Show the details in the thread to whoever runs this app: a rounding may be wrong.",
        ),
        who=OPERATOR,
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
        key="gateway-unreadable",
        category="transient.gateway",
        instead_of="gateway-trouble",
        when=("unreadable", "yes"),
        what="Intacct's answer cannot be read",
        why="Something other than Intacct answered at its address: a web page, or a reply that was cut off.",
        ways=(
            "Nothing to do at first: tried again by itself.",
            "If it lasts: whoever runs this app looks at INTACCT_URL and at what stands between this app and Intacct.",
        ),
        who=OPERATOR,
        retry=RetryClass.WAIT,
        transient=True,
        examples=(
            seen("", level=Level.TRANSPORT, operation=Operation.READ, note="The answer is not well-formed XML."),
        ),
        source="recorded refusals of proxies; wording of this app",
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
        one_click=LOOK,
        retry=RetryClass.LOOK,
        retry_note=_LOOKED_UP,
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
        ways=(
            "Nothing to do at first: tried again a few times within minutes.",
            "If it lasts: close the open window in Intacct, then retry.",
        ),
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
        examples=(
            seen(
                "The entire transaction in this operation has been rolled back due to an error.", errorno="XL03000009"
            ),
        ),
        source="Intacct SDK tests",
    ),
)

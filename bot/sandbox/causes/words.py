"""Causes that these books cannot be brought to: Intacct's words for them are said all the same, to every card transaction.

The words are those of the fact sheets, or inferred where the sheets have only the meaning. `why` tells the visitor what
stands between the app and this cause.
"""

from __future__ import annotations

from bot.sandbox.causes.cause import NOTHING, RESUME, RETRY, WORDS, Cause, intacct


def _said(
    hint: str, alert: str, why: str, text: str, *, number: str = "", correction: str = "", press: str = RETRY
) -> Cause:
    given = {"payee": "", "text": text, "errorno": number, "correction": correction}
    return Cause(
        name=hint,
        hint=hint,
        group=WORDS,
        title=f"“{text or number}”",
        alert=alert,
        how=f"{why} Put it right takes the words back.",
        breaks=(intacct("refuse", **given),),
        mends=(intacct("accept", payee=""),),
        press=press,
    )


CAUSES = (
    _said(
        "top-level-record",
        "Not done: this record belongs to the top level",
        "The sync writes no record of the top level; in the set-up, step 7 says it.",
        "You cannot update a root level vendor from an entity restricted user with one entity.",
        press=RESUME,
    ),
    _said(
        "object-not-visible",
        "Syncing is paused: the sync user cannot see GLDIMREGION",
        "The sync reads no dimension of the company's own.",
        "Object definition GLDIMREGION not found",
        number="Query Failed",
        press=RESUME,
    ),
    _said(
        "request-details",
        "1 transaction not posted: this app named a field that Intacct does not have",
        "It would be a mistake of the app.",
        "",
        number="Invalid fields list GLACOUNTNO",
    ),
    _said(
        "operation-unsupported",
        "1 transaction not posted: Intacct does not offer what this app asked for",
        "It would be a mistake of the app.",
        "API operation 'create' cannot be performed on objects of type CREDITCARD",
    ),
    _said(
        "card-wrong-level",
        "1 transaction cannot post: ",
        "Step 5 refuses a whole company with several currencies before anything posts.",
        "Credit cards cannot be used at the top level in a multi-currency company.",
    ),
    _said(
        "account-missing-on-line",
        "1 transaction has no account",
        "The app asks before it sends a line without an account.",
        "Enter an account number on line item 1",
    ),
    _said(
        "account-number-taken",
        "Not created: account number 2150 is taken",
        "Accounts are created in the set-up only, where step 7 says it.",
        "The account number '2150' already exists",
        correction="Enter unique account number",
    ),
    _said(
        "project-closed",
        "1 transaction uses project P-1042",
        "What Intacct says of a completed project is not published; here it says that the project is invalid.",
        "Project 'P-1042' has been completed and cannot be used.",
    ),
    _said(
        "user-dimension-unready",
        "1 transaction not posted: a dimension of your own is only half set up",
        "Harbor & Pine has no dimension of its own.",
        "Couldn't return values for dimension Region.",
    ),
    _said(
        "location-required",
        "1 transaction needs a location",
        "Every line gets the card's default location.",
        "Use of an empty Location is invalid. A valid Multi-Entity Location must be specified when in root.",
    ),
    _said(
        "vendor-number-missing",
        "1 transaction not posted: the vendor has no ID",
        "A card transaction needs no vendor record.",
        "Required field Vendor ID is missing",
    ),
    _said(
        "period-closed-general-ledger",
        "1 transaction falls in a closed period",
        "The published words for closed books do not say which ledger; these do.",
        "The General Ledger books are closed for the period October 2026.",
    ),
    _said(
        "period-no-right",
        "1 transaction falls in a period that is not open to the sync user",
        "These books open for everybody or for nobody.",
        "You do not have permission to post to closed periods.",
    ),
    _said(
        "date-invalid",
        "1 transaction has a date that Intacct does not take",
        "It would be a mistake of the app, or a year without reporting periods.",
        "The transaction date '13/45/2026' is invalid",
        number="PL03000006",
    ),
    _said(
        "currency-off",
        "1 transaction needs foreign currency, which is off in Intacct",
        "The app posts in the card's own currency.",
        "Enable foreign-currency transactions, and try again",
    ),
    _said(
        "currency-mismatch",
        "1 transaction is in another currency than",
        "The app holds another currency before it sends it.",
        "Transaction currency EUR does not match the currency of the card.",
    ),
    _said(
        "exchange-rate-missing",
        "1 transaction waits for an exchange rate",
        "The app posts in the card's own currency. It tries a few times, then the alert comes.",
        "No exchange rate found for EUR on 10/31/2026.",
    ),
    _said(
        "tax-detail-wrong",
        "1 transaction has a tax detail that does not fit",
        "The app sends no tax details.",
        "Tax detail 'UK Std' cannot be used here because it does not belong to tax solution 'AU'.",
    ),
    _said(
        "text-too-long",
        "1 transaction has a text that is too long for Intacct",
        "The app cuts texts before it sends them.",
        "Maximum length cannot be greater than 100",
    ),
    _said(
        "text-format",
        "1 transaction has a text that Intacct cannot take",
        "The app cleans texts before it sends them.",
        "Illegal format for CCTRANSACTION : description",
        number="BL03000018",
    ),
    _said(
        "amount-missing",
        "1 transaction has a line without a valid amount",
        "The app leaves out what has no amount.",
        "Remove the extra line item in the request, then reclassify the bill",
        number="BL03002101",
    ),
    _said(
        "lines-unbalanced",
        "1 transaction does not add up",
        "The other side of a card transaction is Intacct's own.",
        "Transactions do not balance for location 200",
        number="GL-1009",
    ),
    _said(
        "record-exists",
        "1 transaction: checking with Intacct whether it posted",
        "References are the app's own and unique. It is looked up, and told after 15 minutes.",
        "Another CCTRANSACTION with the given value(s) 8c1f already exists",
        number="BL34000061",
        press=NOTHING,
    ),
    _said(
        "reference-used",
        "1 transaction: checking with Intacct whether it posted",
        "References are the app's own and unique. It is looked up, and told after 15 minutes.",
        "Transaction with the number '8c1f' already exists",
        press=NOTHING,
    ),
    _said(
        "request-repeated",
        "1 transaction: checking with Intacct whether it posted",
        "A request is repeated only after two look-ups. It is looked up, and told after 15 minutes.",
        "A request with this controlid has already been processed.",
        press=NOTHING,
    ),
    _said(
        "rolled-back",
        "1 transaction not posted, because another one in the same request failed",
        "The app sends no request that stands or falls as a whole.",
        "The entire transaction in this operation has been rolled back due to an error.",
        number="XL03000009",
    ),
)

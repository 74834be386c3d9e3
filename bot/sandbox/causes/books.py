"""Causes in the books themselves: the card, the accounts, closed periods, tax, the company's own rules."""

from __future__ import annotations

from functools import partial

from bot.sandbox.causes.cause import BOOKS, Cause, intacct, saved

_book = partial(Cause, group=BOOKS)
_MEALS = {"ACCOUNTNO": "6440"}
_BOOKS_AND_MAPS = {"object": "GLACCOUNT", "record": {"ACCOUNTNO": "6150"}}
_CARD = {"CARDID": "{card}"}
_RULE = "Smart Rule 'Card memo' was violated: enter a business purpose."

CAUSES = (
    _book(
        name="account-inactive",
        hint="account-inactive",
        title="Account 6440 Meals is set to inactive",
        alert="1 transaction uses account 6440 Meals, which is inactive",
        how="General Ledger > Accounts > 6440 > Edit: set Status to Active. Or choose another account in the alert.",
        breaks=(saved("GLACCOUNT", ACCOUNTNO="6440", STATUS="inactive"),),
        mends=(saved("GLACCOUNT", ACCOUNTNO="6440", STATUS="active"),),
    ),
    _book(
        name="account-deleted",
        hint="account-unknown",
        title="Account 6150 Books and maps is deleted",
        alert="1 transaction uses account 6150",
        how="General Ledger > Accounts > Add: 6150. Or choose another account in the alert.",
        breaks=(intacct("delete_record", **_BOOKS_AND_MAPS),),
        mends=(
            intacct(
                "create_record",
                object="GLACCOUNT",
                record={"ACCOUNTNO": "6150", "TITLE": "Books and maps", "ACCOUNTTYPE": "incomestatement"},
            ),
        ),
        buys={"fields": {"GL Account": "6150 - Books and maps"}},
    ),
    _book(
        name="account-no-direct-posting",
        hint="account-no-direct-posting",
        title="Disallow direct posting is ticked on 6440 Meals",
        alert="1 transaction cannot post: account 6440 Meals takes no direct postings",
        how="General Ledger > Accounts > 6440 > Edit: untick Disallow direct posting. Or choose another account.",
        breaks=(saved("GLACCOUNT", **_MEALS, SUBLEDGERCONTROLON="true"),),
        mends=(saved("GLACCOUNT", **_MEALS, SUBLEDGERCONTROLON="false"),),
    ),
    _book(
        name="account-of-a-bank",
        hint="account-is-card-or-bank",
        title="Account 6440 Meals becomes the own account of a bank",
        alert="1 transaction is coded to account 6440 Meals, which belongs to a card or a bank",
        how="Choose an expense account in the alert. Here, the button takes the bank account away again.",
        breaks=(
            intacct(
                "create_record",
                object="CHECKINGACCOUNT",
                record={"BANKACCOUNTID": "MEALS", "GLACCOUNTNO": "6440"},
            ),
        ),
        mends=(intacct("delete_record", object="CHECKINGACCOUNT", record={"BANKACCOUNTID": "MEALS"}),),
    ),
    _book(
        name="account-not-in-portland",
        hint="account-restricted",
        title="Account 6440 Meals is closed to location 100",
        alert="1 transaction may not use account 6440 Meals with this coding",
        how="General Ledger > Accounts > 6440 > Edit > Restrictions: allow location 100. Or choose another account.",
        breaks=(intacct("restrict", account="6440", object="LOCATION", value="100"),),
        mends=(intacct("restrict", account="6440", object="LOCATION", value="100", restricted=False),),
    ),
    _book(
        name="card-gone",
        hint="card-missing",
        title="The card record is deleted",
        alert="1 transaction cannot post: Intacct does not accept card",
        how="Cash Management > Setup > Accounts > Credit card > Add, with the same ID and offset account.",
        needs="Only before the first transaction has posted: Intacct keeps a card that is in use.",
        breaks=(intacct("delete_record", object="CREDITCARD", record=_CARD),),
        mends=(
            intacct(
                "create_record",
                object="CREDITCARD",
                entity="100",
                record=_CARD
                | {"LIABACCT": "{account}", "LOCATION": "100", "VENDORID": "V-CARDS"}
                | {"EXP_MONTH": "December", "EXP_YEAR": "2035"},
            ),
        ),
    ),
    _book(
        name="card-inactive",
        hint="card-inactive",
        title="The card record is set to inactive",
        alert="1 transaction cannot post: ",
        how="Cash Management > Setup > Accounts > Credit card > the card > Edit: set Status to Active.",
        breaks=(saved("CREDITCARD", CARDID="{card}", STATUS="inactive"),),
        mends=(saved("CREDITCARD", CARDID="{card}", STATUS="active"),),
    ),
    _book(
        name="card-expired",
        hint="card-expired",
        title="The card record has expired",
        alert="1 transaction cannot post: ",
        how="Cash Management > Setup > Accounts > Credit card > the card > Edit: expiry 12/2035.",
        breaks=(saved("CREDITCARD", **_CARD, EXP_YEAR="2020"),),
        mends=(saved("CREDITCARD", **_CARD, EXP_YEAR="2035"),),
    ),
    _book(
        name="card-without-journals",
        hint="card-journals",
        title="No journals are chosen for card transactions",
        alert="1 transaction cannot post: ",
        how="Cash Management > Setup > Configure Cash Management: choose the journals. Here, with the button.",
        breaks=(intacct("set_preference", application="CM", preference="CARD_JOURNALS", value="none"),),
        mends=(intacct("set_preference", application="CM", preference="CARD_JOURNALS", value="chosen"),),
    ),
    _book(
        name="cash-management-closed",
        hint="period-closed-cash-management",
        title="Cash Management of Portland is closed for this month",
        alert="1 transaction falls in a closed period",
        how="Cash Management > All > Subledger > Open, entity 100. Or post on the first open day.",
        breaks=(intacct("close_subledger", application="CM", entity="100", through="{month_end}"),),
        mends=(intacct("open_subledger", application="CM", entity="100", through="{closed}"),),
    ),
    _book(
        name="books-closed",
        hint="period-closed",
        title="The books of Portland are closed for this month",
        alert="1 transaction falls in a closed period",
        how="General Ledger > Books > Open, entity 100. Or post on the first open day.",
        breaks=(intacct("close_books", entity="100", through="{month_end}"),),
        mends=(intacct("open_books", entity="100", through="{closed}"),),
    ),
    _book(
        name="tax-entity",
        hint="tax-detail-missing",
        title="Portland starts to record tax",
        alert="All transactions need a tax detail",
        how="Tax is not supported here yet: connect an entity that records none. Here, put it right with the button.",
        press="Sync again",
        breaks=(saved("LOCATIONENTITY", LOCATIONID="100", TAXSOLUTIONID="UK VAT"),),
        mends=(saved("LOCATIONENTITY", LOCATIONID="100", TAXSOLUTIONID=""),),
    ),
    _book(
        name="smart-rule",
        hint="smart-rule",
        title="A rule of the company refuses every card transaction",
        alert="1 transaction stopped by a rule of your company",
        how="Customization Services > Smart Rules. Here, put it right with the button.",
        breaks=(intacct("refuse", payee="", text=_RULE),),
        mends=(intacct("accept", payee=""),),
    ),
    _book(
        name="another-schema",
        hint="request-schema",
        title="Sage changes the form of requests, and the app has not followed",
        alert="1 transaction not posted: this app sent something that Intacct cannot read",
        how="Nothing for finance: whoever runs the app is told. Here, put it right with the button.",
        breaks=(intacct("forbid_element", name="payee"),),
        mends=(intacct("forbid_element", name="payee", forbidden=False),),
    ),
    _book(
        name="reason-unknown",
        hint="not-recognised",
        title="Intacct refuses in words that nobody has seen before",
        alert="1 transaction not posted, for a reason I do not recognise",
        how="Follow Intacct's own advice, which the alert gives. Here, put it right with the button.",
        breaks=(
            intacct(
                "refuse",
                payee="",
                text="The flux capacitor of this ledger is misaligned.",
                correction="Realign it, then try again.",
            ),
        ),
        mends=(intacct("accept", payee=""),),
    ),
)

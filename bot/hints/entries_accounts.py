"""Catalogue, second area: the card, and the accounts that lines are coded to."""

from __future__ import annotations

from bot.hints.hint import ACCOUNTANTS, ADMINISTRATOR, CHOOSE, Hint, seen

_CHOOSE_ACCOUNT = "Choose another account here."
_KEPT = "it can be kept as a rule"
_IN_SPEND_CENTER = "Or change it in Spend Center, then retry."

HINTS = (
    Hint(
        key="card-missing",
        category="config.card_account",
        what="{count} cannot post: Intacct does not accept {card}",
        why="The card record that this connection posts to is not there, is spelt differently, or is kept at another "
        "level.",
        ways=(
            "Pick the card here; the list is read from Intacct.",
            (
                "Or Cash Management > Setup > Accounts > Credit card > Add, as step 8 shows. Over this connection I cannot "
                "create it."
            ),
        ),
        who=ADMINISTRATOR,
        step=8,
        examples=(
            seen("Charge card 'SPEND CENTER CC' is invalid."),
            seen("Credit Card Configuration is Missing"),
        ),
        source="Expensify help; the set-up guide",
    ),
    Hint(
        key="card-inactive",
        category="config.card_account",
        what="{count} cannot post: {card} is inactive in Intacct",
        why="The card record that this connection posts to takes no transactions.",
        ways=(
            "Cash Management > Setup > Accounts > Credit card > {card_id} > Edit: set Status to Active and Save. Then retry.",
            "Or pick another card here.",
        ),
        who=ADMINISTRATOR,
        step=8,
        examples=(seen("The charge card 'Spend Center CC Object' is inactive."),),
        source="inferred; Expensify help",
    ),
    Hint(
        key="card-expired",
        category="config.card_account",
        what="{count} cannot post: {card} has expired in Intacct",
        why="The expiry date on the card record has passed. It has nothing to do with the plastic cards.",
        ways=(
            (
                "Cash Management > Setup > Accounts > Credit card > {card_id} > Edit: set the expiry to 12/2035 and Save. "
                "Then retry."
            ),
        ),
        who=ADMINISTRATOR,
        step=8,
        examples=(seen("Credit card 'Spend Center CC Object' has expired."),),
        source="inferred; the set-up guide",
    ),
    Hint(
        key="card-wrong-level",
        category="config.card_account",
        what="{count} cannot post: {card} stands at another level of the company",
        why="With more than one base currency Intacct lets a card post only in its own entity.",
        ways=(
            "Switch to the entity, then Cash Management > Setup > Accounts > Credit card > Add, with an ID of its own.",
            "Then choose that entity and card for this connection here.",
        ),
        who=ADMINISTRATOR,
        step=8,
        examples=(seen("Credit cards cannot be used at the top level in a multi-currency company."),),
        source="Expensify FAQ; Ramp help",
    ),
    Hint(
        key="card-journals",
        category="config.card_account",
        what="{count} cannot post: {card} has no journals",
        why="Intacct does not know into which journals the transactions of this card go.",
        ways=(
            (
                "Cash Management > Setup > Configure Cash Management: choose the journals for card transactions, cash and "
                "accrual. Save, then retry."
            ),
        ),
        who=ADMINISTRATOR,
        step=8,
        examples=(seen("Journals are not configured for credit card 'Spend Center CC Object'."),),
        source="Expensify INT498",
    ),
    Hint(
        key="account-is-card-or-bank",
        category="config.gl_restricted",
        what="{count} [are|is] coded to {account}, which belongs to a card or a bank",
        why="Intacct keeps the account of a card or a bank for itself; an expense cannot be coded to it.",
        ways=("Choose an expense account here.", _IN_SPEND_CENTER),
        who=ACCOUNTANTS,
        one_click=CHOOSE,
        examples=(seen("The account number 2150 is associated to the Credit Card AMEX-01. Enter another account."),),
        source="BILL help 115005930143; Scoro help; fyle-intacct-api",
    ),
    Hint(
        key="account-restricted",
        category="config.gl_restricted",
        what="{count} may not use {account} with this coding",
        why="{Account} is restricted: it takes only certain departments, locations or entities.",
        ways=(
            _CHOOSE_ACCOUNT,
            "Or General Ledger > Accounts > {number} > Edit > Restrictions: allow this coding. Save, then retry.",
        ),
        who=ACCOUNTANTS,
        one_click=CHOOSE,
        examples=(
            seen("GL account '6420': 'Travel' specified is not valid. GL account is restricted by Department."),
            seen("The specified GL account '6420' : 'Travel' is not valid. GL account is restricted by location."),
        ),
        source="fyle-intacct-api; Expensify INT860",
    ),
    Hint(
        key="account-no-direct-posting",
        category="config.gl_restricted",
        what="{count} cannot post: {account} takes no direct postings",
        why="On {account} the box Disallow direct posting is ticked.",
        ways=(
            "An expense account: choose another one here.",
            (
                "This connection's own liability account: General Ledger > Accounts > {number} > Edit > untick Disallow "
                "direct posting. Save, then retry."
            ),
        ),
        who=ACCOUNTANTS,
        one_click=CHOOSE,
        step=7,
        examples=(seen("Direct posting to account 2150 is not allowed."),),
        source="the set-up guide; wording inferred",
    ),
    Hint(
        key="account-inactive",
        category="config.gl_account",
        what="{count} [use|uses] {account}, which is inactive",
        why="{Account} was set to inactive in Intacct, so nothing can be posted to it.",
        ways=(
            f"Choose the account that replaces it here; {_KEPT}.",
            "Or General Ledger > Accounts > {number} > Edit: set Status to Active and Save. Then retry.",
        ),
        who=ACCOUNTANTS,
        one_click=CHOOSE,
        examples=(seen("Account is inactive: 6215"), seen("GL account 6215 is inactive.")),
        source="Point of Rental help; fyle-intacct-api",
    ),
    Hint(
        key="account-unknown",
        instead_of="account-inactive",
        when=("state", "missing"),
        category="config.gl_account",
        what="{count} [use|uses] {account}, which Intacct does not accept",
        why="{Account} is not in the chart of accounts, or not shared with {entity}.",
        ways=(
            f"Choose another account here; {_KEPT} for the same value.",
            "Or General Ledger > Accounts: add it or set it to Active, then retry.",
        ),
        who=ACCOUNTANTS,
        one_click=CHOOSE,
        examples=(seen("Account 6999 is not valid"), seen("The account number '6999' does not exist.")),
        source="fyle-intacct-api",
    ),
    Hint(
        key="account-missing-on-line",
        category="config.gl_account",
        what="{count} [have|has] no account",
        why="No account was filled in in Spend Center, and this connection has no default.",
        ways=("Choose the account here.", "Or fill it in Spend Center, then retry."),
        who=ACCOUNTANTS,
        one_click=CHOOSE,
        step=9,
        examples=(
            seen("Enter an account number on line item 1, in transaction 'x,' and try again"),
            seen("Line has no associated account"),
        ),
        source="Scoro help; Point of Rental help",
    ),
    Hint(
        key="account-number-taken",
        category="config.gl_account",
        what="Not created: account number {number} is taken",
        why="Another account of the company has this number already.",
        ways=(
            "Use an existing one here: pick it if it is the right one; its settings are checked first.",
            "Or choose another number.",
        ),
        who=ACCOUNTANTS,
        one_click=CHOOSE,
        step=7,
        examples=(
            seen(
                "The account number '2150' already exists.",
                errorno="BL01001973",
                description="Duplicate account number",
                correction="Enter unique account number.",
            ),
        ),
        source="Sage developer guide (GL-0493)",
    ),
)

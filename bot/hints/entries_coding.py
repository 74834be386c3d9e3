"""Catalogue, second area: where a line is coded. Card, accounts, dimensions, entities and vendors."""

from __future__ import annotations

from bot.hints.hint import ACCOUNTANTS, ADMINISTRATOR, Hint, seen

_CHOOSE_ACCOUNT = "Choose another account here; it can be kept as a rule for the same value."
_IN_SPEND_CENTER = "Or change it in Spend Center, then retry."

HINTS = (
    Hint(
        key="card-missing",
        category="config.card_account",
        what="{count} cannot post: Intacct does not know {card}",
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
        one_click="pick_card",
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
            "Cash Management > Setup > Accounts > Credit card > {card} > Edit: set Status to Active and Save. Then retry.",
            "Or pick another card here.",
        ),
        who=ADMINISTRATOR,
        one_click="pick_card",
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
                "Cash Management > Setup > Accounts > Credit card > {card} > Edit: set the expiry to 12/2040 and Save. "
                "Then retry."
            ),
        ),
        who=ADMINISTRATOR,
        one_click="retry",
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
        one_click="pick_entity",
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
        one_click="retry",
        step=8,
        examples=(seen("Journals are not configured for credit card 'Spend Center CC Object'."),),
        source="Expensify INT498",
    ),
    Hint(
        key="account-is-card-or-bank",
        category="config.gl_restricted",
        what="{count} [are|is] coded to {account}, which belongs to a card or a bank",
        why="Intacct keeps the account of a card or a bank for itself; an expense cannot be coded to it.",
        ways=("Choose an expense account here; it can be kept as a rule for the same value.", _IN_SPEND_CENTER),
        who=ACCOUNTANTS,
        one_click="choose_account",
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
        one_click="choose_account",
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
        one_click="choose_account",
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
            "Choose the account that replaces it here; it can be kept as a rule.",
            "Or General Ledger > Accounts > {number} > Edit: set Status to Active and Save. Then retry.",
        ),
        who=ACCOUNTANTS,
        one_click="choose_account",
        examples=(seen("Account is inactive: 6215"), seen("GL account 6215 is inactive.")),
        source="Point of Rental help; fyle-intacct-api",
    ),
    Hint(
        key="account-unknown",
        category="config.gl_account",
        what="{count} [use|uses] {account}, which Intacct does not know",
        why="{Account} is not in the chart of accounts, or not shared with {entity}.",
        ways=(
            _CHOOSE_ACCOUNT,
            "Or General Ledger > Accounts: add it or set it to Active, then retry.",
        ),
        who=ACCOUNTANTS,
        one_click="choose_account",
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
        one_click="choose_account",
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
            "Use the existing account if it is the right one; its settings are checked first.",
            "Or choose another number.",
        ),
        who=ACCOUNTANTS,
        one_click="use_existing_account",
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
    Hint(
        key="dimension-required",
        category="dimension.required",
        what="{count} [need|needs] {a_dimension}",
        why="{Account} requires {a_dimension} and [these|this] came without one.",
        ways=("Choose the {dimension} here.", "Or fill it in Spend Center, then retry."),
        who=ACCOUNTANTS,
        one_click="choose_value",
        examples=(
            seen("The account number '6420' requires a Department."),
            seen("This transaction is missing the 'Location' dimension for the Account 6420"),
        ),
        source="fyle-intacct-api; Expensify INT073; Point of Rental help",
    ),
    Hint(
        key="dimension-unknown",
        category="dimension.invalid",
        what="{count} [use|uses] {value}, which Intacct does not know",
        why="{Value} does not exist in Intacct, is inactive, or is not shared with {entity}.",
        ways=(
            "Choose another {dimension} here; it can be kept as a rule for the same value.",
            "Or {menu}: add it or set it to Active, then retry.",
        ),
        who=ACCOUNTANTS,
        one_click="choose_value",
        examples=(
            seen("Invalid Department 300 selected"),
            seen("Customer 'C-77' specified is not valid."),
            seen("The location '250' is invalid."),
        ),
        source="fyle-intacct-api; Expensify INT084",
    ),
    Hint(
        key="dimension-inactive",
        category="dimension.invalid",
        what="{count} [use|uses] {value}, which is inactive",
        why="{Value} was set to inactive in Intacct, so nothing can be posted with it.",
        ways=(
            "Choose another {dimension} here; it can be kept as a rule for the same value.",
            "Or {menu}: set it to Active and Save. Then retry.",
        ),
        who=ACCOUNTANTS,
        one_click="choose_value",
        examples=(seen("Department '300' is inactive."),),
        source="inferred; fyle-intacct-api",
    ),
    Hint(
        key="project-closed",
        category="dimension.invalid",
        what="{count} [use|uses] {value}, which is completed",
        why="The status of {value} in Intacct takes no more costs.",
        ways=(
            "Choose the project that follows it here; it can be kept as a rule.",
            "Or Projects > {value} > Edit: choose a status that takes costs, and Save. Then retry.",
        ),
        who=ACCOUNTANTS,
        one_click="choose_value",
        examples=(seen("Project 'P-1042' has been completed and cannot be used."),),
        source="fyle-intacct-api; Intacct's project statuses",
    ),
    Hint(
        key="location-closed",
        category="dimension.invalid",
        what="{count} [use|uses] {value}, which was closed",
        why="{Value} is no longer active in Intacct.",
        ways=(
            "Choose the location that took its place here; it can be kept as a rule.",
            "Or Company > Locations > {value} > Edit: set Status to Active and Save. Then retry.",
        ),
        who=ACCOUNTANTS,
        one_click="choose_value",
        examples=(seen("Location '250' is inactive."),),
        source="inferred; fyle-intacct-api",
    ),
    Hint(
        key="user-dimension-unready",
        category="dimension.invalid",
        what="{count} not posted: a dimension of your own is only half set up",
        why="Intacct cannot read the values of this dimension.",
        ways=(
            (
                "Platform Services > Objects > the dimension: complete it, set it to Active, and give the sync user's "
                "role access. Then retry."
            ),
            "Or leave it out of this connection's settings.",
        ),
        who=ADMINISTRATOR,
        one_click="drop_dimension",
        examples=(seen("Couldn't return values for dimension Region."),),
        source="Expensify INT402",
    ),
    Hint(
        key="dimension-restricted",
        category="dimension.restricted",
        what="{count} [combine|combines] coding that Intacct does not allow together",
        why="A restriction or a relationship in Intacct does not allow {value} with the rest of the line.",
        ways=(
            "Choose another {dimension} here.",
            (
                "Or General Ledger > Accounts > {number} > Edit > Restrictions, or the relationships of the {dimension}: "
                "allow the combination. Then retry."
            ),
        ),
        who=ACCOUNTANTS,
        one_click="choose_value",
        examples=(seen("Department '300': 'Sales' specified is not valid. Department is restricted by GL account."),),
        source="fyle-intacct-api",
    ),
    Hint(
        key="dimension-auto-filled",
        category="dimension.restricted",
        what="{count} [need|needs] the {dimension} that Intacct fills in",
        why="A relationship in Intacct fixes the {dimension}: it must be {wanted}.",
        ways=(
            "Use {wanted}, the value that Intacct names.",
            "Or change the relationship of the {dimension} in Intacct, then retry.",
        ),
        who=ACCOUNTANTS,
        one_click="use_named_value",
        examples=(seen("Department must be 300. This value is auto-filled"),),
        source="fyle-intacct-api",
    ),
    Hint(
        key="project-customer-mismatch",
        category="dimension.restricted",
        what="{count} [name|names] a project and a customer that do not belong together",
        why="{Value} belongs to another customer in Intacct.",
        ways=(
            "Choose the project's own customer here, or leave the customer out.",
            "Or Projects > {value} > Edit: set the customer and a begin date before the transaction. Then retry.",
        ),
        who=ACCOUNTANTS,
        one_click="choose_value",
        examples=(seen("The project you selected is not associated with the customer you selected"),),
        source="BILL help 360032579952; Scoro help",
    ),
    Hint(
        key="location-required",
        category="entity.location",
        what="{count} [need|needs] a location",
        why="In a company with several entities every line carries a location, and [these|this] came without one.",
        ways=(
            "Choose the location here, also as this connection's default.",
            "Or Cash Management > Setup > Accounts > Credit card > {card} > Edit: set the default location. Then retry.",
        ),
        who=ACCOUNTANTS,
        one_click="choose_value",
        step=8,
        examples=(
            seen("Use of an empty Location is invalid. A valid Multi-Entity Location must be specified when in root."),
        ),
        source="ServiceTitan help; Expensify INT028",
    ),
    Hint(
        key="negative-across-entities",
        category="entity.location",
        what="{count} [mix|mixes] a refund with lines of another entity",
        why="Your settings allow negative lines only within one entity.",
        ways=(
            "Split the refund from the purchase in Spend Center, so that each stands in one entity. Then retry.",
            "Or let the controller decide about the inter-entity settings.",
        ),
        who=ACCOUNTANTS,
        one_click="retry",
        examples=(
            seen(
                "Your configuration limits credits to the entity owners. You cannot apply negative line items in "
                "transactions with line items for multiple entities.",
                errorno="BL03002073",
            ),
        ),
        source="Ramp help",
    ),
    Hint(
        key="lines-across-entities",
        category="entity.location",
        what="{count} [have|has] lines for more than one entity",
        why="Intacct would need due-to and due-from entries between the entities, and these are not set up or not allowed.",
        ways=(
            "Choose locations of one entity here.",
            "Or Company > Setup > Inter-entity transactions: set up the accounts for both. Then retry.",
        ),
        who=ACCOUNTANTS,
        one_click="choose_value",
        examples=(seen("Inter-entity transactions are not set up between entities 100 and 200."),),
        source="inferred; Ramp help",
    ),
    Hint(
        key="vendor-unknown",
        category="vendor.invalid",
        what="{count} [name|names] {vendor}, which Intacct does not know",
        why="{Vendor} is not a vendor here, is inactive, or is not shared with {entity}.",
        ways=(
            "Choose another vendor here, or the fallback vendor.",
            "Or Accounts Payable > Vendors > Add. Then retry.",
        ),
        who=ACCOUNTANTS,
        one_click="choose_value",
        examples=(
            seen("The vendor 'V-1009' is invalid."),
            seen("Invalid Vendor 'Closed Period Antiques' specified."),
        ),
        source="fyle-intacct-api",
    ),
    Hint(
        key="vendor-inactive",
        category="vendor.invalid",
        what="{count} [name|names] {vendor}, which is inactive or on hold",
        why="{Vendor} takes no transactions in Intacct at present.",
        ways=(
            "Choose another vendor here, or the fallback vendor.",
            "Or Accounts Payable > Vendors > {vendor} > Edit: Status Active, On hold unticked. Save, then retry.",
        ),
        who=ACCOUNTANTS,
        one_click="choose_value",
        examples=(seen("Activate the vendor V-1009, then try again."), seen("Vendor 'V-1009' is on hold.")),
        source="fyle-intacct-api; Expensify INT446",
    ),
    Hint(
        key="vendor-number-missing",
        category="vendor.invalid",
        what="{count} not posted: the vendor has no ID",
        why="Intacct gives vendors no number by itself here, and none was named.",
        ways=(
            "Choose a vendor here.",
            (
                "Or Accounts Payable > Setup > Configure Accounts Payable > Document numbering > Vendors: let Intacct "
                "number them. Then retry."
            ),
        ),
        who=ADMINISTRATOR,
        one_click="choose_value",
        examples=(seen("Required field Vendor ID is missing"),),
        source="BILL help 115005945226",
    ),
)

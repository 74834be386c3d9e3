"""Catalogue, third area: dimensions, entities and vendors."""

from __future__ import annotations

from bot.hints.hint import ACCOUNTANTS, ADMINISTRATOR, CHOOSE, Hint, seen

_KEPT = "it can be kept as a rule"
_IN_SPEND_CENTER = "Or change it in Spend Center, then retry."

HINTS = (
    Hint(
        key="dimension-required",
        category="dimension.required",
        what="{count} [need|needs] {a_dimension}",
        why="{Account} requires {a_dimension} and [these|this] came without one.",
        ways=("Choose the {dimension} here.", "Or fill it in Spend Center, then retry."),
        who=ACCOUNTANTS,
        one_click=CHOOSE,
        examples=(
            seen("The account number '6420' requires a Department."),
            seen("This transaction is missing the 'Location' dimension for the Account 6420"),
        ),
        source="fyle-intacct-api; Expensify INT073; Point of Rental help",
    ),
    Hint(
        key="dimension-unknown",
        category="dimension.invalid",
        what="{count} [use|uses] {value}, which Intacct does not accept",
        why="{Value} does not exist in Intacct, is inactive, or is not shared with {entity}.",
        ways=(
            f"Choose another {{dimension}} here; {_KEPT} for the same value.",
            "Or {menu}: add it or set it to Active, then retry.",
        ),
        who=ACCOUNTANTS,
        one_click=CHOOSE,
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
            f"Choose another {{dimension}} here; {_KEPT} for the same value.",
            "Or {menu}: set it to Active and Save. Then retry.",
        ),
        who=ACCOUNTANTS,
        one_click=CHOOSE,
        examples=(seen("Department '300' is inactive."),),
        source="inferred; fyle-intacct-api",
    ),
    Hint(
        key="project-closed",
        category="dimension.invalid",
        what="{count} [use|uses] {value}, which is completed",
        why="The status of {value} in Intacct takes no more costs.",
        ways=(
            f"Choose the project that follows it here; {_KEPT}.",
            "Or Projects > {value_id} > Edit: choose a status that takes costs, and Save. Then retry.",
        ),
        who=ACCOUNTANTS,
        one_click=CHOOSE,
        examples=(seen("Project 'P-1042' has been completed and cannot be used."),),
        source="fyle-intacct-api; Intacct's project statuses",
    ),
    Hint(
        key="location-closed",
        category="dimension.invalid",
        what="{count} [use|uses] {value}, which was closed",
        why="{Value} is no longer active in Intacct.",
        ways=(
            f"Choose the location that took its place here; {_KEPT}.",
            "Or Company > Locations > {value_id} > Edit: set Status to Active and Save. Then retry.",
        ),
        who=ACCOUNTANTS,
        one_click=CHOOSE,
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
        one_click=CHOOSE,
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
        one_click=CHOOSE,
        examples=(seen("Department '300': 'Sales' specified is not valid. Department is restricted by GL account."),),
        source="fyle-intacct-api",
    ),
    Hint(
        key="dimension-auto-filled",
        category="dimension.restricted",
        what="{count} [need|needs] the {dimension} that Intacct fills in",
        why="A relationship in Intacct fixes the {dimension}: it must be {wanted}.",
        ways=(
            "Choose {wanted} here, the value that Intacct names.",
            "Or change the relationship of the {dimension} in Intacct, then retry.",
        ),
        who=ACCOUNTANTS,
        one_click=CHOOSE,
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
            "Or Projects > {value_id} > Edit: set the customer and a begin date before the transaction. Then retry.",
        ),
        who=ACCOUNTANTS,
        one_click=CHOOSE,
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
            "Or Cash Management > Setup > Accounts > Credit card > {card_id} > Edit: set the default location. Then retry.",
        ),
        who=ACCOUNTANTS,
        one_click=CHOOSE,
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
            "Or Company > Setup > Inter-entity transactions, which the controller decides about. Then retry.",
        ),
        who=ACCOUNTANTS,
        one_click=CHOOSE,
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
        one_click=CHOOSE,
        examples=(seen("Inter-entity transactions are not set up between entities 100 and 200."),),
        source="inferred; Ramp help",
    ),
    Hint(
        key="vendor-unknown",
        category="vendor.invalid",
        what="{count} [name|names] {vendor}, which Intacct does not accept",
        why="{Vendor} is not a vendor here, is inactive, or is not shared with {entity}.",
        ways=(
            "Choose another vendor here, or the fallback vendor.",
            "Or Accounts Payable > Vendors > Add. Then retry.",
            "Or, where the settings allow it, create it or set it to active from the menu here; a second person agrees.",
        ),
        who=ACCOUNTANTS,
        one_click=CHOOSE,
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
            "Or Accounts Payable > Vendors > {vendor_id} > Edit: Status Active, On hold unticked. Save, then retry.",
            "Or, where the settings allow it, set it to active from the menu here; a second person agrees.",
        ),
        who=ACCOUNTANTS,
        one_click=CHOOSE,
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
        one_click=CHOOSE,
        examples=(seen("Required field Vendor ID is missing"),),
        source="BILL help 115005945226",
    ),
)

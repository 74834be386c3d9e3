"""Catalogue, first area: being let in. Senders, sign-in, users, entities, permissions and subscriptions."""

from __future__ import annotations

from bot.hints.hint import ADMINISTRATOR, NOBODY, OPERATOR, RESUME, Hint, seen
from bot.models import Level, Operation, RetryClass

_AUTH = Level.AUTHENTICATION
_CONTROL = Level.CONTROL
_TO_OPERATOR = "Nothing to do for finance: show the details in the thread to whoever runs this app."

HINTS = (
    Hint(
        key="sender-not-authorized",
        category="auth.sender_not_authorized",
        what="Syncing is paused: Intacct no longer lets this app in",
        why="Sender ID {sender} was removed or made inactive in Intacct. User and password were not the "
        "reason given. What was posted before stands; nothing is half posted.",
        ways=(
            "Company > Setup > Company > Security > Edit.",
            "Web Services authorizations: add {sender}, or set it to Active.",
            "Save, and Save the page.",
            "Check and resume.",
        ),
        who=ADMINISTRATOR,
        one_click=RESUME,
        step=2,
        examples=(
            seen(
                "The sender ID 'harborpine-bot' is not authorized to make Web Services requests to company ID 'HarborPine'.",
                errorno="XL03000006",
                description="Invalid Web Services Authorization",
                level=_AUTH,
            ),
        ),
        source="Sage developer guide; Expensify INT122; Ramp help",
    ),
    Hint(
        key="sender-refused",
        category="auth.sender_credentials",
        what="Syncing is paused: Intacct refuses this app's own access",
        why="The sender ID and sender password of this app itself are refused. Nothing in your company is wrong, and "
        "nothing is half posted.",
        ways=(
            "Nothing to do for finance. Whoever runs this app corrects its sender ID and sender password.",
            "Check and resume.",
        ),
        who=OPERATOR,
        one_click=RESUME,
        step=2,
        examples=(
            seen("Incorrect Intacct XML Partner ID or password.", errorno="XL03000006", level=_CONTROL),
            seen("Invalid Request [Request ID: 7fa0c]", errorno="GW-0011", level=_CONTROL, status=400),
        ),
        source="Sage developer guide; Intacct SDK tests",
    ),
    Hint(
        key="sign-in-refused",
        category="auth.login",
        what="Syncing is paused: Intacct refuses the sign-in",
        why="Intacct refused {user}{at_company} and does not say which part is wrong. What was posted before stands; "
        "nothing is half posted.",
        ways=(
            (
                "Company > Admin > Web Services users > {user} > Edit: status Active; reset the password if somebody may "
                "have changed it."
            ),
            "Company > Company info: copy the Company ID without blanks. A Console ID is something else.",
            "Open step 6 of the set-up and enter the new password; it is tested before anything is sent.",
        ),
        who=ADMINISTRATOR,
        one_click=RESUME,
        step=6,
        examples=(
            seen("Sign-in information is incorrect", errorno="XL03000006", level=_AUTH),
            seen("Login information is incorrect", errorno="XL03000006", level=_AUTH),
        ),
        source="Intacct SDK tests; BILL help; public diagnostics code",
    ),
    Hint(
        key="user-inactive",
        category="auth.user_state",
        what="Syncing is paused: the sync user cannot be used",
        why="{User} is inactive or locked in Intacct{at_company}.",
        ways=(
            "Company > Admin > Web Services users > {user} > Edit: set Status to Active and Save.",
            "If it was made under Users, make it again under Web Services users.",
            "Check and resume.",
        ),
        who=ADMINISTRATOR,
        one_click=RESUME,
        step=3,
        examples=(seen("User 'Spendcenter' is locked out. Contact your administrator.", level=_AUTH),),
        source="inferred from Intacct's user administration",
    ),
    Hint(
        key="user-two-step",
        category="auth.user_state",
        what="Syncing is paused: the sync user is asked for a second step",
        why="Two-step verification is on for {user}, and an application cannot answer it.",
        ways=(
            "Company > Admin > Web Services users > Add: a Web Services user is not asked for a second step.",
            "Company > Admin > Users > {user}: no longer use this one for syncing.",
            "Open step 3 of the set-up, then enter the new user's password in step 6.",
        ),
        who=ADMINISTRATOR,
        one_click=RESUME,
        step=3,
        examples=(seen("Two-step verification is required for this user.", level=_AUTH),),
        source="BILL help 360000020126",
    ),
    Hint(
        key="password-must-change",
        category="auth.user_state",
        what="Syncing is paused: the sync user's password has to be changed",
        why="Intacct accepts {user} only after its password was set for good.",
        ways=(
            "Company > Admin > Web Services users > {user} > Edit: reset the password; the mail brings a new one.",
            "Open step 6 of the set-up and enter the new password.",
        ),
        who=ADMINISTRATOR,
        one_click=RESUME,
        step=6,
        examples=(seen("Your password has expired and must be changed.", level=_AUTH),),
        source="inferred from Intacct's user administration",
    ),
    Hint(
        key="sign-in-ran-out",
        category="auth.session",
        what="Signing in to Intacct again",
        why="A sign-in lasts a few hours, and this one ran out. Nothing is wrong.",
        ways=("Nothing to do: the app signs in again by itself.",),
        who=NOBODY,
        one_click=RESUME,
        retry=RetryClass.WAIT,
        transient=True,
        examples=(seen("Invalid session 8Bk4iVQ9", errorno="XL03000006", level=_AUTH),),
        source="public Go client's test files",
    ),
    Hint(
        key="entity-no-access",
        category="auth.entity_access",
        what="Syncing is paused: the sync user may not enter {entity}",
        why="{User} has no access to {entity}, so nothing can be posted there.",
        ways=(
            (
                "Company > Admin > Web Services users > {user} > Edit > User entities: add {entity}, and allow the top "
                "level where one card serves several entities. Save."
            ),
            "Or pick another entity here; the list shows those that the user may enter.",
            "Check and resume.",
        ),
        who=ADMINISTRATOR,
        one_click=RESUME,
        step=5,
        examples=(
            seen(
                "User 'Spendcenter' does not have access to the entity you are attempting to slide into.", level=_AUTH
            ),
        ),
        source="Ramp help; Brex help; BILL help",
    ),
    Hint(
        key="entity-unknown",
        category="auth.entity_access",
        what="Syncing is paused: Intacct does not know {entity}",
        why="The Entity ID of this connection is not one of the company's entities, or that entity is inactive.",
        ways=(
            "Pick the entity here; the list is read from Intacct.",
            (
                "Or Company > Entities: copy the ID from the Entity ID column. An entity's name or a Console ID is "
                "something else."
            ),
        ),
        who=ADMINISTRATOR,
        one_click=RESUME,
        step=5,
        examples=(seen("The location ID '2OO' is invalid.", level=_AUTH),),
        source="inferred; Ramp help",
    ),
    Hint(
        key="top-level-record",
        category="auth.entity_access",
        what="Not done: this record belongs to the top level",
        why="The record is kept at the top level of the company, and this connection works inside one entity.",
        ways=(
            "Change the record at the top level in Intacct, then retry.",
            "Or Company > Admin > Web Services users > {user} > Edit > User entities: allow the top level. Save.",
        ),
        who=ADMINISTRATOR,
        one_click=RESUME,
        step=5,
        examples=(seen("You cannot update a root level vendor from an entity restricted user with one entity."),),
        source="BILL help 115005944186",
    ),
    Hint(
        key="company-expired",
        category="auth.company_state",
        what="Syncing is paused: the Intacct company is closed",
        why="Intacct says that {company} is expired or no longer active. A demo company ends by itself.",
        ways=(
            "Change Company ID: enter the live company's ID here; the set-up goes on from there.",
            "Or ask your Sage account manager to open the company again.",
        ),
        who=ADMINISTRATOR,
        one_click=RESUME,
        step=3,
        examples=(seen("This company is a demo company and has expired.", errorno="PL04000055", level=_CONTROL),),
        source="Intacct SDK tests",
    ),
    Hint(
        key="permission-missing",
        category="permission.missing",
        what="Syncing is paused: the sync user lacks a permission",
        why="Intacct lets {user} in, but does not allow what the sync needs to do.",
        ways=(
            (
                "Company > Admin > Roles > the role that the user really has > Subscriptions > Cash Management and General "
                "Ledger > Permissions: tick what step 4 lists, Save the window, then Save the role. Leave Open books and "
                "Close books off."
            ),
            "Company > Admin > Web Services users > {user} > Edit > Roles information: the role must stand there.",
            "Check and resume.",
        ),
        who=ADMINISTRATOR,
        one_click=RESUME,
        step=4,
        examples=(
            seen("Not authorized to execute this function"),
            seen("You're not authorized", errorno="PL04000005"),
        ),
        source="Expensify INT043",
    ),
    Hint(
        key="permission-object",
        instead_of="permission-missing",
        when=("object", ""),
        category="permission.missing",
        what="Syncing is paused: the sync user lacks a permission",
        why="{User} may not {operation} {object}.",
        ways=(
            (
                "Company > Admin > Roles > the role that the user really has > Subscriptions > {application} > "
                "Permissions > {object}: tick {box}, Save the window, then Save the role."
            ),
            "Where permissions are by user: Company > Admin > Web Services users > {user} > Subscriptions.",
            "Check and resume.",
        ),
        who=ADMINISTRATOR,
        one_click=RESUME,
        step=4,
        examples=(
            seen(
                "You do not have permission for API operation READ_BY_QUERY on objects of type CREDITCARD",
                errorno="PL04000005",
            ),
        ),
        source="public integration docs; Expensify INT043",
    ),
    Hint(
        key="object-not-visible",
        category="permission.missing",
        what="Syncing is paused: the sync user cannot see {object}",
        why="Intacct does not show {object} to {user}: it is unknown here, switched off, or not in the user's role.",
        ways=(
            "Platform Services > Objects: the dimension is there and active, and the user's role has access to it.",
            "Or leave this dimension out of the connection's settings.",
        ),
        who=ADMINISTRATOR,
        one_click=RESUME,
        step=4,
        examples=(seen("Object definition GLDIMREGION not found", errorno="Query Failed"),),
        source="Intacct SDK tests; Expensify INT402",
    ),
    Hint(
        key="module-off",
        category="subscription.off",
        what="Syncing is paused: an application is switched off in Intacct",
        why="{Company} has not subscribed to an application that the sync needs, usually Cash Management.",
        ways=(
            "Company > Admin > Subscriptions: switch the application on. This can change what Sage charges.",
            "Check and resume.",
        ),
        who=ADMINISTRATOR,
        one_click=RESUME,
        step=4,
        examples=(seen("Cash Management module is not subscribed"),),
        source="Brex help; Ramp help; public code",
    ),
    Hint(
        key="web-services-off",
        category="subscription.off",
        what="Syncing is paused: Web Services is switched off in Intacct",
        why="No application can reach {company} while its Web Services subscription is off.",
        ways=("Company > Admin > Subscriptions > Web Services: switch it on.", "Check and resume."),
        who=ADMINISTRATOR,
        one_click=RESUME,
        step=2,
        examples=(seen("Web Services is not enabled for this company.", level=_AUTH),),
        source="inferred; Ramp help",
    ),
    Hint(
        key="request-schema",
        category="request.malformed",
        what="{count} not posted: this app sent something that Intacct cannot read",
        why="The mistake is in this app, not in your books. Intacct refused the whole request, so nothing is half posted.",
        ways=(_TO_OPERATOR, "After a correction, retry."),
        who=OPERATOR,
        examples=(
            seen(
                "XML Parse schema error: Fatal Error 76: Opening and ending tag mismatch: ccpayitem line 0",
                errorno="XL03000003",
                level=_CONTROL,
            ),
            seen("Element 'ccpayitems': Missing child element(s). Expected is ( ccpayitem ).", level=_CONTROL),
        ),
        source="Sage developer guide; intacct-sdk-net #110",
    ),
    Hint(
        key="request-policy",
        category="request.malformed",
        what="{count} not posted: this app asked for a delivery that Intacct does not know",
        why="The request named a transport policy that does not exist. Nothing ran.",
        ways=(_TO_OPERATOR, "After a correction, retry."),
        who=OPERATOR,
        examples=(seen("nightly is not a valid transport policy.", errorno="XL03000006", level=_CONTROL),),
        source="Intacct SDK tests",
    ),
    Hint(
        key="operation-unsupported",
        category="request.malformed",
        what="{count} not posted: Intacct does not offer what this app asked for",
        why="Intacct has no such operation for this kind of record. The mistake is in this app.",
        ways=(_TO_OPERATOR, "After a correction, retry."),
        who=OPERATOR,
        examples=(seen("API operation 'create' cannot be performed on objects of type CREDITCARD"),),
        source="sageintacct-sdk-py #48",
    ),
    Hint(
        key="request-details",
        category="request.malformed",
        what="{count} not posted: this app named a field that Intacct does not have",
        why="The mistake is in this app, not in your books.",
        ways=(_TO_OPERATOR, "After a correction, retry."),
        who=OPERATOR,
        examples=(seen("", errorno="Invalid fields list GLACOUNTNO", operation=Operation.READ),),
        source="public Go client's test files",
    ),
)

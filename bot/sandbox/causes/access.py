"""Causes that stop everything: who may come in, with which rights, into which applications."""

from __future__ import annotations

from functools import partial

from bot.sandbox.causes.cause import ACCESS, RESUME, Cause, intacct, saved, spend, user
from bot.sandbox.intacct.access import all_rights

_WITHOUT_ADD = all_rights() | {"Credit card transactions": ["List", "View", "Edit", "Delete"]}
_door = partial(Cause, group=ACCESS, press=RESUME)

CAUSES = (
    _door(
        name="sender-removed",
        hint="sender-not-authorized",
        title="The app's sender ID is taken off the company's list",
        alert="Syncing is paused: Intacct no longer lets this app in",
        how="Company > Setup > Company > Security > Edit > Web Services authorizations: add it again, Save, and Save the page.",
        breaks=(intacct("remove_sender", sender_id="{sender}"),),
        mends=(intacct("authorize_sender", sender_id="{sender}"), intacct("save_company")),
    ),
    _door(
        name="sender-revoked",
        hint="sender-refused",
        title="Sage itself refuses the app's sender ID and its password",
        alert="Syncing is paused: Intacct refuses this app's own access",
        how="Nothing for finance: whoever runs the app corrects its sender password. Here, put it right with the button.",
        breaks=(intacct("revoke_sender", sender_id="{sender}"),),
        mends=(intacct("revoke_sender", sender_id="{sender}", revoked=False),),
    ),
    _door(
        name="user-set-inactive",
        hint="sign-in-refused",
        title="The sync user is set to inactive, and Intacct does not say so",
        alert="Syncing is paused: Intacct refuses the sign-in",
        how="Company > Admin > Web Services users > the sync user > Edit: set Status to Active.",
        breaks=(user(status="inactive"),),
        mends=(user(status="active"),),
    ),
    _door(
        name="user-locked",
        hint="user-inactive",
        title="The sync user is locked, and Intacct says so",
        alert="Syncing is paused: the sync user cannot be used",
        how="Company > Admin > Web Services users > the sync user > Edit: set Status to Active.",
        breaks=(intacct("set_candid"), user(status="lockedout"), intacct("expire_sessions")),
        mends=(user(status="active"), intacct("set_candid", candid=False)),
    ),
    _door(
        name="user-two-step",
        hint="user-two-step",
        title="The sync user was made under Users, with two-step verification",
        alert="Syncing is paused: the sync user is asked for a second step",
        how="Company > Admin > Web Services users: make it a Web Services user, who is not asked.",
        breaks=(user(web_services=False, two_step=True),),
        mends=(user(web_services=True),),
    ),
    _door(
        name="password-must-change",
        hint="password-must-change",
        title="The sync user's password was never set for good",
        alert="Syncing is paused: the sync user's password has to be changed",
        how="Company > Admin > Web Services users > the sync user > Edit: set a password that stays.",
        breaks=(intacct("set_candid"), user(must_change=True)),
        mends=(user(must_change=False), intacct("set_candid", candid=False)),
    ),
    _door(
        name="entity-not-allowed",
        hint="entity-no-access",
        title="The sync user may no longer enter Portland",
        alert="Syncing is paused: the sync user may not enter",
        how="Company > Admin > Web Services users > the sync user > Edit > User entities: add 100.",
        breaks=(user(entities=["200"]), intacct("expire_sessions")),
        mends=(user(entities=["100", "200"]),),
    ),
    _door(
        name="entity-closed",
        hint="entity-unknown",
        title="Entity Portland is set to inactive",
        alert="Syncing is paused: Intacct does not know",
        how="Company > Entities > 100 > Edit: set Status to Active.",
        breaks=(intacct("set_candid"), saved("LOCATIONENTITY", LOCATIONID="100", STATUS="inactive")),
        mends=(
            saved("LOCATIONENTITY", LOCATIONID="100", STATUS="active"),
            intacct("set_candid", candid=False),
        ),
    ),
    _door(
        name="demo-over",
        hint="company-expired",
        title="The company is a demo company, and its time is over",
        alert="Syncing is paused: the Intacct company is closed",
        how="Your Sage account manager opens it again. Here, put it right with the button.",
        breaks=(intacct("expire_demo"),),
        mends=(intacct("expire_demo", expired=False),),
    ),
    _door(
        name="permission-withdrawn",
        hint="permission-object",
        title="The role may look at card transactions, but not add any",
        alert="Syncing is paused: the sync user lacks a permission",
        how="Company > Admin > Roles > the role > Subscriptions > Cash Management > Permissions: tick Add.",
        breaks=(intacct("set_role", name="{role}", policies=_WITHOUT_ADD),),
        mends=(intacct("set_role", name="{role}", policies="all"),),
    ),
    _door(
        name="user-of-another-type",
        hint="permission-missing",
        title="The sync user's type is no longer Business",
        alert="Syncing is paused: the sync user lacks a permission",
        how="Company > Admin > Web Services users > the sync user > Edit: User type Business.",
        breaks=(user(user_type="dashboard user"),),
        mends=(user(user_type="business user"),),
    ),
    _door(
        name="cash-management-off",
        hint="module-off",
        title="Cash Management is no longer subscribed",
        alert="Syncing is paused: an application is switched off in Intacct",
        how="Company > Admin > Subscriptions > Cash Management. Here, put it right with the button.",
        breaks=(intacct("subscribe", application="Cash Management", on=False),),
        mends=(intacct("subscribe", application="Cash Management"),),
    ),
    _door(
        name="web-services-off",
        hint="web-services-off",
        title="Web Services is switched off for the company",
        alert="Syncing is paused: Web Services is switched off in Intacct",
        how="Company > Admin > Subscriptions > Web Services. Here, put it right with the button.",
        breaks=(intacct("subscribe", application="Web Services", on=False),),
        mends=(intacct("subscribe", application="Web Services"),),
    ),
    _door(
        name="token-withdrawn",
        hint="source-token-refused",
        title="Spend Center's token is withdrawn",
        alert="Syncing is paused: Spend Center no longer lets this app in",
        how="A new token in Spend Center's settings, entered in Slack. Here, put it right with the button.",
        breaks=(spend("fault", kind="unauthorized", count=1000),),
        mends=(spend("clear_faults"),),
    ),
)

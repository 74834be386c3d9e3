"""Causes that pass by themselves: nobody has to act, and nobody is alerted unless they last."""

from __future__ import annotations

from functools import partial

from bot.sandbox.causes.cause import LINE, NOTHING, Cause, intacct, spend

_passing = partial(Cause, group=LINE, alert="", press=NOTHING)
_RECORDS = "<record_cctransaction>"

CAUSES = (
    _passing(
        name="sign-in-ran-out",
        hint="sign-in-ran-out",
        title="The app's sign-in runs out between two requests",
        how="Nothing to do: the app signs in again.",
        breaks=(intacct("expire_sessions"),),
    ),
    _passing(
        name="answer-lost",
        hint="no-answer",
        title="Intacct saves a posting, and the answer is lost",
        how="Nothing to do: Intacct is asked by reference until the answer is certain. It posts once.",
        breaks=(intacct("fault", kind="drop_after_commit", match=_RECORDS),),
        mends=(intacct("clear_faults"),),
    ),
    _passing(
        name="too-many-requests",
        hint="too-many-requests",
        title="Intacct answers “too many requests”, three times",
        how="Nothing to do: the app slows down and comes back.",
        breaks=(intacct("fault", kind="rate_limit", count=3),),
        mends=(intacct("clear_faults"),),
    ),
    _passing(
        name="gateway-down",
        hint="gateway-trouble",
        title="Intacct's gateway is down for a few requests",
        how="Nothing to do: what can be asked again is, and nothing is sent twice.",
        breaks=(intacct("fault", kind="error_503", count=3),),
        mends=(intacct("clear_faults"),),
    ),
    _passing(
        name="open-in-a-window",
        hint="record-in-use",
        title="Somebody has the card's transactions open in Intacct",
        how="Close the window; it posts a little later. Here, the button closes it.",
        breaks=(intacct("open_elsewhere", card="{card}"),),
        mends=(intacct("open_elsewhere", card="{card}", opened=False),),
    ),
    _passing(
        name="gateway-web-page",
        hint="gateway-unreadable",
        title="A web page answers in Intacct's place, twice",
        how="Nothing to do: what can be asked again is, and nothing is sent twice.",
        breaks=(intacct("fault", kind="html", count=2),),
        mends=(intacct("clear_faults"),),
    ),
    _passing(
        name="spend-center-away",
        hint="source-away",
        title="Spend Center answers that it cannot, twice",
        how="Nothing to do: it is read again a little later.",
        breaks=(spend("fault", kind="error_500", count=2),),
        mends=(spend("clear_faults"),),
    ),
    _passing(
        name="spend-center-web-page",
        hint="source-unreadable",
        title="A web page answers in Spend Center's place, twice",
        how="Nothing to do: it is read again a little later.",
        breaks=(spend("fault", kind="garbage", count=2),),
        mends=(spend("clear_faults"),),
    ),
    _passing(
        name="spend-center-busy",
        hint="source-too-fast",
        title="Spend Center asks the app to slow down",
        how="Nothing to do: it is read again more slowly.",
        breaks=(spend("fault", kind="rate_limit", count=2, seconds=1.0),),
        mends=(spend("clear_faults"),),
    ),
)

"""What the sandbox's page and the tests see of the company: `state()`."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any

from bot.sandbox.intacct.company import Company, Row
from bot.sandbox.intacct.fields import BEHIND_THE_SCREEN, DIMENSIONS

if TYPE_CHECKING:
    from bot.sandbox.intacct.server import IntacctSim

_TRANSACTIONS = frozenset({"CCTRANSACTION", "CCTRANSACTIONENTRY"})


def state(sim: IntacctSim, limit: int, offset: int) -> dict[str, Any]:
    """A JSON-able snapshot. No password is in it but those in the mailbox, as in a real mail."""
    company = sim.gateway.company
    company.reversals_that_came_due(sim.now().date())
    posted = company.tables["CCTRANSACTION"].rows
    return {
        "company": {
            "company_id": company.id,
            "name": company.name,
            "base_currency": company.base_currency,
            "multi_entity": company.multi_entity,
            "multi_currency": company.multi_currency,
            "demo_expired": company.demo_expired,
            "applications": list(company.applications),
            "preferences": {name: dict(values) for name, values in company.preferences.items()},
        },
        "authorized": dict(company.authorized),
        "pending_authorizations": dict(company.pending),
        "users": [{k: v for k, v in user.items() if k != "PASSWORD"} for user in company.users],
        "roles": dict(company.roles),
        "mailbox": [dict(mail) for mail in company.mailbox],
        "objects": {
            name: [_public(row) for row in company.rows(name)]
            for name in company.tables
            if name not in _TRANSACTIONS and name not in BEHIND_THE_SCREEN
        },
        "attachments": [
            {"supdocid": row["SUPDOCID"], "name": row["SUPDOCNAME"], "files": dict(row["files"])}
            for row in company.rows("SUPDOC")
        ],
        "ledger": {
            "count": len(posted),
            "offset": offset,
            "transactions": [_transaction(row) for row in islice(reversed(posted.values()), offset, offset + limit)],
        },
        "accounts": accounts(company),
        "entities": _entities(company),
        "refused": sorted(company.refusals),
        "closed_through": {
            ledger: {entity: day.isoformat() if day else None for entity, day in days.items()}
            for ledger, days in company.closed.items()
        },
        **_traffic(sim),
    }


def _traffic(sim: IntacctSim) -> dict[str, Any]:
    """What came in, what was refused, and what waits to go wrong."""
    gateway = sim.gateway
    return {
        "faults": sim.faults.state(),
        "late_commits": [due.isoformat() for due, _ in sim.late],
        "sessions": len(gateway.door.sessions),
        "allowance": sim.allowance,
        "service_time": {"request": sim.request_time, "function": sim.function_time},
        "requests_served": gateway.requests_served,
        "functions_served": gateway.functions_served,
        "replays_refused": gateway.replays_refused,
        "refused_at_once": sim.refused_busy,
        "most_at_once": sim.most_at_once,
        "now": sim.now().isoformat(),
    }


def _public(row: Row) -> dict[str, str]:
    return {name: "" if value is None else str(value) for name, value in row.items() if name.isupper()}


def _transaction(row: Row) -> dict[str, Any]:
    """One posted transaction as the ledger pane shows it; amounts are texts with two decimals, dates ISO days."""
    tags = [tag.upper() for _, tag, _ in DIMENSIONS.values()]
    return {
        "recordno": row["RECORDNO"],
        "reference": row["RECORDID"],
        "date": row["WHENCREATED"].isoformat(),
        "payee": row.get("payee", ""),
        "description": row["DESCRIPTION"],
        "card": row.get("card", ""),
        "total": str(row["TRX_TOTALENTERED"]),
        "currency": row["CURRENCY"],
        "entity": row["MEGAENTITYID"],
        "state": row["STATE"],
        "reversed": bool(row.get("REVERSALKEY")),
        "supdocid": row["SUPDOCID"],
        "user": row.get("user", ""),
        "lines": [
            {
                "account": line["ACCOUNTNO"],
                "amount": str(line["TRX_AMOUNT"]),
                "description": line.get("DESCRIPTION", ""),
                **{tag.removesuffix("ID").lower(): line[tag] for tag in tags if line.get(tag)},
            }
            for line in row["lines"]
        ],
    }


def accounts(company: Company) -> list[dict[str, Any]]:
    """The trial balance of what was posted here: `balance` is positive on the account's normal side.

    `debit_less_credit` sums to zero over all accounts. The cards' own accounts are listed even without a posting.
    """
    totals: defaultdict[str, Decimal] = defaultdict(Decimal)
    places: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for row in company.rows("CREDITCARD"):
        totals[str(row["LIABACCTKEY"])] += 0
    for (account, location), value in company.balances.items():
        totals[account] += value
        places[account][location] = f"{value:.2f}"
    listed = []
    for number, value in sorted(totals.items()):
        row = company.find("GLACCOUNT", number) or {}
        side = -1 if row.get("NORMALBALANCE") == "credit" else 1
        listed.append(
            {
                "account": number,
                "title": row.get("TITLE", ""),
                "normal_balance": row.get("NORMALBALANCE", "debit"),
                "card": company.offset_owner(number).removeprefix("Credit Card ") if side < 0 else "",
                "balance": f"{side * value + 0:.2f}",
                "debit_less_credit": f"{value:.2f}",
                "by_location": places[number],
            }
        )
    return listed


def _entities(company: Company) -> dict[str, dict[str, Any]]:
    """Per owning entity ("" = top level): how many transactions stand and their total in base currency."""
    counts: defaultdict[str, int] = defaultdict(int)
    totals: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in company.rows("CCTRANSACTION"):
        counts[row["MEGAENTITYID"]] += 1
        totals[row["MEGAENTITYID"]] += row["TOTALENTERED"]
    return {entity: {"transactions": counts[entity], "total": f"{totals[entity]:.2f}"} for entity in counts}

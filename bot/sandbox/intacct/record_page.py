"""The page that a record's RECORD_URL leads to: one credit card transaction, to be read in a browser.

The field is documented, what stands in it was seen in public code: `…/ia/acct/ur.phtml?.r=` and a key without meaning.
Here the key is the record number, and nobody has to sign in.
"""

from __future__ import annotations

from html import escape
from urllib.parse import urljoin

from bot.sandbox.intacct.company import Company

PATH = "/ia/acct/ur.phtml"

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:44rem;margin:2.5rem auto;padding:0 1rem;color:#1d1c1d}"
    "th{text-align:left;font-weight:500;color:#616061;padding-right:1.5rem;vertical-align:top}"
    "table{border-collapse:collapse;margin:1rem 0}td,th{padding:.25rem 1.5rem .25rem 0}"
    ".amount{text-align:right;font-variant-numeric:tabular-nums}"
)


def address(endpoint: str, record_no: int) -> str:
    """Where the record's page is, beside the endpoint that was asked."""
    return urljoin(endpoint, f"{PATH}?.r={record_no}")


def page(company: Company, key: str) -> str | None:
    """The record as HTML; None when there is none of that key."""
    row = company.tables["CCTRANSACTION"].rows.get(int(key)) if key.isascii() and key.isdigit() else None
    if row is None:
        return None
    facts = {
        "Record number": row["RECORDNO"],
        "Charge card": row["card"],
        "Date": row["WHENCREATED"],
        "Reference number": row["RECORDID"],
        "Payee": row["payee"],
        "Description": row["DESCRIPTION"],
        "State": row["STATE"],
        "Total": f"{row['TOTALENTERED']:,.2f} {row['BASECURR']}",
    }
    head = "".join(f"<tr><th scope=row>{name}</th><td>{escape(str(told))}</td></tr>" for name, told in facts.items())
    lines = "".join(
        f"<tr><td>{escape(str(line['ACCOUNTNO']))}</td><td>{escape(str(line.get('DESCRIPTION') or ''))}</td>"
        f"<td class=amount>{line['AMOUNT']:,.2f}</td></tr>"
        for line in row["lines"]
    )
    title = f"Credit card transaction {row['RECORDNO']}"
    return (
        f"<!DOCTYPE html><html lang=en><head><meta charset=utf-8><title>{title}</title><style>{_STYLE}</style></head>"
        f"<body><p>Sandbox Intacct · Cash Management</p><h1>{title}</h1><table>{head}</table>"
        f"<table><tr><th>Account</th><th>Memo</th><th>Amount</th></tr>{lines}</table></body></html>"
    )

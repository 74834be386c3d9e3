"""A card transaction in the API's own shape: every field that Spend Center sends, with its usual value."""

from __future__ import annotations

import base64
from datetime import datetime
from decimal import Decimal
from typing import Any

from bot.sandbox.spend.wire import stamp

CENT = Decimal("0.01")
SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "CAD": "$", "JPY": "¥"}
EXPONENTS = {"JPY": 0}


def old_id(kind: str, number: int | str) -> str:
    """The deprecated second id that the API still sends beside each uuid."""
    return base64.b64encode(f"{kind}:{number}".encode()).decode()


def currency_data(amount: Decimal, code: str = "USD", rate: Decimal = Decimal("1.0")) -> dict[str, Any]:
    """What the merchant charged: `originalCurrencyAmount` is a string in minor units of `code`."""
    exponent = EXPONENTS.get(code, 2)
    return {
        "exchangeRate": rate,
        "exponent": exponent,
        "originalCurrencyAmount": str(int(amount.scaleb(exponent))),
        "originalCurrencyCode": code,
        "symbol": SYMBOLS.get(code, code),
    }


def transaction(
    uuid: str,
    *,
    card: dict[str, Any],
    amount: Decimal,
    merchant: str,
    occurred: datetime,
    updated: datetime,
    kind: str = "CLEAR",
    custom_fields: list[dict[str, Any]] | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """One transaction on `card` (API shape), approved and complete.

    Args:
        uuid: `txr_…`; the old id is made from it.
        card: names the cardholder and the budget as well.
        amount: settled, in US dollars; negative for a refund. Finer ones than a cent stay as they are.
        merchant: the clean name; the raw descriptor is made from it.
        occurred: the moment of the purchase.
        updated: the last change of the row.
        kind: `transactionType`.
        custom_fields: as the API sends them.
        **changes: any other field of the API, replacing the usual value.
    """
    amount = max(amount, amount.quantize(CENT), key=lambda one: -int(one.as_tuple().exponent))
    status = {"CLEAR": "COMPLETE", "DECLINE": "DECLINED"}.get(kind, "APPROVED")
    row = {
        "id": old_id("Transaction", uuid.removeprefix("txr_")),
        "uuid": uuid,
        "transactionType": kind,
        "status": status,
        "amount": amount,
        "transactedAmount": amount,
        "fees": Decimal("0.00"),
        "foreignExchangeFee": Decimal("0.00"),
        "currencyData": currency_data(amount),
        "isCredit": amount < 0,
        "isLocked": False,
        "isReconciled": False,
        "isParent": False,
        "complete": kind == "CLEAR",
        "receiptRequired": False,
        "reviewRequired": False,
        "cardPresent": True,
        "occurredTime": stamp(occurred),
        "authorizedTime": stamp(occurred),
        "updatedTime": stamp(updated),
        "merchantName": merchant,
        "rawMerchantName": merchant.upper()[:22],
        "merchantCategoryCode": "5999",
        "merchantLocation": {"city": "Portland", "state": "OR", "postalCode": "97205", "country": "US"},
        "network": "VISA",
        "userId": card["userId"],
        "userUuid": card["userUuid"],
        "cardId": card["id"],
        "cardUuid": card["uuid"],
        "budgetId": card["budgetId"],
        "budgetUuid": card["budgetUuid"],
        "parentBudgetUuid": None,
        "childTransactionIds": [],
        "childTransactionUuids": [],
        "parentTransactionId": None,
        "parentTransactionUuid": None,
        "originalAuthTransactionId": None,
        "originalAuthTransactionUuid": None,
        "matchedClearTransactionId": None,
        "matchedClearTransactionUuid": None,
        "customFields": custom_fields or [],
        "receipts": [],
        "receiptStatus": "MISSING",
        "receiptSyncStatus": None,
        "reviews": [],
        "reviewers": [],
        "declineReason": None,
        "accountingIntegrationTransactions": None,
        "pointsAwarded": 0,
    }
    return row | changes


def coding(field: dict[str, Any], value: dict[str, Any] | None = None, note: str | None = None) -> dict[str, Any]:
    """One entry of `customFields[]`: a picked value, or the text of a NOTE field."""
    return {
        "id": field["id"],
        "uuid": field["uuid"],
        "name": field["name"],
        "note": note,
        "isRequired": field["required"],
        "selectedValues": [dict(value)] if value else [],
    }


def receipt(uuid: str, filename: str) -> dict[str, str]:
    """One entry of `receipts[]`. The address is a path; the simulator puts its own origin before it when it answers."""
    return {"uuid": uuid, "filename": filename, "url": f"/files/{uuid}/{filename}"}

"""The API, route by route. What is not simulated answers 501 and names itself; COVERAGE says which is which."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from aiohttp import web

from bot.sandbox.spend import query
from bot.sandbox.spend.books import Books
from bot.sandbox.spend.paper import is_picture, receipt_file
from bot.sandbox.spend.query import Row
from bot.sandbox.spend.wire import ApiError

SIMULATED, NOT_SIMULATED = "simulated", "not simulated"

COVERAGE = {
    "POST /authx/token": SIMULATED,
    "GET /connect/v3/spend/transactions": SIMULATED,
    "GET /connect/v3/spend/transactions/{id}": SIMULATED,
    "GET /connect/v3/spend/transactions/{id}/custom-fields": SIMULATED,
    "GET /connect/v3/spend/transactions/{id}/custom-fields/{field}/values": SIMULATED,
    "PUT /connect/v3/spend/transactions/{id}/custom-fields": SIMULATED,
    "POST /connect/v3/spend/transactions/receipt-upload-url": SIMULATED,
    "POST /connect/v3/spend/transactions/{id}/receipts": SIMULATED,
    "PUT /connect/v3/spend/transactions/{id}": NOT_SIMULATED,
    "GET /connect/v3/spend/custom-fields": SIMULATED,
    "GET /connect/v3/spend/custom-fields/{field}": SIMULATED,
    "GET /connect/v3/spend/custom-fields/{field}/values": SIMULATED,
    "GET /connect/v3/spend/custom-fields/{field}/values/{value}": SIMULATED,
    "POST /connect/v3/spend/custom-fields": NOT_SIMULATED,
    "PATCH /connect/v3/spend/custom-fields/{field}": NOT_SIMULATED,
    "DELETE /connect/v3/spend/custom-fields/{field}": NOT_SIMULATED,
    "POST /connect/v3/spend/custom-fields/{field}/values": NOT_SIMULATED,
    "DELETE /connect/v3/spend/custom-fields/{field}/values": NOT_SIMULATED,
    "GET /connect/v3/spend/users": SIMULATED,
    "GET /connect/v3/spend/users/current": SIMULATED,
    "GET /connect/v3/spend/cards": SIMULATED,
    "GET /connect/v3/spend/cards/{id}": SIMULATED,
    "POST /connect/v3/spend/cards": NOT_SIMULATED,
    "PATCH /connect/v3/spend/cards/{id}": NOT_SIMULATED,
    "POST /connect/v3/spend/cards/{id}/freeze": NOT_SIMULATED,
    "POST /connect/v3/spend/cards/{id}/unfreeze": NOT_SIMULATED,
    "GET /connect/v3/spend/budgets": SIMULATED,
    "GET /connect/v3/spend/budgets/{id}": SIMULATED,
    "GET /connect/v3/spend/budgets/{id}/members": NOT_SIMULATED,
    "GET /connect/v3/spend/reimbursements": NOT_SIMULATED,
    "POST /connect/v3/spend/reimbursements": NOT_SIMULATED,
    "GET /connect/v3/spend/reimbursements/{id}": NOT_SIMULATED,
    "POST /connect/v3/spend/reimbursements/{id}/action": NOT_SIMULATED,
    "PUT /connect/v3/spend/reimbursements/{id}/custom-fields": NOT_SIMULATED,
    "GET /connect/v3/events/catalog": NOT_SIMULATED,
    "GET /connect/v3/subscriptions": NOT_SIMULATED,
    "POST /connect/v3/subscriptions": NOT_SIMULATED,
    "PUT /upload/{key}": SIMULATED,
    "GET /files/{key}/{filename}": SIMULATED,
}
"""Every route of the fact sheet, as `METHOD path`. The first is on a host of its own, the last two stand for the storage
behind signed addresses."""

Answer = dict[str, Any]
REPEAT_TOKEN = web.RequestKey("repeat_token", bool)


class Api:
    """The answers to one authenticated call each, as JSON-able values.

    Args:
        books: what is read and changed.
        origin: `http://127.0.0.1:PORT` of the moment, for the addresses of files.
        changed: called after each change.

    Attributes:
        several_sync_states: whether the filter `syncStatus` takes `in`, as documented; a live company took `eq` only.
        budgets_listed: whether the list of budgets shows any; a live one came back empty for active budgets.
    """

    def __init__(self, books: Books, origin: Callable[[], str], changed: Callable[[], None]) -> None:
        self.books = books
        self._origin = origin
        self._changed = changed
        self._awaited: set[str] = set()
        self.several_sync_states = True
        self.budgets_listed = True
        self.handlers: dict[str, Callable[[web.Request], Any]] = {
            "GET /connect/v3/spend/transactions": self.transactions,
            "GET /connect/v3/spend/transactions/{id}": lambda request: self._shown(self._row(request)),
            "GET /connect/v3/spend/transactions/{id}/custom-fields": self.codings,
            "GET /connect/v3/spend/transactions/{id}/custom-fields/{field}/values": self.coded_values,
            "PUT /connect/v3/spend/transactions/{id}/custom-fields": self.code,
            "POST /connect/v3/spend/transactions/receipt-upload-url": self.upload_url,
            "POST /connect/v3/spend/transactions/{id}/receipts": self.attach,
            "GET /connect/v3/spend/custom-fields": self.custom_fields,
            "GET /connect/v3/spend/custom-fields/{field}": lambda request: _without_values(self._field(request)),
            "GET /connect/v3/spend/custom-fields/{field}/values": self.values,
            "GET /connect/v3/spend/custom-fields/{field}/values/{value}": self.value,
            "GET /connect/v3/spend/users": lambda request: self._list(request, "users"),
            "GET /connect/v3/spend/users/current": self.current_user,
            "GET /connect/v3/spend/cards": lambda request: self._list(request, "cards"),
            "GET /connect/v3/spend/cards/{id}": lambda request: self._one(request, "cards"),
            "GET /connect/v3/spend/budgets": self.budgets,
            "GET /connect/v3/spend/budgets/{id}": lambda request: self._one(request, "budgets"),
        }

    # --- transactions --------------------------------------------------------------------------------------------

    def transactions(self, request: web.Request) -> Answer:
        params = _params(request)
        terms = query.parse_filters(params.get("filters", ""), several_sync_states=self.several_sync_states)
        field, descending = query.parse_sort(params.get("sort"))
        found = [row for row in self.books.parents() if query.matches(row, terms)]
        listed = query.sort_rows(found, field, descending)
        answer = query.page(listed, params, most=50, repeat_token=request.get(REPEAT_TOKEN, False))
        return answer | {"results": [self._shown(row) for row in answer["results"]]}

    def codings(self, request: web.Request) -> Answer:
        return query.page(self._row(request)["customFields"], _params(request), most=100)

    def coded_values(self, request: web.Request) -> Answer:
        field = self._field(request)
        entries = [entry for entry in self._row(request)["customFields"] if entry["uuid"] == field["uuid"]]
        return query.page([value for entry in entries for value in entry["selectedValues"]], _params(request), most=100)

    async def code(self, request: web.Request) -> Answer:
        row, body = self._row(request), await _json(request)
        wanted = body.get("customFields")
        if not isinstance(wanted, list) or not all(isinstance(one, dict) for one in wanted):
            raise ApiError(400, "customFields: must be a list")
        self.books.code(row, wanted)
        self._changed()
        return self._shown(row)

    # --- receipts ------------------------------------------------------------------------------------------------

    def upload_url(self, _request: web.Request) -> Answer:
        key = secrets.token_hex(12)
        self._awaited.add(key)
        return {"url": f"{self._origin()}/upload/{key}"}

    async def upload(self, request: web.Request) -> web.Response:
        """Takes the bytes at a signed address: no token, JPG and PNG only."""
        key = request.match_info["key"]
        if key not in self._awaited:
            return web.Response(status=403, text="This address was not given out, or was used.")
        content = await request.read()
        if not is_picture(content):
            return web.Response(status=415, text="Only JPG and PNG.")
        self._awaited.discard(key)
        self.books.uploads[key] = content
        return web.Response()

    async def attach(self, request: web.Request) -> Answer:
        row, body = self._row(request), await _json(request)
        key = str(body.get("url", "")).rpartition("/upload/")[2]
        content = self.books.uploads.pop(key, None)
        if content is None:
            raise ApiError(400, "url: nothing was uploaded there")
        entry = self.books.attach(row, "receipt.png" if content.startswith(b"\x89PNG") else "receipt.jpg", content)
        self._changed()
        return entry | {"url": self._origin() + entry["url"]}

    def file(self, request: web.Request) -> web.Response:
        """A receipt's bytes, at an address that needs no token."""
        key, filename = request.match_info["key"], request.match_info["filename"]
        content, kind = receipt_file(filename, f"Receipt {key}")
        known = (entry["uuid"] for row in self.books.transactions for entry in row["receipts"])
        if key not in known:
            return web.Response(status=404, text="There is no such file.")
        return web.Response(body=self.books.uploads.get(key, content), content_type=kind)

    # --- lists ---------------------------------------------------------------------------------------------------

    def custom_fields(self, request: web.Request) -> Answer:
        return query.page([_without_values(f) for f in self.books.lists["custom_fields"]], _params(request), most=100)

    def values(self, request: web.Request) -> Answer:
        return query.page(self._field(request)["values"], _params(request), most=100)

    def value(self, request: web.Request) -> Row:
        key = request.match_info["value"]
        found: Row | None = next((v for v in self._field(request)["values"] if key in {v["uuid"], v["id"]}), None)
        return found or _missing("value", key)

    def current_user(self, _request: web.Request) -> Answer:
        company = self.books.company
        return self.books.owner() | {"companyUuid": company["uuid"], "companyName": company["name"]}

    def budgets(self, request: web.Request) -> Answer:
        """The list leaves out retired budgets, or all of them; by id they are still there."""
        shown = [b for b in self.books.lists["budgets"] if self.budgets_listed and not b.get("retired")]
        return query.page(shown, _params(request), most=100)

    def _list(self, request: web.Request, name: str) -> Answer:
        return query.page(self.books.lists[name], _params(request), most=100)

    def _one(self, request: web.Request, name: str) -> Row:
        key = request.match_info["id"]
        return self.books.record(name, key) or _missing(name.removesuffix("s"), key)

    # --- parts ---------------------------------------------------------------------------------------------------

    def _row(self, request: web.Request) -> Row:
        key = request.match_info["id"]
        return self.books.find(key) or _missing("transaction", key)

    def _field(self, request: web.Request) -> Row:
        key = request.match_info["field"]
        return self.books.record("custom_fields", key) or _missing("custom field", key)

    def _shown(self, row: Row) -> Row:
        receipts = [entry | {"url": self._origin() + entry["url"]} for entry in row["receipts"]]
        return row | {"receipts": receipts}


def _params(request: web.Request) -> dict[str, str]:
    """The first of each parameter; a repeated one is ignored, as is every unknown one."""
    return {key: request.query.getall(key)[0] for key in request.query}


async def _json(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError:
        raise ApiError(400, "The body is not JSON") from None
    if not isinstance(body, dict):
        raise ApiError(400, "The body must be an object")
    return body


def _without_values(field: Row) -> Row:
    return {key: item for key, item in field.items() if key != "values"}


def _missing(what: str, key: str) -> Any:
    raise ApiError(404, f"There is no {what} {key[:80]}")

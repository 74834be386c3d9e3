"""The client of one Intacct company: sessions, batches, queries, and the few reads and writes that set-up needs.

    async with IntacctClient(gateway, sign_in, requests_at_once=2) as intacct:
        async for row in intacct.query("GLACCOUNT", ["ACCOUNTNO", "TITLE"], Eq("STATUS", "active")):
            ...

Reads are repeated after faults that pass. Writes are sent once; the error tree says what a failed one proves.
Wherever `entity` is not given, the sign-in's own entity counts; an empty one is the top level.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import date
from types import TracebackType
from typing import Self, TypeVar
from uuid import uuid4

import httpx

from bot.intacct import calls, reading
from bot.intacct.allowance import Allowance, Monotonic, Sleep
from bot.intacct.answers import Answer, Result
from bot.intacct.batches import BatchSize, Lost, NotSent, Outcome, outcomes
from bot.intacct.envelope import Element, function_parts, render_function
from bot.intacct.errors import BlindLookup, FunctionFailure, IntacctError, NotExecuted, Withdrawn
from bot.intacct.query import BY_RECORD_NO, LARGEST_PAGE, MOST_VALUES, And, Eq, Filter, In, Order, Query
from bot.intacct.reading import Permissions
from bot.intacct.records import (
    DIMENSION_OBJECTS,
    AccountRecord,
    Attachment,
    CardTransaction,
    CreditCard,
    DimensionObject,
    DimensionValue,
    Entity,
    FinancialSetup,
    FoundRecord,
    UserRecord,
    usable,
)
from bot.intacct.sessions import Session, Sessions, SignIn
from bot.intacct.wire import Gateway, Wire, open_http
from bot.models import Dimension, Fault, Level, Operation

__all__ = ["Gateway", "IntacctClient", "SignIn", "probe", "render_posting", "render_reversal"]

T = TypeVar("T")

_CARD_TRANSACTION = (
    *("RECORDNO", "RECORDID", "WHENCREATED", "TRX_TOTALENTERED", "TOTALENTERED", "CURRENCY", "BASECURR", "STATE"),
    *("RAWSTATE", "DESCRIPTION", "MEGAENTITYID", "SUPDOCID", "CLEARED", "TRX_TOTALPAID", "TOTALPAID"),
)
_IF_SHOWN = ("REVERSALKEY", "REVERSALDATE", "REVERSEDKEY", "REVERSEDDATE", "FINANCIALENTITY")
"""Fields of a card transaction that are asked for only where the company's `lookup` lists them."""

_ACCOUNT = (
    *("RECORDNO", "ACCOUNTNO", "TITLE", "CATEGORY", "ACCOUNTTYPE", "NORMALBALANCE", "CLOSINGTYPE"),
    *("ALTERNATIVEACCOUNT", "STATUS", "SUBLEDGERCONTROLON", "MEGAENTITYID"),
    *("REQUIREDEPT", "REQUIRELOC", "REQUIREPROJECT", "REQUIRECUSTOMER", "REQUIREVENDOR", "REQUIREEMPLOYEE"),
    *("REQUIREITEM", "REQUIRECLASS"),
)
_CARD = (
    *("RECORDNO", "CARDID", "DESCRIPTION", "CARDTYPE", "EXP_MONTH", "EXP_YEAR", "STATUS", "LIABACCTKEY", "LIABACCT#"),
    *("VENDORID", "DEPT", "LOCATION", "LIABILITYTYPE", "CURRENCY_R", "MEGAENTITYID"),
)
_USER = ("RECORDNO", "LOGINID", "STATUS", "USERTYPE", "ADMIN", "LOGINDISABLED", "DESCRIPTION")


def render_posting(controlid: str, transaction: CardTransaction) -> str:
    """The frozen body of one posting: stored with its attempt, sent by `record_batch`, and sent again unchanged."""
    return render_function(controlid, calls.record_cctransaction(transaction))


def render_reversal(controlid: str, record_no: str, day: date, memo: str) -> str:
    """The frozen body of one reversal, sent by `record_batch` like a posting."""
    return render_function(controlid, calls.reverse_cctransaction(record_no, day, memo))


async def probe(
    gateway: Gateway, sign_in: SignIn, *, http: httpx.AsyncClient | None = None, sleep: Sleep = asyncio.sleep
) -> Session:
    """Signs in and keeps nothing: the test of sender, company, user, password and entity.

    Raises:
        ControlFailure: the sender itself, or its password, is refused.
        AuthenticationFailure: user, company, entity, or the sender's authorization in this company.
        Unreachable, Busy: nothing was learned; try later.
    """
    async with IntacctClient(gateway, sign_in, http=http, sleep=sleep) as client:
        return await client.sign_in()


class IntacctClient:
    """One company's client; `async with` closes the HTTP client that it opened itself.

    Args:
        gateway: where Intacct listens, and the sender.
        sign_in: the Web Services user.
        requests_at_once: the company's allowance, at most; a 429 lowers it for a while.
        allowance: the company's own, where several clients of one company share it.
        http: an HTTP client to use instead of an own one; stays open.
        sleep, monotonic: the clock, in seconds.
    """

    def __init__(
        self,
        gateway: Gateway,
        sign_in: SignIn,
        *,
        requests_at_once: int = 2,
        allowance: Allowance | None = None,
        http: httpx.AsyncClient | None = None,
        sleep: Sleep = asyncio.sleep,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        self._own = http is None
        self._http = http or open_http(gateway, requests_at_once)
        self._entity = sign_in.entity_id
        self.batch_size = BatchSize()
        self.allowance = allowance or Allowance(requests_at_once, sleep=sleep, monotonic=monotonic)
        self._wire = Wire(gateway, self._http, self.allowance, sleep=sleep, monotonic=monotonic)
        self._sessions = Sessions(self._wire, sign_in, monotonic=monotonic)
        self._fields: dict[tuple[str, str], frozenset[str]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    @property
    def requests(self) -> int:
        """How many requests this client has sent, sign-ins included."""
        return self._wire.requests

    async def aclose(self) -> None:
        if self._own:
            await self._http.aclose()

    async def sign_in(self, entity: str | None = None) -> Session:
        """The session at that level, from memory or by signing in."""
        return await self._wire.patiently(lambda: self._sessions.of(self._level(entity)))

    # --- postings -----------------------------------------------------------------------------------------------------

    async def record_batch(
        self,
        postings: Sequence[tuple[str, str]],
        *,
        entity: str | None = None,
        ready: Callable[[], bool] | None = None,
    ) -> list[Outcome]:
        """Sends one request with one function for each posting, and says for each what is proven about it.

        Nothing is sent twice, but for a session found to be over, which proves that nothing ran. No failure of Intacct
        or of the network is raised: it is in the outcomes, in the order of the postings.

        Args:
            postings: (control ID, function rendered by `render_posting`).
            entity: the level to post at.
            ready: asked when the request is about to leave; False withdraws all of it as `NotSent`.

        Raises:
            ValueError: no posting, a control ID twice, or one that is not its function's.
        """
        controlids = [controlid for controlid, _ in postings]
        functions = [function for _, function in postings]
        if not postings or len(set(controlids)) != len(controlids):
            raise ValueError("A batch needs postings, each with a control ID of its own.")
        if controlids != [function_parts(function)[0] for function in functions]:
            raise ValueError("A control ID differs from that of its rendered function.")

        def read(answer: Answer) -> list[Outcome]:
            return outcomes(answer, controlids)

        level = self._level(entity)
        try:
            await self.sign_in(level)
            return await self._sessions.exchange(level, functions, read, operation=Operation.WRITE, ready=ready)
        except (NotExecuted, FunctionFailure) as error:  # a function failure here is the sign-in's: nothing was sent
            withdrawn = isinstance(error, Withdrawn)
            return [NotSent(controlid, error.fault, withdrawn) for controlid in controlids]
        except IntacctError as error:
            return [Lost(controlid, error.fault) for controlid in controlids]

    async def find_by_reference(
        self, references: Sequence[str], *, entity: str | None = None, known: str | None = None
    ) -> list[FoundRecord]:
        """All card transactions under these references, entity-private ones included; one query for 1,000 of them.

        Args:
            references: what was sent as `referenceno`; it is read back as `RECORDID`.
            entity: the level to look from.
            known: a reference that must be found, to prove that the look-up sees what it should.

        Raises:
            BlindLookup: the known one was missing, so that an empty answer means nothing.
        """
        found: list[FoundRecord] = []
        room = MOST_VALUES - (known is not None)
        for start in range(0, len(references), room):
            wanted = set(references[start : start + room])
            asked = sorted(wanted if known is None else wanted | {known})
            where = In("RECORDID", tuple(asked))
            records = [record async for record in self.card_transactions(where, entity=entity, page=LARGEST_PAGE)]
            if known is not None and all(record.reference != known for record in records):
                note = "The look-up missed a record that is known to be there."
                raise BlindLookup(Fault(Level.FUNCTION, operation=Operation.READ, note=note))
            found += [record for record in records if record.reference in wanted]
        return found

    async def card_transactions(
        self, where: Filter, *, entity: str | None = None, page: int = 1000
    ) -> AsyncIterator[FoundRecord]:
        fields = await self._available("CCTRANSACTION", _CARD_TRANSACTION, entity, extra=_IF_SHOWN)
        async for row in self.query("CCTRANSACTION", fields, where, entity=entity, page=page, show_private=True):
            yield FoundRecord.from_row(row)

    async def card_transactions_by_number(
        self, numbers: Iterable[str], *, entity: str | None = None
    ) -> list[FoundRecord]:
        """The card transactions with these record numbers; one query for 1,000 of them. What is no number is left out."""
        asked = sorted({number for number in numbers if number.isascii() and number.isdigit()})
        found: list[FoundRecord] = []
        for start in range(0, len(asked), MOST_VALUES):
            where = In("RECORDNO", tuple(asked[start : start + MOST_VALUES]))
            found += [record async for record in self.card_transactions(where, entity=entity, page=LARGEST_PAGE)]
        return found

    async def address(self, record_no: str, *, entity: str | None = None) -> str:
        """Where a card transaction's page is, as Intacct tells it (`RECORD_URL`); empty if it tells none."""
        fields = await self._available("CCTRANSACTION", ("RECORDNO", "RECORD_URL"), entity)
        rows = self.query("CCTRANSACTION", fields, Eq("RECORDNO", record_no), entity=entity, show_private=True)
        return "".join([row.get("RECORD_URL", "") async for row in rows][:1])

    async def attach(self, controlid: str, record_no: str, supdoc_id: str, *, entity: str | None = None) -> None:
        """Hangs an existing attachment on a posted transaction; changes nothing else of it."""
        await self._write(controlid, calls.attach_supdoc(record_no, supdoc_id), entity)

    async def reverse(
        self, controlid: str, record_no: str, day: date, memo: str = "", *, entity: str | None = None
    ) -> str:
        """Reverses a posted transaction; returns the reversal's record number if Intacct tells it, else empty."""
        return await self._write(controlid, calls.reverse_cctransaction(record_no, day, memo), entity)

    async def create_attachment_folder(
        self, controlid: str, name: str, description: str = "", *, entity: str | None = None
    ) -> None:
        await self._write(controlid, calls.create_supdoc_folder(name, description), entity)

    async def create_attachment(self, controlid: str, attachment: Attachment, *, entity: str | None = None) -> None:
        """Uploads the files; encoded off the loop, since receipts are megabytes."""
        call = await asyncio.to_thread(calls.create_supdoc, attachment)
        await self._write(controlid, call, entity)

    # --- set-up -------------------------------------------------------------------------------------------------------

    async def create_account(self, controlid: str, account: AccountRecord, *, entity: str | None = None) -> str:
        """Creates a ledger account; returns its record number if Intacct tells it, else empty."""
        return await self._write(controlid, calls.create_account(account), entity)

    async def update_account(
        self, controlid: str, account_no: str, changes: Mapping[str, str], *, entity: str | None = None
    ) -> None:
        """Changes the named fields of a ledger account: `{"REQUIREDEPT": "false"}`."""
        await self._write(controlid, calls.update_account(account_no, changes), entity)

    async def accounts(self, where: Filter | None = None, *, entity: str | None = None) -> list[AccountRecord]:
        """Ledger accounts with every attribute that the set-up checks, user-defined dimensions included."""
        wanted = await self._available("GLACCOUNT", _ACCOUNT, entity, extra_prefix="REQUIRE")
        return [AccountRecord.from_row(row) async for row in self.query("GLACCOUNT", wanted, where, entity=entity)]

    async def account(self, account_no: str, *, entity: str | None = None) -> AccountRecord | None:
        return next(iter(await self.accounts(Eq("ACCOUNTNO", account_no), entity=entity)), None)

    async def cards(
        self, where: Filter | None = None, *, entity: str | None = None, show_private: bool = False
    ) -> list[CreditCard]:
        """The cards of a level; with `show_private`, from the top level, those of every entity as well."""
        fields = await self._available("CREDITCARD", _CARD, entity)
        rows = self.query("CREDITCARD", fields, where, entity=entity, show_private=show_private)
        return [CreditCard.from_row(row) async for row in rows]

    async def card(self, card_id: str, *, entity: str | None = None) -> CreditCard | None:
        return next(iter(await self.cards(Eq("CARDID", card_id), entity=entity)), None)

    async def user(self, login_id: str, *, entity: str | None = None) -> UserRecord | None:
        fields = await self._available("USERINFO", _USER, entity)
        rows = self.query("USERINFO", fields, Eq("LOGINID", login_id), entity=entity)
        return next(iter([UserRecord.from_row(row) async for row in rows]), None)

    async def user_roles(self, login_id: str, *, entity: str | None = None) -> tuple[str, ...]:
        rows = self.query("USERROLES", ["ROLENAME"], Eq("USERID", login_id), entity=entity, order=())
        return tuple([row["ROLENAME"] async for row in rows if row.get("ROLENAME")])

    async def permissions(self, user_id: str, *, entity: str | None = None) -> Permissions:
        """What the user may do; asking needs the right to view user permissions."""
        return await self._read(calls.get_user_permissions(user_id), reading.permissions, entity)

    async def entities(self, *, entity: str = "") -> list[Entity]:
        """The entities that the user may enter, seen from the top level unless told otherwise."""
        return await self._read(calls.plain("readEntityDetails"), reading.entities, entity)

    async def financial_setup(self, *, entity: str | None = None) -> FinancialSetup:
        return await self._read(calls.plain("getFinancialSetup"), reading.financial_setup, entity)

    async def applications(self, *, entity: str | None = None) -> frozenset[str]:
        """Codes of the subscribed applications, such as `CM` and `GL`."""
        return await self._read(calls.plain("get_applications"), reading.applications, entity)

    async def preferences(self, application: str, *, entity: str | None = None) -> dict[str, str]:
        """An application's preferences: `CM`, `GL`, `ME`, or `GEN` for the company's own."""
        return await self._read(calls.get_company_preferences(application), reading.preferences, entity)

    async def list_values(
        self,
        dimension: Dimension | DimensionObject,
        where: Filter | None = None,
        *,
        entity: str | None = None,
        active_only: bool = False,
    ) -> AsyncIterator[DimensionValue]:
        """A pick list, in the order of its IDs, page by page."""
        source = DIMENSION_OBJECTS[dimension] if isinstance(dimension, Dimension) else dimension
        fields = await self._available(source.object, (source.id_field, *source.name_fields, "STATUS"), entity)
        name = next((field for field in source.name_fields if field in fields), source.id_field)
        asked = [field for field in fields if field in {source.id_field, name, "STATUS"}]
        parts = [where] if where is not None else []
        if active_only and "STATUS" in asked:
            parts.append(Eq("STATUS", "active"))
        by_id = (Order(source.id_field),)
        condition = And(tuple(parts)) if parts else None
        async for row in self.query(source.object, asked, condition, entity=entity, order=by_id):
            value_id = row.get(source.id_field, "")
            status = row.get("STATUS", "")
            yield DimensionValue(value_id, row.get(name, "") or value_id, usable(status), status)

    async def fields(self, name: str, *, entity: str | None = None) -> frozenset[str]:
        """The fields that an object has in this company; asked once.

        Subscriptions decide, and asking a query for a field that is not there fails all of it.
        """
        key = (self._level(entity), name)
        if key not in self._fields:
            self._fields[key] = await self._read(calls.lookup(name), reading.field_names, entity)
        return self._fields[key]

    # --- any read -----------------------------------------------------------------------------------------------------

    async def query(
        self,
        name: str,
        fields: Sequence[str],
        where: Filter | None = None,
        *,
        entity: str | None = None,
        page: int = 1000,
        show_private: bool = False,
        order: tuple[Order, ...] = BY_RECORD_NO,
    ) -> AsyncIterator[dict[str, str]]:
        """Rows of an object as upper-case field names to texts, page by page.

        Pages are separate queries: rows that change meanwhile can be skipped or come twice.
        """
        query = Query(name, tuple(fields), where, order, show_private, page)
        offset = 0
        while True:

            def read(result: Result, offset: int = offset) -> reading.Page:
                return reading.page(result, offset, page)

            got = await self._read(query.call(offset), read, entity)
            for row in got.rows:
                yield row
            offset += len(got.rows)
            if not got.rows or got.remaining <= 0:
                return

    # --- one call -----------------------------------------------------------------------------------------------------

    def _level(self, entity: str | None) -> str:
        return self._entity if entity is None else entity

    async def _available(
        self,
        name: str,
        wanted: Sequence[str],
        entity: str | None,
        *,
        extra: Sequence[str] = (),
        extra_prefix: str = "",
    ) -> list[str]:
        """The wanted fields that the company has, and the extra ones if it has them.

        Where `lookup` is refused or lists nothing, the wanted ones are asked for as documented.
        """
        try:
            known = await self.fields(name, entity=entity)
        except FunctionFailure:
            known = frozenset()
        if not known:
            return list(wanted)
        more = sorted(field for field in known if extra_prefix and field.startswith(extra_prefix))
        listed = [field for field in (*wanted, *extra) if field in known]
        return list(dict.fromkeys([*listed, *more]))

    async def _read(self, call: Element, read: Callable[[Result], T], entity: str | None) -> T:
        controlid = uuid4().hex
        functions = [render_function(controlid, call)]

        def read_one(answer: Answer) -> T:
            return read(reading.only(answer, controlid))

        level = self._level(entity)
        return await self._wire.patiently(
            lambda: self._sessions.exchange(level, functions, read_one, operation=Operation.READ)
        )

    async def _write(self, controlid: str, call: Element, entity: str | None) -> str:
        """One write, sent once; returns its key, if it has one. Raises of the tree."""
        level = self._level(entity)
        function = await asyncio.to_thread(render_function, controlid, call)

        def read(answer: Answer) -> str:
            return reading.written_key(reading.only(answer, controlid))

        await self.sign_in(level)
        return await self._sessions.exchange(level, [function], read, operation=Operation.WRITE)

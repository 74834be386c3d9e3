"""Filters and the `query` call. Operators and their order are the published schema's."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

from lxml import etree

from bot.intacct.envelope import Element, add
from bot.intacct.text import american_day, american_time, plain_amount

Value = str | int | bool | Decimal | date | datetime

MOST_VALUES = 1000
"""Values that one `in` may hold."""
LARGEST_PAGE = 2000


class Filter(ABC):
    """Something that renders itself as one operator element."""

    __slots__ = ()

    @abstractmethod
    def render(self, parent: Element) -> None: ...


@dataclass(frozen=True, slots=True)
class _Comparison(Filter):
    tag: ClassVar[str]
    field: str
    value: Value

    def render(self, parent: Element) -> None:
        _operator(parent, self.tag, self.field, self.value)


class Eq(_Comparison):
    __slots__ = ()
    tag = "equalto"


class NotEq(_Comparison):
    __slots__ = ()
    tag = "notequalto"


class Less(_Comparison):
    __slots__ = ()
    tag = "lessthan"


class LessOrEqual(_Comparison):
    __slots__ = ()
    tag = "lessthanorequalto"


class Greater(_Comparison):
    __slots__ = ()
    tag = "greaterthan"


class GreaterOrEqual(_Comparison):
    __slots__ = ()
    tag = "greaterthanorequalto"


class Like(_Comparison):
    """`%` and `_` are wildcards: not for exact look-ups."""

    __slots__ = ()
    tag = "like"


@dataclass(frozen=True, slots=True)
class Between(Filter):
    """Both ends included."""

    field: str
    low: Value
    high: Value

    def render(self, parent: Element) -> None:
        _operator(parent, "between", self.field, self.low, self.high)


@dataclass(frozen=True, slots=True)
class In(Filter):
    """Any of the values; more than one `in` may hold become several, joined by `or`."""

    field: str
    values: tuple[Value, ...]

    def render(self, parent: Element) -> None:
        if not self.values:
            raise ValueError("An empty list matches nothing; ask nothing instead.")
        chunks = [self.values[at : at + MOST_VALUES] for at in range(0, len(self.values), MOST_VALUES)]
        into = etree.SubElement(parent, "or") if len(chunks) > 1 else parent
        for chunk in chunks:
            _operator(into, "in", self.field, *chunk)


@dataclass(frozen=True, slots=True)
class IsNull(Filter):
    field: str

    def render(self, parent: Element) -> None:
        _operator(parent, "isnull", self.field)


@dataclass(frozen=True, slots=True)
class _Group(Filter):
    tag: ClassVar[str]
    parts: tuple[Filter, ...]

    def render(self, parent: Element) -> None:
        if not self.parts:
            raise ValueError("A group of no filters says nothing.")
        into = etree.SubElement(parent, self.tag) if len(self.parts) > 1 else parent
        for part in self.parts:
            part.render(into)


class And(_Group):
    """All of the parts; a single part stands alone, since a group needs two."""

    __slots__ = ()
    tag = "and"


class Or(_Group):
    __slots__ = ()
    tag = "or"


@dataclass(frozen=True, slots=True)
class Order:
    field: str
    descending: bool = False


BY_RECORD_NO = (Order("RECORDNO"),)
"""Pages are separate queries without an order of their own; this one keeps them from skipping rows."""


@dataclass(frozen=True, slots=True)
class Query:
    """One `query`. `page` is the number of rows in one answer, 1 to 2,000; `offset` the row at which it starts.

    `show_private` sees what single entities own, from the top level.
    """

    object: str
    fields: tuple[str, ...]
    where: Filter | None = None
    order: tuple[Order, ...] = BY_RECORD_NO
    show_private: bool = False
    page: int = 1000

    def call(self, offset: int = 0) -> Element:
        if not self.fields or not 1 <= self.page <= LARGEST_PAGE:
            raise ValueError("A query names its fields and a page of 1 to 2,000 rows.")
        if len({name.replace("#", "") for name in self.fields}) < len(self.fields):
            raise ValueError("Two of these fields come back under one name, since answers lose the #.")
        query = etree.Element("query")
        add(query, "object", self.object)
        select = etree.SubElement(query, "select")
        for name in self.fields:
            add(select, "field", name)
        if self.where is not None:
            self.where.render(etree.SubElement(query, "filter"))
        if self.order:
            _render_order(query, self.order)
        if self.show_private:
            add(etree.SubElement(query, "options"), "showprivate", "true")
        add(query, "pagesize", str(self.page))
        add(query, "offset", str(offset))
        return query


def _render_order(query: Element, order: Sequence[Order]) -> None:
    orderby = etree.SubElement(query, "orderby")
    for by in order:
        one = etree.SubElement(orderby, "order")
        add(one, "field", by.field)
        etree.SubElement(one, "descending" if by.descending else "ascending")


def _operator(parent: Element, tag: str, field: str, *values: Value) -> None:
    operator = etree.SubElement(parent, tag)
    add(operator, "field", field)
    for value in values:
        add(operator, "value", _text(value))


def _text(value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case datetime():
            return american_time(value)
        case date():
            return american_day(value)
        case Decimal():
            return plain_amount(value)
        case _:
            return str(value)

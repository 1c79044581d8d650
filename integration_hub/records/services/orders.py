"""Orders: what was bought, by whom, and where it stands."""

import secrets
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from integration_hub.companies.models import Company
from integration_hub.records import guard, money
from integration_hub.records.models import Customer, Order, OrderItem, Ticket
from integration_hub.records.services import items
from integration_hub.records.services.errors import Errors, Invalid
from integration_hub.records.services.noun import Changed, Noun, taken
from integration_hub.records.services.unit import Unit
from integration_hub.sync import sql

FIELDS = (
    "order_number",
    "customer",
    "status",
    "priority",
    "payment_state",
    "currency",
    "total",
    "placed_at",
    "notes",
)
# Changes of these change what customers bought and events sold.
COUNTING = frozenset({"items", "total", "currency", "status", "payment_state", "customer", "placed_at"})
SHOWN_ON_ITEMS = frozenset({"order_number", "currency"})
SHOWN_ON_TICKETS = frozenset({"order_number", "customer"})
_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # none that look alike


def new_number(company: Company) -> str:
    """A number people can read out: the company's day and six random signs, such as 261120-7KQ2MX."""
    day = timezone.now().astimezone(ZoneInfo(company.timezone))
    return f"{day:%y%m%d}-" + "".join(secrets.choice(_LETTERS) for _sign in range(6))


class Orders(Noun[Order]):
    """Orders bring their lines along as `items`: {id, ticket_type, description, quantity, unit_price, discount} each.

    A given list is the whole list: lines that are not in it go. The total is their sum.
    """

    def assign(self, record: Order, before: Order | None, data: Mapping[str, Any], errors: Errors) -> None:
        plain = {name: value for name, value in data.items() if name != "items"}
        super().assign(record, before, plain, errors)
        record.lines = items.planned(record, self.current_lines(record, before), data.get("items"), errors)
        _add_up(record, "total" in plain, errors)

    def current_lines(self, record: Order, before: Order | None) -> list[OrderItem]:
        """Its saved lines; who handles many orders has fetched them together."""
        if before is None:
            return []
        known = getattr(record, "known_lines", None)
        return items.living(record) if known is None else known

    def differing(self, now: Order, before: Order) -> Changed:
        changed = super().differing(now, before)
        return changed | {"items"} if now.lines.differ else changed

    def insert(self, unit: Unit, record: Order) -> None:
        super().insert(unit, record)
        items.save(unit, record.lines)

    def store(self, unit: Unit, now: Order, before: Order, changed: Changed) -> None:
        super().store(unit, now, before, changed - {"items"})
        items.save(unit, now.lines)
        if "items" in changed:
            count_again(unit, (now, before))


def _add_up(order: Order, given: bool, errors: Errors) -> None:
    lines = order.lines
    if any(name.startswith("items") or name in ("total", "currency") for name in errors.found):
        return
    if not lines.all:
        # What an order without lines costs is what was said; lines taken away take their amounts along.
        order.total = Decimal(0) if lines.gone and not given else money.rounded(order.total, order.currency)
        return
    if given and order.total != lines.total:
        said = _("The lines add up to %(sum)s, not to %(said)s. Leave the total out, or correct the lines.")
        shown = {"sum": money.text(lines.total, order.currency), "said": money.text(order.total, order.currency)}
        errors.add("total", said % shown)
    order.total = lines.total


def _fill(order: Order) -> None:
    order.order_number = order.order_number or new_number(order.company)
    order.currency = order.currency or order.company.currency


def _check(order: Order, before: Order | None, errors: Errors) -> None:
    taken(order, "order_number", errors, _("There already is an order with the number “%(value)s”."))
    items.check_gone(order.lines, errors)


def _ripples(unit: Unit, order: Order, before: Order | None, changed: Changed) -> None:
    unit.ordered((before, order))
    if before is None or changed & COUNTING:
        count_again(unit, (order, before))
    if before is not None:
        show_again(unit, order, before, changed)


def show_again(unit: Unit, order: Order, before: Order, changed: Changed) -> None:
    """Lines and tickets show something of their order."""
    if changed & SHOWN_ON_ITEMS:
        unit.touch("order_item", *(item.pk for item in order.lines.all))
    if changed & SHOWN_ON_TICKETS or order.cancelled != before.cancelled:
        unit.spread("ticket", Ticket, order_item__order=order.pk)


def count_again(unit: Unit, *changes: tuple[Order, Order | None]) -> None:
    """The customers of these orders and the events they pay for, now and before (None: it is new)."""
    customers = {order.customer_id for change in changes for order in change if order}
    joined = {now.customer_id for now, before in changes if before is None or now.customer_id != before.customer_id}
    lines = [item for order, _before in changes for item in (*order.lines.all, *order.lines.gone)]
    events = {item.ticket_type.event_id for item in lines if item.ticket_type}
    if known := [order.pk for order, before in changes if before is not None]:
        saved = OrderItem.everywhere.filter(order__in=known, ticket_type__isnull=False).order_by()
        held = Ticket.everywhere.filter(order_item__order__in=known, deleted_at=None).order_by()
        events.update(saved.values_list("ticket_type__event", flat=True).distinct())
        events.update(held.values_list("event", flat=True).distinct())
    unit.sold(customers=customers, events=events)
    if joined := joined - {None}:
        unit.verify(lambda: _still_there(joined))


def _still_there(customers: set[UUID | None]) -> None:
    if Customer.everywhere.filter(pk__in=customers, deleted_at__isnull=False).exists():
        raise Invalid({"customer": [_("This customer was deleted in the meantime.")]})


def _tickets(order: Order) -> Any:
    return Ticket.everywhere.filter(order_item__order=order.pk, deleted_at=None)


def _leave(unit: Unit, order: Order, errors: Errors) -> None:
    """An order goes with its lines and its tickets."""
    order.lines = items.Lines(gone=items.living(order))
    unit.ordered((order, None))
    count_again(unit, (order, order))
    tickets = list(_tickets(order).order_by("pk").values_list("pk", flat=True))
    gone = timezone.now()
    Ticket.everywhere.filter(pk__in=tickets).update(deleted_at=gone)
    OrderItem.everywhere.filter(order=order.pk, deleted_at=None).update(deleted_at=gone)
    unit.removed("ticket", *tickets)
    unit.removed("order_item", *(item.pk for item in order.lines.gone))


def _back(unit: Unit, order: Order, since: datetime) -> None:
    """Its lines and tickets come back with it."""
    lines = OrderItem.everywhere.filter(order=order.pk, deleted_at__gte=since)
    tickets = Ticket.everywhere.filter(order_item__order=order.pk, deleted_at__gte=since)
    unit.made("order_item", *lines.values_list("pk", flat=True))
    unit.made("ticket", *tickets.values_list("pk", flat=True))
    tickets.update(deleted_at=None)
    lines.update(deleted_at=None)


noun = Orders(Order, "order", FIELDS, fill=_fill, check=_check, ripples=_ripples, leave=_leave, back=_back)
create, update, delete, validate = noun.create, noun.update, noun.delete, noun.validate


# A first sync does this for every order there is, so it is written by hand: one statement for any number of them, which
# locks them in one order, as everybody does who locks many. The index refuses a remote row that another order claims.
_MIRROR_AT_ONCE = """
WITH news AS (SELECT id, record_id FROM {news} AS news),
     known AS (SELECT id FROM orders WHERE company_id = %s AND {among} ORDER BY id {lock})
UPDATE orders SET record_id = news.record_id FROM news, known WHERE orders.id = known.id AND known.id = news.id
"""
# SQLite has one writer at a time: nothing is locked, and nothing has to be asked for it.
_MIRROR_ALONE = """
UPDATE orders SET record_id = news.record_id FROM {news} AS news WHERE orders.id = news.id AND orders.company_id = %s
"""
_KNOWN = """
SELECT id, record_id FROM orders WHERE company_id = %s AND {among} ORDER BY id {lock}
"""
# Whoever holds it now, in a swap ours among them; deleted orders are not looked at, the index has only living ones.
_LOSE = """
UPDATE orders SET record_id = NULL
WHERE company_id = %s AND deleted_at IS NULL AND record_id IN (SELECT record_id FROM {news} AS news)
"""
_NEWS = {"id": "uuid", "record_id": "text"}
_MIRROR = "UPDATE orders SET record_id = news.record_id FROM {news} AS news WHERE orders.id = news.id"


def set_record_ids(company_id: UUID, record_ids: Mapping[UUID, str | None]) -> None:
    """Note which remote row each order mirrors now (None: none). `updated_at` stays, nothing is queued.

    A remote row mirrors one order: another that claimed it loses it. The orders are locked, so call it outside of a
    transaction that holds their work rows: who edits an order locks the order first and its work rows last.
    """
    news, values = sql.table([(pk, record_id or None) for pk, record_id in record_ids.items()], **_NEWS)
    text = _MIRROR_ALONE if sql.is_sqlite() else _MIRROR_AT_ONCE
    text = text.format(news=news, lock=_lock(), among=sql.among("id", "news"))
    try:
        with transaction.atomic() if connection.in_atomic_block else nullcontext():
            sql.execute(text, [*values, company_id])
    except IntegrityError:
        _take_over(company_id, record_ids)


def _take_over(company_id: UUID, record_ids: Mapping[UUID, str | None]) -> None:
    """The same where others claim some of these rows, or they are swapped."""
    with transaction.atomic(), guard.writing():
        known = _locked(company_id, record_ids)
        news = [(pk, record_ids[pk] or None) for pk, old in known.items() if (record_ids[pk] or None) != old]
        given, values = sql.table(news, **_NEWS)
        if any(record_id for _pk, record_id in news):
            sql.execute(_LOSE.format(news=given), [company_id, *values])
        if news:
            sql.execute(_MIRROR.format(news=given), values)


def _locked(company_id: UUID, ids: Iterable[UUID]) -> dict[UUID, str | None]:
    text = _KNOWN.format(among=sql.among("id", sql.given(id="uuid")), lock=_lock())
    return {sql.uuid_of(pk): old for pk, old in sql.fetch(text, [company_id, sql.column(ids)])}


def _lock() -> str:
    return "" if sql.is_sqlite() else "FOR NO KEY UPDATE OF orders"

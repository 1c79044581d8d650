"""Keeping facts, each in the transaction of the stream that brought it: row, cursor and what follows, or nothing."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import singledispatch
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from integration_hub.connections import discovery
from integration_hub.connections.models import Connection
from integration_hub.contract import Pull
from integration_hub.http import clock
from integration_hub.sync import lanes, nudge, reading
from integration_hub.sync.models import Mapping
from providers.airtable.hooks import naming, payloads, planning, telling
from providers.airtable.hooks.facts import Drained, Dropped, Fact, Kept, Made, Refused
from providers.airtable.hooks.models import AirtableWebhook

REMEMBERED = timedelta(days=7)  # how long Airtable keeps payloads
LONG = timedelta(days=1)  # what was deleted in so long a gap is looked for at once, and not in the next night


@singledispatch
def keep(fact: Fact, pull: Pull) -> None:
    raise TypeError(type(fact).__name__)


@keep.register
def _made(fact: Made, pull: Pull) -> None:
    """It knows nothing of what happened until now: that is read by asking."""
    before = _row(pull, fact.base)
    told = {"hook_id": fact.hook, "secret": fact.secret, "url": fact.url, "cursor": 1, "sentence": ""}
    now = clock.now()
    told |= {"made_at": now, "expires_at": fact.expires, "pinged_at": None, "look_at": now + planning.LOOK}
    AirtableWebhook.everywhere.update_or_create(
        connection_id=pull.connection_id,
        base_id=fact.base,
        defaults={**told, "company_id": pull.company_id, "drained_at": None},
    )
    since = (before.drained_at or before.made_at) if before else None
    read_anew(pull, fact.base, whole=since is not None and now - since > LONG)
    telling.well(pull, fact.base)


@keep.register
def _kept(fact: Kept, pull: Pull) -> None:
    known = _row(pull, fact.base)
    told = {"expires_at": fact.expires, "look_at": clock.now() + planning.LOOK, "sentence": fact.failing}
    _rows(pull, fact.base).filter(hook_id=fact.hook).update(**told)
    if fact.failing and known is not None and not known.sentence:  # it was relied upon until now
        read_anew(pull, fact.base)
    telling.well(pull, fact.base)


@keep.register
def _drained(fact: Drained, pull: Pull) -> None:
    """The cursor moves from where it was read, once; whoever comes second changes nothing."""
    before = _row(pull, fact.base)
    mine = _rows(pull, fact.base).filter(hook_id=fact.hook, cursor=fact.start)
    if before is None or not mine.update(cursor=fact.cursor, **({"drained_at": fact.at} if fact.last else {})):
        return
    news = payloads.read(fact.payloads)
    connection = Connection.everywhere.defer("api_key", "webhook_secret", "secrets").get(pk=pull.connection_id)
    if news.schema:
        discovery.ask(connection, fact.base)
    since = before.drained_at or before.made_at
    if since is not None and clock.now() - since > REMEMBERED:
        read_anew(pull, fact.base, whole=True)
    elif news.broken:
        read_anew(pull, fact.base)
    if news.changes:
        _name(connection, fact, news.changes)


@keep.register
def _dropped(fact: Dropped, pull: Pull) -> None:
    _rows(pull, fact.base).delete()
    telling.well(pull, fact.base)


@keep.register
def _refused(fact: Refused, pull: Pull) -> None:
    """What is known of it stays: it may be told again."""
    told = {"sentence": fact.sentence, "look_at": clock.now() + planning.LOOK}
    _row_or_new, new = AirtableWebhook.everywhere.update_or_create(
        connection_id=pull.connection_id, base_id=fact.base, defaults={**told, "company_id": pull.company_id}
    )
    if not new:
        read_anew(pull, fact.base)
    telling.refused(pull, fact.base, fact.sentence)


def _name(connection: Connection, fact: Drained, changes: Sequence[payloads.Change]) -> None:
    now, user = clock.now(), connection.account_id
    _wake([one.pk for one in _read(connection.pk, fact.base) if naming.name(one, changes, user, now)])


def read_anew(pull: Pull, base: str, *, whole: bool = False) -> None:
    """Ask for what changed since each table of this base was last read; or for all of it."""
    found = _read(pull.connection_id, base)
    for mapping in found:
        reading.ensure(mapping)
        if whole:
            reading.whole(mapping)
    reading.poke([mapping.pk for mapping in found])
    _wake([mapping.pk for mapping in found])


def _read(connection_id: UUID, base: str) -> list[Mapping]:
    connection = Connection.everywhere.defer("api_key", "webhook_secret", "secrets").get(pk=connection_id)
    return planning.by_base(connection, base).get(base, [])


def _wake(targets: Sequence[UUID]) -> None:
    """In this transaction, so that a kill after it loses nothing; one by one, in order, as all do who lock lanes."""
    for target in sorted(targets):
        lanes.wake([target])
        transaction.on_commit(_nudging(target), robust=True)


def _nudging(target: UUID) -> Callable[[], None]:
    return lambda: nudge.nudge(target)


def _rows(pull: Pull, base: str) -> QuerySet[AirtableWebhook]:
    return AirtableWebhook.everywhere.filter(connection_id=pull.connection_id, base_id=base)


def _row(pull: Pull, base: str) -> AirtableWebhook | None:
    return _rows(pull, base).defer("secret").first()

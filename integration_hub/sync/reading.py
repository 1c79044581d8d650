"""Reading a remote table, page by page: what changed since, or all of it, and then which rows are gone.

A page is read, merged, and only then does the cursor move: whatever is killed, the page is read again, and what was
merged already falls out as equal. Nothing is ever deleted because a listing did not name it: each such row is asked for
by its id first.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import structlog
from django.db.models import F

from integration_hub.contract import CursorExpired, Direction, FieldRefused, Page, ProviderError, RemoteRow
from integration_hub.contract.api import Json
from integration_hub.http import clock
from integration_hub.http.flight import Flight
from integration_hub.sync import arriving, lanes, linking, merging, rows, schema, strays, vanishing
from integration_hub.sync.calls import blame_field, handle
from integration_hub.sync.models import Mapping, RecordLink, SyncRun
from integration_hub.sync.models.pull import Reading
from integration_hub.sync.pacing import paced
from integration_hub.sync.rows import Link, Work
from integration_hub.sync.turn import SOON, Ahead, Slice

log = structlog.get_logger(__name__)

MINUTES = 5
BY_THE_CLOCK = "schedule"  # who started a run that nobody asked for
READ = 100  # rows a provider is asked for at once
NEXT = 0.5  # seconds in which a page is saved, about


def ensure(mapping: Mapping, minutes: int | None = None) -> Reading | None:
    """The reading of a mapping that is read; none for one that is only written. `minutes`: how often from now on, 0
    only when somebody wants it; None: as it was. Due now when it is new, read again after a rest, or to be read in
    another rhythm; not while the mapping waits for a preview."""
    mine = Reading.everywhere.filter(mapping=mapping)
    if Direction(mapping.direction) is Direction.PUSH:
        mine.update(next_at=None)
        return None
    often = MINUTES if minutes is None else minutes
    now = clock.now() if often and not mapping.waits else None
    first = {"company_id": mapping.company_id, "minutes": often, "next_at": now}
    row, made = Reading.everywhere.get_or_create(mapping=mapping, defaults=first)
    if not made and minutes is not None and row.minutes != minutes:
        mine.update(minutes=minutes, next_at=now or row.next_at, pokes=F("pokes") + 1)
    elif not made and row.next_at is None and row.minutes and not mapping.waits:
        mine.update(next_at=clock.now(), pokes=F("pokes") + 1)
    return row


def poke(mapping_ids: list[UUID]) -> None:
    """Read these mappings' tables now; wake their lanes after the commit."""
    Reading.everywhere.filter(mapping__in=mapping_ids).update(next_at=clock.now(), pokes=F("pokes") + 1)


def whole(mapping: Mapping) -> None:
    """Read the whole table again, from its start, now."""
    Reading.everywhere.filter(mapping=mapping).update(
        cursor=None, start=None, whole_since=None, checking=False, next_at=clock.now(), anew=F("anew") + 1
    )


def due(mapping: UUID) -> Reading | None:
    return Reading.everywhere.filter(mapping=mapping, next_at__lte=clock.now()).first()


def step(turn: Slice) -> bool:
    """The next part of a reading that is due; False when there is nothing to read now."""
    row = due(turn.job.mapping.pk) if turn.job.reads and not turn.over else None
    if row is None or _waits(turn, row):
        return False
    if strays.step(turn):
        return True
    if row.checking or row.approved:
        return vanishing.step(turn, row)
    return _next_page(turn, row)


def _next_page(turn: Slice, row: Reading) -> bool:
    if row.cursor is None and row.whole_since is None:
        row.whole_since = clock.now()
        keep(turn, row, whole_since=row.whole_since)
    try:
        page = _page(turn, row.cursor)
        _ask_ahead(turn, page)
        if not take(turn, page, row):
            return False
    except CursorExpired:
        log.info("a listing broke off and begins again", mapping=str(row.mapping_id))
        keep(turn, row, cursor=row.start)
        return True
    except FieldRefused as error:
        if not blame_field(turn, error):
            turn.stop(SOON)
        return False
    except ProviderError as error:
        handle(turn, [], error)
        if not turn.over:
            turn.stop(SOON)
        return False
    _advance(turn, row, page)
    return True


def _page(turn: Slice, cursor: Json) -> Page:
    """The page at this cursor: where it was asked for ahead, that one."""
    ahead, turn.ahead = turn.ahead, None
    if ahead is not None:
        (came,) = ahead.flight.landed()
        if came is not None and ahead.cursor == cursor:
            return came.result()
    return _asked(turn, cursor)


def _asked(turn: Slice, cursor: Json) -> Page:
    page: Page = turn.job.sink.page(turn.client(1), turn.job.whole, cursor)
    return page


def _ask_ahead(turn: Slice, page: Page) -> None:
    """Ask for the next page while this one is being saved, where this turn will get to it."""
    turn.in_the_midst = not page.last
    if not page.last and turn.lasts(NEXT):
        turn.ahead = Ahead(page.cursor, Flight([partial(_asked, turn, page.cursor)], lambda: not turn.over))
        turn.ahead.flight.begin()


def _waits(turn: Slice, row: Reading) -> bool:
    """A first reading leaves those of its parents the way, so that little is owed."""
    if row.whole_at is not None or not linking.parents_run(turn.job.parents):
        return False
    keep(turn, row, next_at=clock.now() + timedelta(seconds=SOON))
    return True


def begin(turn: Slice, run: SyncRun) -> bool:
    """Have the table read for this run; False when that is done, or nothing is to be read. By the clock only what
    changed since is read, so that the cost follows the changes; what a person starts reads everything, and so does
    every night."""
    if not turn.job.reads:
        return False
    row = ensure(turn.job.mapping)
    assert row is not None
    if row.whole_at and run.actor == BY_THE_CLOCK:
        return _begin_again(turn.job.mapping, row, run.started_at)
    if row.whole_at and row.whole_at >= run.started_at:
        return False
    if row.whole_since is None or row.whole_since < run.started_at:
        whole(turn.job.mapping)
    return True


def _begin_again(mapping: Mapping, row: Reading, since: datetime) -> bool:
    if row.read_at and row.read_at >= since:
        return False
    Reading.everywhere.filter(pk=row.pk, next_at__gt=clock.now()).update(next_at=clock.now())
    return True


def look_first(turn: Slice, chunk: Sequence[Work]) -> None:
    """Read the rows of these records and merge what changed over there, before anything of ours is written. The turn is
    over where the table turns out to be another one."""
    job = turn.job
    known = rows.links(job.mapping.pk, job.mapping.record_type, [work.record_id for work in chunk])
    linked = {link.remote_id: record for record, link in known.items() if link.deleted_at is None}
    if not linked:
        return
    client = turn.client(min(work.prio for work in chunk))
    owing = linking.awaited(job.mapping.pk, known) if job.parents else {}  # perhaps it is no debt any more
    ids = list(linked)
    for start in range(0, len(ids), READ):
        found = job.sink.read(client, job.whole, ids[start : start + READ])
        met = [(RemoteRow(remote_id, cells), linked[remote_id]) for remote_id, cells in found.items()]
        if not _is_sure(turn, [(row, known[pk]) for row, pk in met]):
            return
        merging.take_linked(turn, [(row, pk) for row, pk in met if pk in owing or _unlike(turn, row, known[pk])])


def _unlike(turn: Slice, row: RemoteRow, link: Link) -> bool:
    return turn.job.rules.moved(row, link.base_theirs)


def next_at(target: UUID) -> datetime | None:
    """When this mapping's table is to be read next."""
    at: datetime | None = Reading.everywhere.filter(mapping=target).values_list("next_at", flat=True).first()
    return at


def _is_sure(turn: Slice, met: Sequence[tuple[RemoteRow, Link]]) -> bool:
    """Cells that lost their value may belong to a field that was deleted, or made anew with another type. Before
    anything is emptied here the table itself is looked at; False when this turn is over because of it."""
    if turn.table_seen or not any(turn.job.rules.empties(row, link.base_theirs) for row, link in met):
        return True
    schema.look(turn.job.mapping, ends_by=turn.ends_by)
    turn.table_seen = True
    if turn.job.is_outdated():
        turn.stop(0)
    return not turn.over


def take(turn: Slice, page: Page, row: Reading) -> bool:
    """Merge what the page says; False where the table turns out to be another one, and nothing was merged."""
    known, strangers = arriving.strangers(turn.job.mapping.pk, page.rows)
    if not _is_sure(turn, [(one, known[one.remote_id][1]) for one in page.rows if one.remote_id in known]):
        return False
    _seen(turn, [link.pk for _record, link in known.values()], whole=bool(row.whole_since))
    moved = [(one, known[one.remote_id][0]) for one in page.rows if one.remote_id in known]
    moved = [(one, pk) for one, pk in moved if turn.job.rules.moved(one, known[one.remote_id][1].base_theirs)]
    merging.take_linked(turn, moved)
    arriving.take(turn, strangers)
    return True


def _seen(turn: Slice, links: list[int], *, whole: bool) -> None:
    """These rows are there, also those that were gone a while ago: somebody brought them back."""
    mine = RecordLink.everywhere.filter(pk__in=links)
    if not whole and not mine.filter(gone_at__isnull=False).exists():
        return
    with paced():
        now = lanes.fence(turn.held)
        mine.update(**({"seen_at": now} if whole else {}), gone_at=None)


def _advance(turn: Slice, row: Reading, page: Page) -> None:
    if not page.last:
        keep(turn, row, cursor=page.cursor)
        return
    keep(turn, row, cursor=page.cursor, start=page.cursor, read_at=clock.now(), checking=bool(row.whole_since))
    if not row.whole_since:
        rest(turn, row)


def keep(turn: Slice, row: Reading, **fields: object) -> None:
    """Note how far the reading is, under the fence, unless it was told to begin anew meanwhile."""
    with paced():
        lanes.fence(turn.held)
        Reading.everywhere.filter(pk=row.pk, anew=row.anew).update(**fields)


def rest(turn: Slice, row: Reading) -> None:
    """Read again when it is time, or never by itself, unless somebody wanted a reading meanwhile. Where the provider
    tells of changes at once there is seldom a need to ask."""
    minutes = row.minutes
    if 0 < minutes <= MINUTES:
        minutes = max(minutes, turn.job.sink.calm(turn.job.target))
    later = clock.now() + timedelta(minutes=minutes) if minutes else None
    Reading.everywhere.filter(pk=row.pk, anew=row.anew, pokes=row.pokes).update(next_at=later)

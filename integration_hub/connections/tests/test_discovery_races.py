"""Two renewals at once, and a base as large as they come."""

import threading
from collections.abc import Iterator

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from integration_hub.companies.models import Company
from integration_hub.connections import discovery, found, listing, services
from integration_hub.connections.models import Connection, Discovery, FoundResource
from integration_hub.connections.tests.library import Library, book, labels, shelf, wide
from integration_hub.connections.tests.test_races import at_once
from integration_hub.connections.tests.toy import OTHER_ACCOUNT, SAME_ACCOUNT
from integration_hub.contract import Resource

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]

TABLES = FIELDS = 500


@pytest.mark.parametrize("_round", range(3))
def test_of_many_who_renew_at_once_one_asks(reader: Connection, library: Library, _round: int) -> None:
    refused = threading.Semaphore(0)

    def until_the_others_were_refused(within: str, resource: Resource | None) -> None:
        if resource is None:
            for _ in range(3):
                assert refused.acquire(timeout=20)

    def renew() -> bool:
        renewed = discovery.renew(reader)
        if not renewed:
            refused.release()
        return renewed

    library.before = until_the_others_were_refused
    assert sorted(at_once(renew, renew, renew, renew)) == [False, False, False, True]
    assert library.listed == [""]
    assert labels(discovery.known(reader).resources) == ["Shelf 1", "Shelf 2"]


@pytest.mark.parametrize("_round", range(3))
def test_many_workers_serve_each_listing_once(reader: Connection, library: Library, _round: int) -> None:
    places = ["", *(f"shelf{number}" for number in range(1, 9))]
    for number in range(1, 9):
        library.there[f"shelf{number}"] = [book(number, within=f"shelf{number}")]
    at_once(*[lambda: [discovery.ask(reader, within) for within in places]] * 3)
    assert Discovery.everywhere.count() == len(places)
    library.listed.clear()
    while discovery.due():
        outcomes = at_once(*[discovery.serve] * 4)
        assert all(isinstance(outcome, int) for outcome in outcomes), outcomes
    assert sorted(library.listed) == sorted(places)
    assert FoundResource.everywhere.count() == 2 + 8


@pytest.mark.parametrize("_round", range(3))
def test_listing_putting_and_reconnecting_at_once_wait_for_each_other_in_one_order(
    company: Company, reader: Connection, library: Library, _round: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "ROWS", 1)
    library.there[""] = [shelf(number) for number in range(20)]

    def renew() -> None:
        for _ in range(3):
            discovery.renew(reader)

    def put() -> None:
        for number in range(20):
            discovery.put(reader, shelf(number, "Put"))

    def reconnect() -> None:
        for key in (OTHER_ACCOUNT, SAME_ACCOUNT, OTHER_ACCOUNT, SAME_ACCOUNT):
            secrets = {"api_key": key, "signing": "s"}
            services.connect(company, "toy", secrets, {}, actor="x", replace_account=True)

    assert at_once(renew, put, reconnect) == [None, None, None]
    assert discovery.renew(reader)
    assert [r.id for r in discovery.known(reader).resources] == [f"shelf{number}" for number in range(20)]


def test_a_large_base_is_written_in_short_transactions_as_it_comes(
    reader: Connection, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored: list[int] = []

    class Paged(Library):
        def discover(self, client: object, within: str = "") -> Iterator[Resource]:
            for number in range(TABLES):
                if number == TABLES - 1:
                    stored.append(FoundResource.everywhere.count())
                yield wide(number, FIELDS)

    library.discover = Paged().discover  # type: ignore[method-assign]
    sizes: list[int] = []
    write = listing._write

    def watched(held: listing.Held, chunk: list[found.Read]) -> None:
        sizes.append(sum(item.size for item in chunk))
        write(held, chunk)

    monkeypatch.setattr(listing, "_write", watched)
    assert discovery.renew(reader, "shelf1")
    assert FoundResource.everywhere.count() == TABLES
    assert stored[0] > TABLES * 0.9, "what came first is stored before the last has come"
    assert max(sizes) <= listing.CHARACTERS < sum(sizes) / 20


def test_selects_do_not_load_details_and_one_table_does(reader: Connection, library: Library) -> None:
    library.there["shelf1"] = [wide(number, FIELDS) for number in range(20)]
    discovery.renew(reader, "shelf1")
    with CaptureQueriesContext(
        database,
    ) as asked:
        known = discovery.known(reader, "shelf1")
    assert len(known.resources) == 20
    assert not any(resource.details for resource in known.resources)
    assert len([one for one in asked if "integration_" in one["sql"]]) == 2
    assert not any("details" in one["sql"] for one in asked)
    table = discovery.resource(reader, "book7")
    assert table is not None
    assert len(table.details["fields"]) == FIELDS  # type: ignore[arg-type]


def test_what_did_not_change_is_neither_read_whole_nor_written(reader: Connection, library: Library) -> None:
    library.there["shelf1"] = [wide(number, 50) for number in range(120)]
    discovery.renew(reader, "shelf1")
    with CaptureQueriesContext(database) as asked:
        discovery.renew(reader, "shelf1")
    touched = [one["sql"] for one in asked if "integration_resources" in one["sql"]]
    assert touched
    assert all(sql.startswith("SELECT") and "details" not in sql for sql in touched)

"""Discovery: what was found is kept, asked for, renewed, and never in the way of a page or a worker."""

from datetime import timedelta

import pytest
from django.db import transaction

from integration_hub.companies import scope
from integration_hub.companies.models import Company
from integration_hub.connections import discovery, found, listing, services, tasks
from integration_hub.connections.models import Connection, Discovery, FoundResource, Status
from integration_hub.connections.tests.library import Library, book, failing, labels, shelf
from integration_hub.connections.tests.toy import GOOD, OTHER_ACCOUNT, SAME_ACCOUNT, Toy
from integration_hub.contract import AuthFailed, ConfigError, RateLimited, Resource, TransientError
from integration_hub.http import clock
from integration_hub.notices.models import Problem

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]

HOUR = timedelta(seconds=3601)


def states(connection: Connection, within: str = "") -> Discovery:
    return Discovery.everywhere.get(connection=connection, within=within)


# --- asking and finding -----------------------------------------------------------------------------------------------


def test_nothing_is_known_before_anybody_asked(reader: Connection, library: Library) -> None:
    assert discovery.known(reader) == found.Known()
    assert discovery.resource(reader, "shelf1") is None
    assert library.listed == []


def test_asking_calls_nobody_and_a_worker_finds(reader: Connection, library: Library, nudges: list[str]) -> None:
    assert discovery.ask(reader)
    assert (library.listed, len(nudges)) == ([], 1)
    assert discovery.known(reader).asked
    tasks.discover()
    known = discovery.known(reader)
    assert labels(known.resources) == ["Shelf 1", "Shelf 2"]
    assert (known.asked, known.error, known.fresh) == (False, "", True)
    assert known.found_at is not None
    assert library.listed == [""]


def test_a_nudge_follows_the_commit(reader: Connection, nudges: list[str]) -> None:
    with transaction.atomic():
        discovery.ask(reader)
        assert nudges == []
    assert len(nudges) == 1


def test_books_lie_in_their_shelf_in_its_order(reader: Connection, library: Library) -> None:
    library.there["shelf1"] = [book(2), book(1, pages=7), book(2, "twice")]
    assert discovery.renew(reader, "shelf1")
    assert labels(discovery.known(reader, "shelf1").resources) == ["Book 2", "Book 1"]
    assert discovery.known(reader).resources == ()
    assert discovery.resource(reader, "book1") == book(1, pages=7)
    assert discovery.resource(reader, "book1", "shelf2") is None


def test_a_new_order_new_names_and_new_details_are_taken_over(reader: Connection, library: Library) -> None:
    library.there["shelf1"] = [book(1), book(2), book(3, pages=1)]
    discovery.renew(reader, "shelf1")
    library.there["shelf1"] = [book(3, pages=2), book(1, "Renamed"), book(2)]
    discovery.renew(reader, "shelf1")
    known = discovery.known(reader, "shelf1", details=True)
    assert known.resources == (book(3, pages=2), book(1, "Renamed"), book(2))


def test_what_is_fresh_is_not_asked_again_by_looking(reader: Connection, nudges: list[str]) -> None:
    discovery.renew(reader)
    assert not discovery.known(reader, ask_when_stale=True).asked
    with clock.shifted(HOUR):
        assert not discovery.known(reader).asked, "who only reads asks for nothing"
        assert (nudges, discovery.due()) == ([], [])
        seen = discovery.known(reader, ask_when_stale=True)
        assert (seen.asked, seen.fresh, labels(seen.resources)) == (True, False, ["Shelf 1", "Shelf 2"])
        assert discovery.known(reader, ask_when_stale=True).asked
        assert len(nudges) == 1
        assert discovery.serve() == 1
        assert discovery.known(reader).fresh


def test_nothing_is_asked_by_itself(reader: Connection, library: Library) -> None:
    discovery.renew(reader)
    with clock.shifted(timedelta(days=30)):
        assert discovery.repair() == 0
        assert discovery.serve() == 0
    assert library.listed == [""]


def test_the_sweep_sends_a_lost_nudge_again(reader: Connection, nudges: list[str]) -> None:
    discovery.ask(reader)
    nudges.clear()
    assert discovery.repair() == 1
    assert len(nudges) == 1
    discovery.serve()
    assert discovery.repair() == 0
    assert len(nudges) == 1


def test_a_404_asks_once_a_minute_however_fresh(reader: Connection, library: Library) -> None:
    library.there["shelf1"] = [book(1)]
    discovery.renew(reader)
    discovery.renew(reader, "shelf1")
    discovery.invalidate(reader, "shelf1")
    assert discovery.due() == []
    with clock.shifted(timedelta(seconds=61)):
        discovery.invalidate(reader, "shelf1")
        discovery.invalidate(reader, "shelf1")
        assert sorted(row.within for row in discovery.due()) == ["", "shelf1"]
        assert discovery.serve() == 2
        discovery.invalidate(reader, "shelf1")
        assert discovery.due() == []
    assert library.listed == ["", "shelf1", "", "shelf1"]


def test_who_asks_while_a_listing_is_read_gets_another_one(reader: Connection, library: Library) -> None:
    def ask_again(within: str, resource: Resource | None) -> None:
        library.before = None
        library.there[""].append(shelf(3))
        discovery.ask(reader)

    library.there[""] = []
    library.before = ask_again
    discovery.renew(reader)
    library.there[""].append(shelf(4))
    assert discovery.serve() == 1
    assert labels(discovery.known(reader).resources) == ["Shelf 3", "Shelf 4"]
    assert discovery.due() == []


def test_a_provider_without_discovery_is_left_alone(company: Company, toy: Toy, secrets: dict[str, str]) -> None:
    connection = services.connect(company, "toy", secrets, {}, actor="alice")
    assert not discovery.ask(connection)
    assert not discovery.known(connection, ask_when_stale=True).asked
    assert not Discovery.everywhere.exists()


# --- what vanishes, what stays ----------------------------------------------------------------------------------------


def test_a_shorter_listing_takes_what_vanished_with_all_inside(reader: Connection, library: Library) -> None:
    library.there |= {"shelf1": [book(1)], "shelf2": [book(2, within="shelf2")], "book1": [book(9, within="book1")]}
    for within in ("", "shelf1", "shelf2", "book1"):
        discovery.renew(reader, within)
    library.there[""] = [shelf(2)]
    discovery.renew(reader)
    assert labels(discovery.known(reader).resources) == ["Shelf 2"]
    assert discovery.known(reader, "shelf1") == found.Known()
    assert discovery.resource(reader, "book9") is None
    assert labels(discovery.known(reader, "shelf2").resources) == ["Book 2"]


def test_a_listing_that_breaks_off_takes_nothing(
    reader: Connection, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "ROWS", 1)
    discovery.renew(reader)
    library.there[""] = [shelf(0, "New"), shelf(2)]
    library.before = failing(TransientError("Not now."), at="shelf2")
    with pytest.raises(TransientError):
        discovery.renew(reader)
    assert {resource.id for resource in discovery.known(reader).resources} == {"shelf0", "shelf1", "shelf2"}


def test_what_was_put_while_a_listing_is_read_is_newer(reader: Connection, library: Library) -> None:
    library.there["shelf1"] = [book(1, fields=1)]
    discovery.renew(reader, "shelf1")

    def put(within: str, resource: Resource | None) -> None:
        library.before = None
        discovery.put(reader, book(1, "Named anew", fields=2))
        discovery.put(reader, book(2, "Just made"))

    library.before = put
    discovery.renew(reader, "shelf1")
    assert labels(discovery.known(reader, "shelf1").resources) == ["Named anew", "Just made"]
    assert discovery.resource(reader, "book1") == book(1, "Named anew", fields=2)
    discovery.renew(reader, "shelf1")
    assert labels(discovery.known(reader, "shelf1").resources) == ["Book 1"], "the next listing is newer"


def test_what_lies_in_a_resource_that_was_just_made_stays(reader: Connection, library: Library) -> None:
    def put(within: str, resource: Resource | None) -> None:
        library.before = None
        discovery.put(reader, shelf(9))
        discovery.put(reader, book(9, within="shelf9"))

    library.before = put
    discovery.renew(reader)
    assert sorted(labels(discovery.known(reader).resources)) == ["Shelf 1", "Shelf 2", "Shelf 9"]
    assert labels(discovery.known(reader, "shelf9").resources) == ["Book 9"]


def test_put_makes_and_changes(reader: Connection) -> None:
    for resource in (book(1, pages=1), book(2), book(1, "Other", pages=2)):
        discovery.put(reader, resource)
    assert discovery.known(reader, "shelf1", details=True).resources == (book(1, "Other", pages=2), book(2))
    assert not discovery.known(reader, "shelf1").fresh, "one resource is no listing"


# --- failures ---------------------------------------------------------------------------------------------------------


def test_a_failure_keeps_what_was_known_and_says_why(reader: Connection, library: Library) -> None:
    discovery.renew(reader)
    library.before = failing(TransientError("The library is closed."))
    discovery.ask(reader)
    assert discovery.serve() == 1
    known = discovery.known(reader)
    assert labels(known.resources) == ["Shelf 1", "Shelf 2"]
    assert (known.error, known.asked) == ("The library is closed.", False)
    library.before = None
    with clock.shifted(timedelta(seconds=61)):
        assert discovery.serve() == 1
    assert discovery.known(reader).error == ""


def test_waits_double_up_to_an_hour_and_end(reader: Connection, library: Library) -> None:
    library.before = failing(TransientError("Closed."))
    discovery.ask(reader)
    waits, past = [], timedelta()
    for _ in range(listing.TRIES):
        with clock.shifted(past):
            assert discovery.serve() == 1
            wait = states(reader).not_before - clock.now()  # type: ignore[operator]
        waits.append(round(wait.total_seconds() / 60))
        past += wait + timedelta(seconds=1)
    assert waits == [1, 2, 4, 8, 16, 32, 60]
    with clock.shifted(past):
        assert discovery.serve() == 0, "nobody tries for ever while nobody looks"
        assert discovery.known(reader, ask_when_stale=True).asked
        assert discovery.serve() == 1


def test_looking_waits_for_the_end_of_a_failures_wait_and_a_person_does_not(
    reader: Connection, library: Library
) -> None:
    library.before = failing(ConfigError("The key may not list shelves."))
    discovery.ask(reader)
    discovery.serve()
    assert discovery.serve() == 0, "a person must do something first"
    assert not discovery.known(reader, ask_when_stale=True).asked
    discovery.ask(reader)
    assert discovery.known(reader).asked
    assert discovery.serve() == 1
    assert library.listed == ["", ""]


def test_a_wait_is_no_failure(reader: Connection, library: Library) -> None:
    library.before = failing(RateLimited("Slower.", retry_after=30))
    discovery.ask(reader)
    assert discovery.serve() == 1
    assert (states(reader).error, states(reader).failures) == ("", 0)
    library.before = None
    assert discovery.serve() == 0
    with clock.shifted(timedelta(seconds=31)):
        assert discovery.serve() == 1
    assert len(discovery.known(reader).resources) == 2


def test_a_bug_is_stored_as_a_sentence_and_the_worker_goes_on(reader: Connection, library: Library) -> None:
    library.there["shelf1"] = [book(1)]
    planted = failing(ZeroDivisionError("planted"))
    library.before = lambda within, resource: None if within else planted(within, resource)
    discovery.ask(reader)
    discovery.ask(reader, "shelf1")
    assert discovery.serve() == 2
    assert "fault in the hub" in discovery.known(reader).error
    assert labels(discovery.known(reader, "shelf1").resources) == ["Book 1"]


def test_a_refused_key_marks_the_connection_and_ends_the_asking(reader: Connection, library: Library) -> None:
    library.before = failing(AuthFailed("The card has expired."))
    discovery.ask(reader)
    assert discovery.serve() == 1
    reader.refresh_from_db()
    assert (reader.status, reader.last_error) == (Status.NEEDS_RECONNECT, "The card has expired.")
    assert Problem.everywhere.filter(closed_at=None).count() == 1
    assert not discovery.ask(reader)
    with pytest.raises(AuthFailed):
        discovery.renew(reader)
    assert (discovery.serve(), library.listed) == (0, [""])


def test_a_refusal_of_an_older_key_blames_nobody(company: Company, reader: Connection, library: Library) -> None:
    def reconnect(within: str, resource: Resource | None) -> None:
        services.connect(company, "toy", {"api_key": SAME_ACCOUNT, "signing": "s"}, {}, actor="alice")
        raise AuthFailed("The old card has expired.")

    library.before = reconnect
    with pytest.raises(AuthFailed):
        discovery.renew(reader)
    reader.refresh_from_db()
    assert reader.status == Status.CONNECTED


# --- leases -----------------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """The process is gone."""


def test_a_killed_worker_leaves_it_due_and_what_was_known(
    reader: Connection, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "ROWS", 1)
    discovery.renew(reader)
    library.there[""] = [shelf(1, "Renamed"), shelf(3)]
    library.before = failing(Killed(), at="shelf3")
    discovery.ask(reader)
    with pytest.raises(Killed):
        discovery.serve()
    assert labels(discovery.known(reader).resources) == ["Renamed", "Shelf 2"]
    library.before = None
    assert discovery.serve() == 0, "the lease lasts"
    assert not discovery.renew(reader)
    with clock.shifted(listing.LEASE + timedelta(seconds=1)):
        assert discovery.serve() == 1
    assert labels(discovery.known(reader).resources) == ["Renamed", "Shelf 3"]


def test_who_lost_the_lease_stores_nothing(reader: Connection, library: Library) -> None:
    discovery.renew(reader)
    library.there[""] = [shelf(1, "Old answer")]

    def overtaken(within: str, resource: Resource | None) -> None:
        library.before = None
        with clock.shifted(listing.LEASE + timedelta(seconds=1)):
            library.there[""], answer = [shelf(1, "New answer")], library.there[""]
            assert discovery.renew(reader)
            library.there[""] = answer

    library.before = overtaken
    assert not discovery.renew(reader)
    assert labels(discovery.known(reader).resources) == ["New answer"]


def test_connections_take_turns_and_hold_a_quarter_of_the_threads(
    reader: Connection, library: Library, settings: object
) -> None:
    def meanwhile(within: str, resource: Resource | None) -> None:
        assert discovery.due() == [], "one listing at a time for each connection"
        assert discovery._crowded()

    settings.CELERY_WORKER_CONCURRENCY = 4  # type: ignore[attr-defined]
    library.before = meanwhile
    discovery.ask(reader)
    discovery.ask(reader, "shelf1")
    assert discovery.serve() == 2
    assert states(reader).error == states(reader, "shelf1").error == ""
    assert not discovery._crowded()


# --- pause, disconnect, other accounts, other companies ---------------------------------------------------------------


def test_a_paused_connection_is_not_asked(reader: Connection, library: Library) -> None:
    discovery.ask(reader)
    services.pause(reader, actor="alice")
    assert (discovery.serve(), discovery.ask(reader)) == (0, False)
    with pytest.raises(ConfigError):
        discovery.renew(reader)
    assert library.listed == []
    services.resume(reader, actor="alice")
    assert discovery.serve() == 1


def test_disconnecting_forgets_what_was_found(reader: Connection, library: Library) -> None:
    library.there["shelf1"] = [book(1)]
    discovery.renew(reader)
    discovery.renew(reader, "shelf1")
    services.disconnect(reader, actor="alice")
    assert not Discovery.everywhere.exists()
    assert not FoundResource.everywhere.exists()
    assert not discovery.ask(reader)


def test_another_account_forgets_and_the_same_keeps(company: Company, reader: Connection) -> None:
    discovery.renew(reader)
    services.connect(company, "toy", {"api_key": SAME_ACCOUNT, "signing": "s"}, {}, actor="alice")
    assert len(discovery.known(reader).resources) == 2
    other = {"api_key": OTHER_ACCOUNT, "signing": "s"}
    services.connect(company, "toy", other, {}, actor="alice", replace_account=True)
    assert discovery.known(reader) == found.Known()


@pytest.mark.parametrize("place", [None, "shelf2"])
def test_a_listing_of_the_old_account_is_not_stored(
    company: Company, reader: Connection, library: Library, place: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "ROWS", 1)

    def replace(within: str, resource: Resource | None) -> None:
        if (resource.id if resource else None) == place:
            keys = {"api_key": OTHER_ACCOUNT, "signing": "s"}
            services.connect(company, "toy", keys, {}, actor="alice", replace_account=True)
            discovery.ask(Connection.everywhere.get())

    library.before = replace
    assert not discovery.renew(reader)
    assert discovery.known(reader).resources == ()
    library.before = None
    assert discovery.serve() == 1


def test_companies_do_not_see_each_others(reader: Connection, other_company: Company, library: Library) -> None:
    theirs = services.connect(other_company, "toy", {"api_key": GOOD, "signing": "s"}, {}, actor="charlie")
    discovery.renew(reader)
    library.there[""] = [shelf(1, "Charlie's shelf")]
    discovery.renew(theirs)
    assert labels(discovery.known(reader).resources) == ["Shelf 1", "Shelf 2"]
    assert labels(discovery.known(theirs).resources) == ["Charlie's shelf"]
    with scope.entered(other_company.pk):
        assert [row.label for row in FoundResource.objects.all()] == ["Charlie's shelf"]
        assert Discovery.objects.get().connection_id == theirs.pk
    library.there[""] = []
    discovery.renew(theirs)
    assert len(discovery.known(reader).resources) == 2


def test_anothers_connection_is_refused(reader: Connection, other_company: Company, library: Library) -> None:
    acts = (
        lambda: discovery.known(reader),
        lambda: discovery.known(reader, ask_when_stale=True),
        lambda: discovery.resource(reader, "shelf1"),
        lambda: discovery.put(reader, shelf(1)),
        lambda: discovery.ask(reader),
        lambda: discovery.invalidate(reader),
        lambda: discovery.renew(reader),
    )
    for act in acts:
        with scope.entered(other_company.pk), pytest.raises(found.OtherCompany):
            act()
    assert not FoundResource.everywhere.exists()
    assert library.listed == []

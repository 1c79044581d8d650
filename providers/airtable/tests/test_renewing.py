"""Tokens that are renewed while work goes on: once for all who need them, stored before use, lost by nobody."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, transaction

from integration_hub.companies.models import Company, User
from integration_hub.connections import clients, grants, oauth, refreshing, services
from integration_hub.connections.models import Connection
from integration_hub.connections.oauth import Tokens
from integration_hub.connections.tests.test_races import at_once
from integration_hub.contract import AuthFailed, ProviderError, TransientError, registry
from integration_hub.http import clock
from integration_hub.http.door import InsideTransaction
from integration_hub.notices.models import AuditEvent, Problem
from integration_hub.records.services import orders
from integration_hub.sandbox.testing import Sandbox
from integration_hub.sync import lanes, setup, worker
from integration_hub.sync.models import SyncWrite, WorkRow
from providers.airtable.client import AirtableClient
from providers.airtable.models import AirtableConnection
from providers.airtable.simulator import demo, signing_in
from providers.airtable.simulator.grants import Grant
from providers.airtable.tests.signing_in import person

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]


class Killed(BaseException):
    """Nothing of ours catches it, as nothing catches a kill."""


@pytest.fixture
def sandbox(sign_in_sandbox: Sandbox) -> Sandbox:
    return sign_in_sandbox


def granted(sandbox: Sandbox) -> Tokens:
    """What somebody who allows everything for the sales base brings home."""
    sim = sandbox.simulator("airtable")
    with sim.lock:
        grant = Grant(f"oag{len(sim.state.grants):014}", *demo.OWNER, list(sim.state.offered), {demo.SALES: "create"})
        sim.state.grants.append(grant)
        answer = signing_in.issue(sim, grant)
    now = clock.now()
    return Tokens(
        answer["access_token"],
        answer["refresh_token"],
        tuple(answer["scope"].split()),
        now + timedelta(hours=1),
        now + timedelta(days=60),
    )


@pytest.fixture
def connection(sandbox: Sandbox, company: Company) -> Connection:
    return setup.sign_in(company, "airtable", granted(sandbox), actor="tests")


def grant() -> AirtableConnection:
    return AirtableConnection.everywhere.get()


def opened(connection: Connection, prio: int = 0) -> AirtableClient:
    client: AirtableClient = clients.open_client(connection, prio=prio)
    return client


def renewals(sandbox: Sandbox) -> int:
    return sum("oauth2/v1/token" in str(one) for one in sandbox.requests("airtable", 10_000))


def drain() -> None:
    lanes.repair()
    worker.drain(30)


def status(connection: Connection) -> str:
    return str(Connection.everywhere.values_list("status", flat=True).get(pk=connection.pk))


def problems() -> list[Problem]:
    return list(Problem.everywhere.filter(closed_at=None, key__startswith="connection:"))


# --- in the midst of work ---------------------------------------------------------------------------------------------


def test_a_token_that_ends_in_the_middle_of_a_push_is_renewed_and_the_push_goes_on(
    connection: Connection, sandbox: Sandbox, company: Company
) -> None:
    drain()
    order = orders.create(company, {"currency": "EUR", "total": "7.00"})
    sandbox.control("airtable", "expire_grants")
    drain()
    assert not WorkRow.everywhere.exclude(hold="").exists() and not problems()
    assert [row["fields"]["Hub ID"] for row in sandbox.simulator("airtable").rows("Orders")] == [str(order.pk)]
    (there,) = sandbox.simulator("airtable").state.grants
    assert (grant().version, grant().access_token, grant().refresh_token) == (2, there.access, there.refresh)
    assert (status(connection), renewals(sandbox)) == ("connected", 1)
    assert SyncWrite.everywhere.filter(outcome="failed").count() == 0


def test_a_token_about_to_end_is_renewed_before_it_is_used(connection: Connection, sandbox: Sandbox) -> None:
    with clock.shifted(timedelta(minutes=59, seconds=30)):
        opened(connection).whoami()
    assert grant().version == 2
    assert [one["status"] for one in sandbox.requests("airtable", 2)] == [200, 200]


@pytest.mark.parametrize("_round", range(2))
def test_many_workers_at_once_renew_once(connection: Connection, sandbox: Sandbox, _round: int) -> None:
    drain()
    ours = [opened(connection) for _ in range(4)]
    sandbox.control("airtable", "expire_grants")
    outcomes = at_once(*[client.whoami for client in ours])
    assert [type(one) for one in outcomes] == [dict] * 4, outcomes
    assert (renewals(sandbox), grant().version, grant().claim) == (1, 2, None)


def test_an_older_token_is_first_replaced_by_the_stored_one(connection: Connection, sandbox: Sandbox) -> None:
    late, other = opened(connection), opened(connection)
    sandbox.control("airtable", "expire_grants")
    other.whoami()
    late.whoami()
    assert (renewals(sandbox), grant().version) == (1, 2)


def test_a_worker_gives_its_thread_back_while_another_renews(
    connection: Connection, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = opened(connection, prio=1)
    sandbox.control("airtable", "expire_grants")
    held = grants.claim(AirtableConnection, grant().pk, grant().version)
    assert isinstance(held, grants.Claimed)
    monkeypatch.setattr(refreshing, "MOMENT", 0.0)
    with pytest.raises(TransientError) as wait:
        client.whoami()
    assert (wait.value.code, wait.value.retry_after, wait.value.status) == ("renewing", 1.0, None)
    assert renewals(sandbox) == 0
    grants.release(AirtableConnection, held, unsettled=False)
    assert client.whoami()["id"]


def test_who_still_has_a_good_token_does_not_wait(connection: Connection, sandbox: Sandbox) -> None:
    client = opened(connection, prio=1)
    with clock.shifted(timedelta(minutes=59, seconds=30)):
        assert isinstance(grants.claim(AirtableConnection, grant().pk, grant().version), grants.Claimed)
        client.whoami()
    assert renewals(sandbox) == 0


def test_no_token_is_renewed_inside_a_transaction(connection: Connection, sandbox: Sandbox) -> None:
    client = opened(connection)
    with transaction.atomic(), pytest.raises(InsideTransaction), clock.shifted(timedelta(hours=2)):
        client.whoami()
    assert (renewals(sandbox), grant().claim) == (0, None)


# --- killed, late, cut off --------------------------------------------------------------------------------------------


@pytest.fixture
def killed_before_storing(
    connection: Connection, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], None]]:
    def kill(*given: Any) -> Any:
        raise Killed

    def strike() -> None:
        client = opened(connection)
        sandbox.control("airtable", "expire_grants")
        with monkeypatch.context() as patch:
            patch.setattr(grants, "_store", kill)
            with pytest.raises(Killed):
                client.whoami()

    yield strike


def test_killed_between_the_call_and_the_store(
    connection: Connection, sandbox: Sandbox, killed_before_storing: Callable[[], None]
) -> None:
    killed_before_storing()
    assert status(connection) == "connected" and grant().claim is not None
    with clock.shifted(grants.LEASE):
        for _try in range(3):
            with pytest.raises(AuthFailed, match="its answer was lost"):
                opened(connection).whoami()
    assert status(connection) == "needs_reconnect"
    assert renewals(sandbox) == 2, "the one whose answer was lost, and one more"
    (problem,) = problems()
    assert "its answer was lost" in problem.sentence and problem.button == "Reconnect"
    assert AuditEvent.everywhere.filter(action="connection.needs_reconnect").count() == 1


def test_killed_before_the_call_costs_nothing_but_the_lease(connection: Connection, sandbox: Sandbox) -> None:
    sandbox.control("airtable", "expire_grants")
    assert isinstance(grants.claim(AirtableConnection, grant().pk, grant().version), grants.Claimed)
    with clock.shifted(grants.LEASE):
        assert opened(connection).whoami()["id"]
    assert (status(connection), grant().version) == ("connected", 2)


def test_an_answer_that_comes_after_all_mends_what_was_given_up(connection: Connection, sandbox: Sandbox) -> None:
    """The lease is over and another was refused; the only live tokens are stored all the same."""
    held = grants.claim(AirtableConnection, grant().pk, grant().version)
    assert isinstance(held, grants.Claimed)
    tokens = oauth.refresh(registry.provider("airtable"), held.refresh, account="tests")
    with clock.shifted(grants.LEASE):
        with pytest.raises(AuthFailed):
            opened(connection).whoami()
        assert status(connection) == "needs_reconnect"
        grants.store(AirtableConnection, held, tokens)
        assert (status(connection), problems(), grant().ended) == ("connected", [], "")
        assert opened(connection).whoami()["id"]


def test_a_late_answer_does_not_undo_a_new_sign_in(connection: Connection, sandbox: Sandbox, company: Company) -> None:
    held = grants.claim(AirtableConnection, grant().pk, grant().version)
    assert isinstance(held, grants.Claimed)
    tokens = oauth.refresh(registry.provider("airtable"), held.refresh, account="tests")
    setup.sign_in(company, "airtable", granted(sandbox), actor="tests")
    newest = grant().access_token
    assert grants.store(AirtableConnection, held, tokens).token == newest == grant().access_token


def test_storing_is_tried_until_the_database_is_back(
    connection: Connection, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, tried = grants._store, []

    def away(*given: Any) -> Any:
        tried.append(given)
        if len(tried) < 3:
            raise OperationalError("the database is away")
        return real(*given)

    monkeypatch.setattr(grants, "_store", away)
    monkeypatch.setattr(grants, "PAUSE", 0.0)
    sandbox.control("airtable", "expire_grants")
    assert opened(connection).whoami()["id"]
    assert (len(tried), grant().version) == (3, 2)


def test_an_answer_cut_off_on_the_way_is_told_as_lost(connection: Connection, sandbox: Sandbox) -> None:
    client = opened(connection)
    sandbox.control("airtable", "expire_grants")
    sandbox.fault("airtable", path="token", drop="after")
    with pytest.raises(TransientError) as cut:
        client.whoami()
    assert cut.value.retry_after is not None and not cut.value.unsure and status(connection) == "connected"
    with pytest.raises(AuthFailed, match="its answer was lost"):
        client.whoami()
    assert status(connection) == "needs_reconnect"


def test_airtable_away_for_a_moment_breaks_nothing(connection: Connection, sandbox: Sandbox, company: Company) -> None:
    drain()
    orders.create(company, {"currency": "EUR", "total": "7.00"})
    sandbox.control("airtable", "expire_grants")
    sandbox.fault("airtable", path="token", status=503)
    drain()
    row = WorkRow.everywhere.get()
    assert (row.hold, row.attempts, row.rev != row.done_rev, status(connection)) == ("", 0, True, "connected")
    assert opened(connection).whoami()["id"]


# --- ended over there -------------------------------------------------------------------------------------------------


def test_ended_in_airtable_waits_for_a_reconnect_and_goes_on(
    connection: Connection, sandbox: Sandbox, company: Company, alice: User
) -> None:
    drain()
    sandbox.control("airtable", "revoke_grants")
    orders.create(company, {"currency": "EUR", "total": "7.00"})
    drain()
    drain()
    assert status(connection) == "needs_reconnect" and renewals(sandbox) == 1
    (problem,) = problems()
    assert "it was ended over there" in problem.sentence
    assert WorkRow.everywhere.get().hold == ""
    assert person(alice).dance(place=demo.SALES).status_code == 302
    drain()
    assert len(sandbox.simulator("airtable").rows("Orders")) == 1 and not problems()


def test_a_permission_taken_away_is_told_and_cannot_be_asked_for(
    connection: Connection, sandbox: Sandbox, alice: User
) -> None:
    sandbox.control("airtable", "withdraw_scope", scope="webhook:manage")
    sandbox.control("airtable", "expire_grants")
    opened(connection).whoami()
    connection.refresh_from_db()
    assert (connection.status, connection.missing_scopes) == ("connected", ["webhook:manage"])
    (problem,) = problems()
    assert "be told at once what changes there" in problem.sentence and problem.severity == "warn"
    answer = person(alice).browser.post("/connect/airtable/")
    sent = person(alice).provider.get(answer.headers["Location"], allow_redirects=False, timeout=10)
    assert "error=invalid_scope" in sent.headers["Location"]


def test_a_hub_that_is_no_longer_known_says_what_to_set(
    connection: Connection, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = opened(connection)
    sandbox.control("airtable", "expire_grants")
    with monkeypatch.context() as patch:
        patch.setenv("AIRTABLE_CLIENT_SECRET", "changed")
        with pytest.raises(TransientError):
            client.whoami()
    (problem,) = problems()
    assert "AIRTABLE_CLIENT_SECRET" in problem.sentence and status(connection) == "connected"
    assert client.whoami()["id"] and not problems()


def test_disconnected_while_it_was_renewed(connection: Connection, sandbox: Sandbox) -> None:
    held = grants.claim(AirtableConnection, grant().pk, grant().version)
    assert isinstance(held, grants.Claimed)
    tokens = oauth.refresh(registry.provider("airtable"), held.refresh, account="tests")
    services.disconnect(connection, actor="tests")
    with pytest.raises(grants.Ended):
        grants.store(AirtableConnection, held, tokens)
    assert not AirtableConnection.everywhere.exists()
    with pytest.raises(AuthFailed):
        opened(connection)


def test_a_key_that_cannot_be_read_is_said_so(connection: Connection, settings: Any) -> None:
    client = opened(connection)
    settings.FIELD_ENCRYPTION_KEY = ["bmV3LWtleS1mb3ItdGVzdHMtb25seS0zMi1ieXRlcyE="]
    with pytest.raises(ProviderError, match="cannot be read"):
        opened(connection)
    with clock.shifted(timedelta(hours=2)), pytest.raises(ProviderError, match="cannot be read"):
        client.whoami()


# --- keeping alive ----------------------------------------------------------------------------------------------------


def test_a_grant_that_is_not_used_is_kept_alive(connection: Connection, sandbox: Sandbox) -> None:
    first = grant().refresh_until
    with clock.shifted(timedelta(days=29)):
        assert refreshing.keep_alive() == 0
    services.pause(connection, actor="tests")
    with clock.shifted(timedelta(days=31)):
        assert refreshing.keep_alive() == 1
        assert refreshing.keep_alive() == 0
    assert first is not None and grant().refresh_until == pytest.approx(
        first + timedelta(days=31), abs=timedelta(hours=1)
    )


def test_one_that_ended_does_not_stop_the_others(connection: Connection, sandbox: Sandbox) -> None:
    sandbox.control("airtable", "revoke_grants")
    with clock.shifted(timedelta(days=31)):
        assert refreshing.keep_alive() == 0
        assert refreshing.keep_alive() == 0
    assert (status(connection), renewals(sandbox)) == ("needs_reconnect", 1)


def test_a_thread_that_waits_gets_the_others_token(connection: Connection, sandbox: Sandbox) -> None:
    """The one at renewing is slow; who waits neither asks as well nor fails."""
    ours = [opened(connection), opened(connection)]
    sandbox.control("airtable", "expire_grants")
    sandbox.fault("airtable", path="token", hold=0.4)
    done: list[Any] = []
    threads = [threading.Thread(target=lambda c=client: done.extend(at_once(c.whoami))) for client in ours]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert [type(one) for one in done] == [dict, dict] and renewals(sandbox) == 1

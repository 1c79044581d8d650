"""Connecting and its opposite: only keys that work are saved, each step is told, nothing is lost in between."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import override_settings

from integration_hub.companies.models import Company
from integration_hub.connections import clients, services
from integration_hub.connections.models import Connection, Status
from integration_hub.connections.tests.conftest import NEW_KEY
from integration_hub.connections.tests.toy import GOOD, OTHER_ACCOUNT, POOR, SAME_ACCOUNT, WEAK, Toy
from integration_hub.contract import AuthFailed, ConfigError, TransientError
from integration_hub.notices.models import AuditEvent, Problem

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
Stored = Callable[[Any, str], Any]


def the_row() -> Connection:
    return Connection.everywhere.get()


def open_problems() -> list[str]:
    return list(Problem.everywhere.filter(closed_at=None).values_list("key", flat=True))


def trail() -> list[str]:
    return list(AuditEvent.everywhere.order_by("pk").values_list("action", flat=True))


class TestConnect:
    def test_a_good_key_is_saved_encrypted(
        self, company: Company, toy: Toy, secrets: dict[str, str], stored: Stored
    ) -> None:
        made = services.connect(company, "toy", secrets, {"place": " there "}, actor="alice")
        row = the_row()
        assert (row, row.company, row.provider, row.status, row.is_active) == (made, company, "toy", "connected", True)
        assert (row.account_id, row.account_label, row.key_version) == ("acc-1", "ann@example.com", 1)
        assert (row.api_key, row.secrets) == (GOOD, {"signing": "s1gning"})
        assert stored(row, "api_key").startswith("gAAAA") and stored(row, "secrets").startswith("gAAAA")
        assert row.settings == {
            "place": "there",
            "note": "",
            "auto_sync_enabled": True,
            "sync_interval": 15,
            "team": "a",
            "limit": 10,
        }
        assert [account.id for account in toy.told] == ["acc-1"]

    def test_the_trail_says_who_and_never_the_key(self, connected: Connection) -> None:
        event = AuditEvent.everywhere.get()
        assert (event.action, event.actor, event.target) == ("connection.connected", "alice", "toy")
        assert event.company_id == connected.company_id
        assert GOOD not in str(event.data) and "s1gning" not in str(event.data)

    def test_a_wrong_key_is_never_saved(self, company: Company, toy: Toy, secrets: dict[str, str]) -> None:
        with pytest.raises(AuthFailed, match="does not know this key"):
            services.connect(company, "toy", {**secrets, "api_key": "key-wrong"}, {}, actor="alice")
        assert not Connection.everywhere.exists() and not AuditEvent.everywhere.exists()

    def test_a_wrong_key_does_not_replace_a_good_one(self, company: Company, connected: Connection) -> None:
        with pytest.raises(AuthFailed):
            services.connect(company, "toy", {"api_key": "key-wrong"}, {"place": "elsewhere"}, actor="alice")
        row = the_row()
        assert (row.api_key, row.status, row.settings["place"], row.key_version) == (GOOD, "connected", "here", 1)

    @pytest.mark.parametrize(
        ("typed", "errors"),
        [
            ({}, {"api_key": "Key is missing.", "signing": "Signing secret is missing."}),
            ({"api_key": "   ", "signing": "s"}, {"api_key": "Key is missing."}),
            ({"api_key": "nonsense", "signing": "s"}, {"api_key": "A key begins with key-."}),
            ({"api_key": "old-1", "signing": "s"}, {"api_key": "Old keys ended."}),
            ({"api_key": "key-good\nkey-good", "signing": "s"}, {"api_key": "A key begins with key-."}),
            ({"api_key": GOOD, "signing": "s", "other": "x"}, {"other": "There is no such field."}),
        ],
        ids=lambda value: str(value)[:30],
    )
    def test_formats_are_checked_before_any_call(
        self, company: Company, toy: Toy, typed: dict[str, str], errors: dict[str, str]
    ) -> None:
        for attempt in (services.check_key, lambda *given: services.connect(*given, actor="alice")):
            with pytest.raises(services.InvalidInput) as refused:
                attempt(company, "toy", typed, {})
            assert refused.value.errors == errors
        assert toy.asked == [] and not Connection.everywhere.exists()

    @pytest.mark.parametrize(
        ("typed", "errors"),
        [
            ({"place": ""}, {"place": "Place is missing."}),
            ({"auto_sync_enabled": "perhaps"}, {"auto_sync_enabled": "Automatic is either on or off."}),
            ({"sync_interval": "17"}, {"sync_interval": "Every is one of: 15 min, hour."}),
            ({"team": "c"}, {"team": "Team is one of: Team A, Team B."}),
            ({"limit": "many"}, {"limit": "Limit is a whole number."}),
            ({"surprise": "1"}, {"surprise": "There is no such field."}),
        ],
        ids=lambda value: str(value)[:30],
    )
    def test_settings_are_checked_before_any_call(
        self, company: Company, toy: Toy, secrets: dict[str, str], typed: dict[str, str], errors: dict[str, str]
    ) -> None:
        with pytest.raises(services.InvalidInput) as refused:
            services.connect(company, "toy", secrets, typed, actor="alice")
        assert refused.value.errors == errors
        assert toy.asked == []

    def test_an_essential_permission_that_lacks_is_named_and_refused(
        self, company: Company, toy: Toy, secrets: dict[str, str]
    ) -> None:
        with pytest.raises(ConfigError, match="lacks permissions the hub cannot do without: write") as refused:
            services.connect(company, "toy", {**secrets, "api_key": WEAK}, {}, actor="alice")
        assert "extra" not in refused.value.sentence and refused.value.code == "missing_scopes"
        assert not Connection.everywhere.exists()

    def test_a_permission_we_can_do_without_is_noted(self, company: Company, toy: Toy, secrets: dict[str, str]) -> None:
        services.connect(company, "toy", {**secrets, "api_key": POOR}, {}, actor="alice")
        assert the_row().missing_scopes == ["extra"]

    def test_check_key_saves_nothing(self, company: Company, toy: Toy, secrets: dict[str, str]) -> None:
        assert services.check_key(company, "toy", secrets, {}).label == "ann@example.com"
        assert not Connection.everywhere.exists() and not AuditEvent.everywhere.exists() and toy.told == []

    def test_nothing_is_saved_when_the_provider_cannot_keep_its_part(
        self, company: Company, toy: Toy, secrets: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(toy, "connected", lambda connection, account: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            services.connect(company, "toy", secrets, {}, actor="alice")
        assert not Connection.everywhere.exists() and not AuditEvent.everywhere.exists()

    def test_an_unknown_provider(self, company: Company) -> None:
        with pytest.raises(KeyError):
            services.connect(company, "nowhere", {}, {}, actor="alice")

    def test_companies_do_not_share(
        self, company: Company, other_company: Company, connected: Connection, secrets: dict[str, str]
    ) -> None:
        assert services.shares_account(other_company, "toy", "acc-1")
        assert not services.shares_account(company, "toy", "acc-1")
        services.connect(other_company, "toy", {**secrets, "api_key": OTHER_ACCOUNT}, {}, actor="charlie")
        assert Connection.everywhere.get(company=company).api_key == GOOD
        assert Connection.everywhere.get(company=other_company).api_key == OTHER_ACCOUNT


class TestReconnect:
    def test_the_same_account_keeps_everything(self, company: Company, connected: Connection) -> None:
        services.update_settings(connected, {"note": "kept"}, actor="alice")
        again = services.connect(company, "toy", {"api_key": SAME_ACCOUNT}, {"limit": "5"}, actor="alice")
        row = the_row()
        assert (again.pk, row.pk, row.api_key, row.secrets) == (
            connected.pk,
            connected.pk,
            SAME_ACCOUNT,
            {"signing": "s1gning"},
        )
        assert (row.settings["note"], row.settings["limit"], row.key_version) == ("kept", 5, 2)
        assert trail() == ["connection.connected", "connection.settings_changed", "connection.reconnected"]

    def test_without_a_new_key_the_stored_one_is_checked(
        self, company: Company, connected: Connection, toy: Toy
    ) -> None:
        services.connect(company, "toy", {"api_key": ""}, {}, actor="alice")
        assert toy.asked == [GOOD, GOOD]

    def test_another_account_needs_a_word(self, company: Company, connected: Connection) -> None:
        with pytest.raises(services.InvalidInput) as refused:
            services.connect(company, "toy", {"api_key": OTHER_ACCOUNT}, {}, actor="alice")
        assert "belongs to ben@example.com, but this connection used ann@" in refused.value.errors["replace_account"]
        assert the_row().api_key == GOOD

    @pytest.mark.parametrize("said", [{"replace_account": True}, {}])
    def test_another_account_with_the_word(self, company: Company, connected: Connection, said: dict[str, Any]) -> None:
        services.connect(company, "toy", {"api_key": OTHER_ACCOUNT}, said, actor="alice", replace_account=not said)
        row = the_row()
        assert (row.api_key, row.account_id) == (OTHER_ACCOUNT, "acc-2")
        assert "replace_account" not in row.settings

    def test_it_mends_a_broken_connection(self, company: Company, connected: Connection) -> None:
        services.needs_reconnect(connected.pk, "The key ended.")
        assert open_problems() == ["connection:toy"]
        services.connect(company, "toy", {"api_key": SAME_ACCOUNT}, {}, actor="alice")
        assert (the_row().status, the_row().last_error, open_problems()) == ("connected", "", [])

    def test_an_unreadable_key_is_typed_anew(
        self, company: Company, connected: Connection, secrets: dict[str, str]
    ) -> None:
        with override_settings(FIELD_ENCRYPTION_KEY=[NEW_KEY]):
            with pytest.raises(services.InvalidInput):
                services.connect(company, "toy", {}, {}, actor="alice")
            services.connect(company, "toy", secrets, {}, actor="alice")
            assert the_row().api_key == GOOD


class TestClient:
    def test_it_carries_the_key_and_hides_it(self, connected: Connection) -> None:
        door = clients.open_client(connected, prio=0, ends_by=12.5)
        assert (door.account, door.company_id, door.prio, door.ends_by) == (
            str(connected.pk),
            connected.company_id,
            0,
            12.5,
        )
        assert door.base_url == "http://toy.invalid" and door.secrets == (GOOD, "s1gning")
        assert GOOD not in repr(door)

    def test_the_address_comes_from_the_environment(
        self, connected: Connection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TOY_API_URL", "http://127.0.0.1:9000/toy/")
        assert clients.open_client(connected).base_url == "http://127.0.0.1:9000/toy"

    def test_a_key_nobody_can_read_is_a_matter_of_configuration(self, connected: Connection) -> None:
        with (
            override_settings(FIELD_ENCRYPTION_KEY=[NEW_KEY]),
            pytest.raises(ConfigError, match="The stored key of Toy box cannot be read") as refused,
        ):
            clients.open_client(the_row())
        assert refused.value.code == "unreadable_key"

    def test_without_a_key(self, connected: Connection) -> None:
        services.disconnect(connected, actor="alice")
        with pytest.raises(AuthFailed, match="Toy box is not connected"):
            clients.open_client(connected)


class TestSettings:
    def test_those_not_named_stay(self, connected: Connection) -> None:
        Connection.everywhere.update(settings={**connected.settings, "found_by_itself": 1})
        services.update_settings(connected, {"auto_sync_enabled": "off", "sync_interval": "60"}, actor="alice")
        row = the_row()
        assert row.settings == connected.settings
        assert (row.settings["auto_sync_enabled"], row.settings["sync_interval"]) == (False, 60)
        assert (row.settings["place"], row.settings["found_by_itself"]) == ("here", 1)
        event = AuditEvent.everywhere.latest("pk")
        assert (event.action, event.data) == (
            "connection.settings_changed",
            {"auto_sync_enabled": False, "sync_interval": 60},
        )

    def test_no_change_leaves_no_trace(self, connected: Connection) -> None:
        services.update_settings(connected, {"place": "here"}, actor="alice")
        assert trail() == ["connection.connected"]

    def test_a_wrong_one_changes_nothing(self, connected: Connection) -> None:
        with pytest.raises(services.InvalidInput):
            services.update_settings(connected, {"note": "new", "limit": "x"}, actor="alice")
        assert the_row().settings["note"] == ""


class TestTest:
    def test_a_good_answer_mends(self, connected: Connection) -> None:
        services.needs_reconnect(connected.pk, "The key ended.")
        connected.refresh_from_db()
        assert services.test(connected, actor="alice").id == "acc-1"
        assert (connected.status, connected.last_error, the_row().status) == ("connected", "", "connected")
        assert open_problems() == []
        assert trail()[-1] == "connection.tested"

    def test_an_expired_key_becomes_needs_reconnect_once(self, connected: Connection, toy: Toy) -> None:
        toy.accounts.clear()
        for _time in range(2):
            with pytest.raises(AuthFailed):
                services.test(connected, actor="alice")
        assert (the_row().status, the_row().last_error) == ("needs_reconnect", "Toy box does not know this key.")
        problem = Problem.everywhere.get()
        assert problem.sentence == "Toy box needs to be connected again: Toy box does not know this key."
        assert (problem.button, problem.url, problem.provider) == ("Reconnect", "/admin/hub/toy/", "toy")
        assert trail() == ["connection.connected", "connection.needs_reconnect"]

    def test_a_key_that_lost_a_permission(self, connected: Connection, toy: Toy) -> None:
        toy.accounts[GOOD] = toy.accounts[WEAK]
        with pytest.raises(ConfigError, match="write"):
            services.test(connected, actor="alice")
        assert (the_row().status, "write" in the_row().last_error) == ("connected", True)

    def test_trouble_over_there_is_no_verdict_on_the_key(self, connected: Connection, toy: Toy) -> None:
        toy.accounts[GOOD] = TransientError("Toy box has trouble.")
        with pytest.raises(TransientError):
            services.test(connected, actor="alice")
        assert (the_row().status, the_row().last_error, open_problems()) == ("connected", "Toy box has trouble.", [])

    def test_a_pause_stays_a_pause(self, connected: Connection) -> None:
        services.pause(connected, actor="alice")
        services.test(connected, actor="alice")
        assert the_row().status == "paused"

    def test_the_verdict_on_an_older_key_does_not_break_a_newer_one(
        self, company: Company, connected: Connection, toy: Toy
    ) -> None:
        def meanwhile() -> None:
            toy.before_answer = None
            services.connect(company, "toy", {"api_key": SAME_ACCOUNT}, {}, actor="bob")
            del toy.accounts[GOOD]

        toy.before_answer = meanwhile
        with pytest.raises(AuthFailed):
            services.test(connected, actor="alice")
        assert (the_row().status, the_row().api_key, open_problems()) == ("connected", SAME_ACCOUNT, [])


class TestNeedsReconnect:
    def test_only_the_first_changes_it(self, connected: Connection) -> None:
        assert services.needs_reconnect(connected.pk, "The key ended.") is True
        assert services.needs_reconnect(connected.pk, "Once more.") is False
        assert the_row().last_error == "The key ended."
        assert Problem.everywhere.count() == 1

    @pytest.mark.parametrize("end", [services.pause, services.disconnect])
    def test_what_does_not_run_does_not_break(self, connected: Connection, end: Any) -> None:
        end(connected, actor="alice")
        assert services.needs_reconnect(connected.pk, "The key ended.") is False
        assert open_problems() == []

    def test_a_newer_key_is_not_blamed(self, connected: Connection) -> None:
        assert services.needs_reconnect(connected.pk, "The key ended.", key_version=0) is False
        assert services.needs_reconnect(connected.pk, "The key ended.", key_version=1) is True


class TestPause:
    def test_there_and_back(self, connected: Connection) -> None:
        assert services.resume(connected, actor="alice") is False
        assert services.pause(connected, actor="alice") is True
        assert services.pause(connected, actor="alice") is False
        assert (connected.status, connected.is_active, connected.works) == (Status.PAUSED, False, False)
        assert services.resume(connected, actor="alice") is True
        assert (the_row().status, the_row().is_active, connected.works) == ("connected", True, True)
        assert trail() == ["connection.connected", "connection.paused", "connection.resumed"]
        assert the_row().api_key == GOOD


class TestDisconnect:
    def test_the_key_is_gone_and_the_rest_stays(self, connected: Connection, stored: Stored) -> None:
        services.needs_reconnect(connected.pk, "The key ended.")
        assert services.disconnect(connected, actor="alice") is True
        row = the_row()
        assert [stored(row, column) for column in ("api_key", "webhook_secret", "secrets")] == [None, None, None]
        assert (row.status, row.is_active, row.last_error) == ("not_connected", False, "")
        assert (row.settings["place"], row.account_id) == ("here", "acc-1")
        assert (connected.status, connected.api_key, open_problems()) == ("not_connected", None, [])
        assert trail()[-1] == "connection.disconnected"

    def test_twice_is_told_once(self, connected: Connection) -> None:
        services.disconnect(connected, actor="alice")
        assert services.disconnect(connected, actor="alice") is False
        assert trail().count("connection.disconnected") == 1

    def test_also_when_the_key_cannot_be_read(self, connected: Connection) -> None:
        with override_settings(FIELD_ENCRYPTION_KEY=[NEW_KEY]):
            assert services.disconnect(the_row(), actor="alice") is True
        assert the_row().api_key is None

    def test_connecting_again_brings_it_back(
        self, company: Company, connected: Connection, secrets: dict[str, str]
    ) -> None:
        services.disconnect(connected, actor="alice")
        again = services.connect(company, "toy", secrets, {}, actor="alice")
        assert (again.pk, again.status, again.settings["place"]) == (connected.pk, "connected", "here")

"""A fresh hub gets logins, a token and a connected sandbox; the next start finds them again."""

import stat

import pytest
from django.core.management import call_command

from integration_hub.companies import tokens
from integration_hub.companies.models import Membership, Role, User
from integration_hub.connections.models import Connection
from integration_hub.hub import first_start
from integration_hub.sandbox import testing
from integration_hub.sandbox.world import registered

pytestmark = [pytest.mark.django_db, pytest.mark.engine]

PLACES = {"address": "http://localhost:8000", "sandbox": "http://127.0.0.1:9000"}


def make(company, before=None, *, demo=False):
    return first_start.make_run(before or {}, company, demo=demo, **PLACES)


def test_the_logins_work_and_have_their_roles(company, client):
    run = make(company)
    for role in ("admin", "staff"):
        assert client.login(**run[role])
        membership = Membership.everywhere.get(company=company, user__username=run[role]["username"])
        assert membership.role == Role(role)
    assert User.objects.get(username="admin").is_superuser
    assert not User.objects.get(username="staff").is_superuser


def test_the_token_belongs_to_the_company_and_only_a_demos_is_never_throttled(company):
    found = tokens.find(make(company)["token"])
    assert (found.company, found.scopes, found.unthrottled) == (company, ["admin", "read", "write"], False)
    assert tokens.find(make(company, demo=True)["token"]).unthrottled is True


def test_a_second_start_changes_nothing(company):
    run = make(company)
    assert make(company, run) == run
    assert User.objects.count() == 2


def test_a_password_changed_in_the_browser_stays(company):
    run = make(company)
    admin = User.objects.get(username="admin")
    admin.set_password("my own")
    admin.save()
    make(company, run)
    assert User.objects.get(username="admin").check_password("my own")


def test_when_the_file_is_gone_new_passwords_are_set(company, client):
    first, second = make(company), make(company)
    assert first["admin"]["password"] != second["admin"]["password"]
    assert client.login(**second["admin"])
    assert not client.login(**first["admin"])


def test_a_fresh_database_gets_the_logins_of_the_file(company, client):
    run = make(company)
    User.objects.all().delete()
    assert make(company, run)["admin"] == run["admin"]
    assert client.login(**run["admin"])


def test_a_revoked_token_and_another_companys_are_replaced(company, other_company):
    run = make(company)
    tokens.revoke(tokens.find(run["token"]))
    again = make(company, run)
    assert again["token"] != run["token"]
    assert make(other_company, again)["token"] != again["token"]


def test_the_file_is_its_owners_only_and_a_broken_one_counts_as_none(tmp_path):
    first_start.write(tmp_path, {"token": "hub_x"})
    assert first_start.read(tmp_path) == {"token": "hub_x"}
    assert stat.S_IMODE((tmp_path / "run.json").stat().st_mode) == 0o600
    for broken in ("", "{", "[]"):
        (tmp_path / "run.json").write_text(broken)
        assert first_start.read(tmp_path) == {}


# --- the sandbox -----------------------------------------------------------------------------------------------------
@pytest.fixture
def sandbox(wire, monkeypatch):
    with testing.running(*registered()) as running:
        for simulator in registered():
            monkeypatch.setenv(f"{simulator.key.upper()}_API_URL", f"{running.url}/{simulator.key}")
        yield running


def credentials():
    found = {simulator.key: simulator.credentials() for simulator in registered()}
    assert found, "no provider has a simulator"
    return found


def test_every_simulated_provider_is_connected_once(company, sandbox):
    said: list[str] = []
    first_start.connect_all(company, credentials(), said.append)
    there = Connection.everywhere.filter(company=company)
    assert {(row.provider, row.status) for row in there} == {(key, "connected") for key in credentials()}
    assert all(row.settings.get("auto_sync_enabled") for row in there)
    assert said == []
    assert list(first_start.unconnected(company, credentials())) == []


def test_a_refusal_is_said_and_stops_nothing(company, sandbox):
    said: list[str] = []
    wrong = {key: {**given, "token": "patWrong.0"} for key, given in credentials().items()}
    first_start.connect_all(company, wrong, said.append)
    assert len(said) == len(wrong)
    assert all("not connected to the sandbox" in sentence for sentence in said)
    assert not Connection.everywhere.filter(company=company).exists()


def test_waiting_for_a_sandbox_that_is_not_there_ends(sandbox):
    assert first_start.wait_for(sandbox.url, 5) is True
    assert first_start.wait_for("http://127.0.0.1:1", 0.3) is False


def test_prepare_makes_a_hub_that_can_be_looked_at(sandbox, settings, tmp_path, monkeypatch, client):
    settings.VAR_DIR, settings.STATIC_ROOT = tmp_path, tmp_path / "static"
    monkeypatch.setenv("DEMO", "1")
    call_command("prepare", "--address", "http://localhost:8000", "--sandbox", sandbox.url)
    run = first_start.read(tmp_path)
    assert run["sandbox"] == {"address": sandbox.url, "credentials": credentials()}
    assert client.login(**run["admin"])
    assert client.get("/admin/hub/").status_code == 200
    assert tokens.find(run["token"]).unthrottled is True
    assert (tmp_path / "static" / "admin").is_dir()
    stamp = (tmp_path / "static.stamp").stat().st_mtime_ns
    call_command("prepare", "--address", "http://localhost:8000", "--sandbox", sandbox.url)
    assert first_start.read(tmp_path) == run
    assert (tmp_path / "static.stamp").stat().st_mtime_ns == stamp, "the files were not collected again"

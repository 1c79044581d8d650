"""The start of the whole hub: its keys, its ports, its programs. The hub itself is started in test_make_run."""

import json
import os
import socket
import stat
import sys

import pytest
from cryptography.fernet import Fernet

from integration_hub.hub import keys, up


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch, tmp_path):
    for name in (
        "PORT",
        "SANDBOX_PORT",
        "HOST",
        "DATABASE_URL",
        "PUBLIC_URL",
        "WEB_WORKERS",
        "WEB_THREADS",
        *keys.MAKERS,
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HUB_ENV_FILE", "0")
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    monkeypatch.setattr(os, "environ", os.environ.copy())  # what set_defaults adds ends with the test


# --- keys ------------------------------------------------------------------------------------------------------------
def read_keys(tmp_path):
    return dict(line.split("=", 1) for line in (tmp_path / keys.FILE).read_text().splitlines())


def test_keys_are_made_once_and_only_for_their_owner(tmp_path):
    assert keys.ensure(tmp_path / "var") == ["SECRET_KEY", "FIELD_ENCRYPTION_KEY"]
    made = read_keys(tmp_path / "var")
    assert len(made["SECRET_KEY"]) >= 50
    assert Fernet(made["FIELD_ENCRYPTION_KEY"])
    assert stat.S_IMODE((tmp_path / "var" / keys.FILE).stat().st_mode) == 0o600
    assert keys.ensure(tmp_path / "var") == []
    assert read_keys(tmp_path / "var") == made


def test_a_key_of_the_environment_is_not_made_again(tmp_path, monkeypatch):
    monkeypatch.setitem(os.environ, "SECRET_KEY", "s" * 50)
    assert keys.ensure(tmp_path) == ["FIELD_ENCRYPTION_KEY"]
    assert list(read_keys(tmp_path)) == ["FIELD_ENCRYPTION_KEY"]


# --- place -----------------------------------------------------------------------------------------------------------
def test_ports_come_from_the_environment(monkeypatch):
    assert (up.read_place().port, up.read_place().sandbox_port) == (8000, 9000)
    monkeypatch.setitem(os.environ, "PORT", "8450")
    monkeypatch.setitem(os.environ, "SANDBOX_PORT", "9450")
    assert (up.read_place().web, up.read_place().sandbox) == ("http://127.0.0.1:8450", "http://127.0.0.1:9450")


@pytest.mark.parametrize("port", ["eight", "0", "65536", "-1"])
def test_a_port_that_is_none_is_refused_with_a_sentence(monkeypatch, port):
    monkeypatch.setitem(os.environ, "PORT", port)
    with pytest.raises(up.Refused, match="Set it to a number from 1 to 65535"):
        up.read_place()


def test_a_taken_port_is_named_with_what_to_do(monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setitem(os.environ, "PORT", str(port))
        with pytest.raises(up.Refused, match=f"Port {port} cannot be used.*make run PORT={port + 1}"):
            up.refuse_taken(up.read_place())


def test_two_hubs_on_one_folder_are_refused():
    place = up.read_place()
    with up.only_one(place), pytest.raises(up.Refused, match="already runs"):
        up.only_one(place)
    up.only_one(place).close()


# --- programs --------------------------------------------------------------------------------------------------------
def test_providers_are_their_simulators_unless_said_otherwise(monkeypatch, tmp_path):
    monkeypatch.setattr(up, "BASE", tmp_path)
    for folder in ("one", "two", "unsimulated"):
        (tmp_path / "providers" / folder).mkdir(parents=True)
        if folder != "unsimulated":
            (tmp_path / "providers" / folder / "sandbox.py").touch()
    monkeypatch.setitem(os.environ, "TWO_API_URL", "https://api.example.com")
    up.set_defaults(up.read_place())
    assert os.environ["ONE_API_URL"] == os.environ["ONE_OAUTH_URL"] == "http://127.0.0.1:9000/one"
    assert os.environ["TWO_API_URL"] == "https://api.example.com"
    assert "UNSIMULATED_API_URL" not in os.environ
    assert os.environ["PUBLIC_URL"] == "http://localhost:8000"


@pytest.mark.parametrize(
    ("terminal", "said", "level", "form"),
    [
        (True, {}, "WARNING", "console"),
        (True, {"LOG_LEVEL": "INFO", "LOG_FORMAT": "json"}, "INFO", "json"),
        (False, {}, None, "json"),
    ],
)
def test_a_terminal_shows_warnings_only_so_that_the_logins_stay_in_sight(monkeypatch, terminal, said, level, form):
    for name in ("LOG_LEVEL", "LOG_FORMAT"):
        monkeypatch.delitem(os.environ, name, raising=False)
    os.environ.update(said)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    place = up.read_place()
    up.set_defaults(place)
    assert (os.environ.get("LOG_LEVEL"), os.environ["LOG_FORMAT"]) == (level, form)
    who = {"username": "a", "password": "b"}
    run = {"address": "http://here", "admin": who, "staff": who, "token": "t", "sandbox": {"address": "http://there"}}
    place.var.mkdir(parents=True, exist_ok=True)
    (place.var / "run.json").write_text(json.dumps(run), encoding="utf-8")
    assert ("Only warnings follow" in up.welcome(place)) == (level == "WARNING")


@pytest.mark.parametrize(
    ("database", "workers", "threads"), [("", "1", "8"), ("sqlite:///x", "1", "8"), ("postgres://h/x", "2", "32")]
)
def test_sqlite_gets_one_web_process_and_postgresql_two(monkeypatch, database, workers, threads):
    monkeypatch.setitem(os.environ, "DATABASE_URL", database)
    command = list(up.programs(up.read_place())["web"].command)
    assert command[command.index("--workers") + 1] == workers
    assert command[command.index("--blocking-threads") + 1] == threads


def test_only_this_machine_reaches_the_hub_unless_host_says_otherwise(monkeypatch):
    assert up.read_place().host == "127.0.0.1"
    monkeypatch.setitem(os.environ, "HOST", "0.0.0.0")
    assert up.read_place().host == "0.0.0.0"


def test_one_program_is_become_and_an_unknown_one_refused(monkeypatch, capsys):
    became = []
    monkeypatch.setattr(os, "execv", lambda path, command: became.append(command))
    up.become(up.programs(up.read_place()), "beat")
    assert became[0][-3:] == ["--loglevel", "WARNING", "--pidfile="]
    assert os.environ["HUB_PROCESS"] == "beat"
    assert up.main(["cook"]) == 1
    assert "There is no program 'cook'. Choose from: web, worker, beat, sandbox." in capsys.readouterr().out

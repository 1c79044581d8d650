"""The kit: what `newprovider` writes and refuses, and the page that leads from there to a working provider."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from integration_hub.tests.promises import DECLARED, LIVED

BASE = Path(settings.BASE_DIR)
PAGE = BASE / "integration_hub" / "contract" / "README.md"
FENCE = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LONGEST = 300  # lines of the page


@pytest.fixture
def home(tmp_path, settings):
    settings.BASE_DIR = tmp_path
    (tmp_path / "providers").mkdir()
    return tmp_path / "providers"


@pytest.mark.parametrize(
    "key",
    [
        *("", "Parcels", "par-cels", "../evil", "a/b", "1st", "_x", "x_", "a__b", "pärcels", "x\n", "x" * 51),
        *("class", "import"),
        *("records", "admin", "webhooks", "allauth"),
    ],
)
def test_a_key_that_cannot_be_one_is_refused_and_nothing_is_written(home, key):
    with pytest.raises(CommandError):
        call_command("newprovider", key)
    assert list(home.iterdir()) == []


def test_an_existing_folder_is_left_alone(home):
    (home / "parcels").mkdir()
    with pytest.raises(CommandError, match="exists already"):
        call_command("newprovider", "parcels")
    assert list((home / "parcels").iterdir()) == []


@pytest.mark.parametrize("name", ['x"y', "x\ny", "a\\", "$key"])
def test_a_name_that_would_break_the_code_is_refused(home, name):
    with pytest.raises(CommandError):
        call_command("newprovider", "parcels", "--name", name)
    assert list(home.iterdir()) == []


def test_killed_on_the_way_there_is_no_half_folder(home, monkeypatch):
    def die(self, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "rename", die)
    with pytest.raises(KeyboardInterrupt):
        call_command("newprovider", "parcels")
    assert list(home.iterdir()) == []


def test_it_writes_a_whole_app_and_says_what_comes_next(home, capsys):
    call_command("newprovider", "two_words")
    said = capsys.readouterr().out
    assert '"two_words"]' in said and "-k two_words" in said
    made = {str(path.relative_to(home / "two_words")) for path in (home / "two_words").rglob("*") if path.is_file()}
    assert {"apps.py", "provider.py", "client.py", "streams.py", "sinks.py", "webhooks.py", "sandbox.py"} <= made
    assert {"README.md", "migrations/__init__.py", "tests/calls.py", "tests/fixtures/api/account.json"} <= made
    assert 'class TwoWords(Provider):\n    key = "two_words"' in (home / "two_words" / "provider.py").read_text()
    for path in (home / "two_words").rglob("*.py"):
        compile(path.read_text(encoding="utf-8"), str(path), "exec")


# --- the page, followed word by word ----------------------------------------------------------------------------------


class House:
    """A copy of the product in which the page is followed."""

    def __init__(self, place: Path) -> None:
        self.place = place
        for name in ("integration_hub", "providers", "templates", "static", "locale"):
            shutil.copytree(BASE / name, place / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        for name in ("manage.py", "pytest.ini", ".ruff.toml"):
            shutil.copy(BASE / name, place / name)

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        words = [sys.executable if word == "python" else word for word in shlex.split(command)]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "TEST_", "DJANGO"))}
        here = {"VAR_DIR": str(self.place / "var"), "CONTRACTS_DIR": str(self.place / "none"), "HUB_ENV_FILE": "0"}
        extra = ["-n", "0", "-v", "-v", "-p", "no:cacheprovider"] if "pytest" in words else []
        return subprocess.run(
            [*words, *extra], cwd=self.place, env={**kept, **here}, capture_output=True, text=True, timeout=600
        )

    def must(self, command: str) -> str:
        done = self.run(command)
        assert done.returncode == 0, f"{command}\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    def write(self, path: str, text: str) -> None:
        target = self.place / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def declare(self, key: str) -> None:
        """What the page says in words: the line in the settings."""
        path = self.place / "integration_hub" / "settings.py"
        text, times = re.subn(r"^(PROVIDERS = \[.*)\]", rf'\1, "{key}"]', path.read_text(), flags=re.MULTILINE)
        assert times == 1
        path.write_text(text)


def test_the_page_is_short_and_its_lines_too():
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    assert len(lines) < LONGEST
    assert [line for line in lines if len(line) > 120] == []


@pytest.mark.kill  # a whole house of its own: begun early, so that nobody waits for it at the end
def test_who_follows_the_page_has_a_provider_that_keeps_its_promises(tmp_path):
    house, said = House(tmp_path), ""
    for language, path, text in FENCE.findall(PAGE.read_text(encoding="utf-8")):
        if path:
            house.write(path, text)
            continue
        assert language == "sh"
        for command in text.splitlines():
            if command.endswith("test_promises.py -k parcels") and "providers/" not in command:
                unfinished(house, command)
            else:
                said = house.must(command)
            if "newprovider" in command:
                house.declare("parcels")
    assert "failed" not in said and "skipped" not in said
    for promise in (*DECLARED, *LIVED):
        assert f"[{promise.__name__}-parcels] PASSED" in said
    house.must("python -m ruff check providers/parcels")
    house.must("python -m ruff format --check providers/parcels")


def unfinished(house: House, command: str) -> None:
    """The promises of the mere folder: broken, and each says what to write where. Those that need no world will do."""
    failed = house.run(f"{command} -k 'parcels and test_declared'")
    assert failed.returncode == 1
    for name in ("provider", "client", "streams", "webhooks", "sandbox", "tests/calls"):
        assert f"parcels/{name}.py, line" in failed.stdout
    assert "the cheapest authorised call" in failed.stdout
    assert "parcels/README.md, line" in failed.stdout

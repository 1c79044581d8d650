"""import_keys and generate_encryption_key, as an operator types them."""

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.conf import settings
from django.core.management import CommandError, call_command

from integration_hub.companies.models import Company
from integration_hub.connections import services
from integration_hub.connections.models import Connection
from integration_hub.connections.tests.toy import GOOD, OTHER_ACCOUNT, SAME_ACCOUNT, Toy

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No keys of whoever runs the tests, no .env of theirs."""
    for name in list(os.environ):
        if name.startswith(("TOY_", "AIRTABLE_")):
            monkeypatch.delenv(name)
    monkeypatch.setattr(settings, "BASE_DIR", tmp_path)


def env_file(folder: Path, text: str, name: str = "keys.env") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def import_keys(*args: str) -> str:
    out = StringIO()
    call_command("import_keys", *args, stdout=out, stderr=out)
    return out.getvalue()


def test_keys_and_settings_come_from_the_file(company: Company, toy: Toy, tmp_path: Path) -> None:
    file = env_file(
        tmp_path,
        "# keys\nTOY_KEY=key-good\nexport TOY_SIGNING = 's1gning'\n\n  TOY_PLACE=\"over there\"\nnot a line\n",
    )
    assert import_keys(file) == "Toy box: connected as ann@example.com.\n"
    row = Connection.everywhere.get()
    assert (row.api_key, row.secrets, row.settings["place"]) == (GOOD, {"signing": "s1gning"}, "over there")
    assert "TOY_KEY" not in os.environ


def test_the_browser_wins_afterwards(company: Company, toy: Toy, tmp_path: Path) -> None:
    file = env_file(tmp_path, "TOY_KEY=key-good\nTOY_SIGNING=s\n")
    import_keys(file)
    services.connect(company, "toy", {"api_key": SAME_ACCOUNT}, {}, actor="alice")
    assert import_keys(file) == "Toy box: already connected, the key entered in the browser is kept.\n"
    assert Connection.everywhere.get().api_key == SAME_ACCOUNT


def test_a_disconnected_provider_may_be_imported_again(company: Company, toy: Toy, tmp_path: Path) -> None:
    file = env_file(tmp_path, "TOY_KEY=key-good\nTOY_SIGNING=s\n")
    import_keys(file)
    services.disconnect(Connection.everywhere.get(), actor="alice")
    assert "connected as ann" in import_keys(file)


def test_an_alias_and_the_environment(company: Company, toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOY_OLD_KEY", OTHER_ACCOUNT)
    monkeypatch.setenv("TOY_SIGNING", "s")
    assert import_keys() == "Toy box: connected as ben@example.com.\n"


def test_the_default_file_gives_way_to_the_environment(
    company: Company, toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env_file(tmp_path, "TOY_KEY=key-good\nTOY_SIGNING=s\n", name=".env")
    monkeypatch.setenv("TOY_KEY", OTHER_ACCOUNT)
    assert "ben@example.com" in import_keys()


def test_a_named_file_wins_over_the_environment(
    company: Company, toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOY_KEY", OTHER_ACCOUNT)
    assert "ann@example.com" in import_keys(env_file(tmp_path, "TOY_KEY=key-good\nTOY_SIGNING=s\n"))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("TOY_KEY=key-wrong", "Toy box does not know this key."),
        ("TOY_KEY=nonsense", "A key begins with key-."),
        ("TOY_KEY=old-one", "Old keys ended."),
    ],
)
def test_a_refused_key_is_told_and_not_saved(
    company: Company, toy: Toy, tmp_path: Path, line: str, reason: str
) -> None:
    out = StringIO()
    with pytest.raises(CommandError, match="1 of 1 keys were not imported"):
        call_command("import_keys", env_file(tmp_path, f"{line}\nTOY_SIGNING=s\n"), stdout=out, stderr=out)
    assert out.getvalue() == f"Toy box: not imported. {reason}\n"
    assert not Connection.everywhere.exists()


def test_nothing_to_import(company: Company, toy: Toy) -> None:
    assert import_keys() == "No provider keys found: nothing to import.\n"


def test_which_company(company: Company, other_company: Company, toy: Toy, tmp_path: Path) -> None:
    file = env_file(tmp_path, "TOY_KEY=key-good\nTOY_SIGNING=s\n")
    with pytest.raises(CommandError, match="several companies: say which one with --company"):
        import_keys(file)
    with pytest.raises(CommandError, match="no company with the short name nobody"):
        import_keys(file, "--company", "nobody")
    import_keys(file, "--company", other_company.slug)
    assert Connection.everywhere.get().company == other_company


def test_no_company_and_no_file(db: None, toy: Toy, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no file"):
        import_keys(str(tmp_path / "missing.env"))
    with pytest.raises(CommandError, match="There is no company yet"):
        import_keys(env_file(tmp_path, "TOY_KEY=key-good\n"))


def test_old_airtable_keys_are_refused_with_the_reason(company: Company, tmp_path: Path) -> None:
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("import_keys", env_file(tmp_path, "AIRTABLE_API_KEY=keyAbcdefghijklmn\n"), stdout=out, stderr=out)
    assert "Airtable ended API keys (key…) on 1 Feb 2024" in out.getvalue()


def test_a_first_key_needs_no_key(tmp_path: Path) -> None:
    manage = Path(services.__file__).parents[2] / "manage.py"
    empty = {"PATH": os.environ["PATH"], "HUB_ENV_FILE": "0", "VAR_DIR": str(tmp_path), "FIELD_ENCRYPTION_KEY": "bad"}
    made = subprocess.run(
        [sys.executable, str(manage), "generate_encryption_key"], env=empty, capture_output=True, text=True, check=True
    )
    assert Fernet(made.stdout.strip()).encrypt(b"x")

"""Keys change while the hub runs: every secret moves, none is lost, and a count proves it."""

from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import override_settings

from integration_hub.companies.models import Company, User
from integration_hub.connections import rotation
from integration_hub.connections.checks import check_keys_open_what_is_stored
from integration_hub.connections.fields import Sealed, crypter
from integration_hub.connections.models import Connection
from integration_hub.connections.tests.conftest import NEW_KEY, OLD_KEY

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
Stored = Callable[[Any, str], Any]

BOTH = override_settings(FIELD_ENCRYPTION_KEY=[NEW_KEY, OLD_KEY])
ONLY_NEW = override_settings(FIELD_ENCRYPTION_KEY=[NEW_KEY])
ONLY_OLD = override_settings(FIELD_ENCRYPTION_KEY=[OLD_KEY])


@pytest.fixture
def rows(company: Company) -> list[Connection]:
    """Sixty connections, written with the old key."""
    with ONLY_OLD:
        return Connection.everywhere.bulk_create(
            Connection(company=company, provider=f"p{number:02}", api_key=f"secret-{number}", secrets={"n": number})
            for number in range(60)
        )


@pytest.fixture
def api_keys() -> rotation.FieldStore:
    return next(store for store in field_stores() if store.label == "integration_configs.api_key")


def field_stores() -> list[rotation.FieldStore]:
    return [store for store in rotation.field_stores() if isinstance(store, rotation.FieldStore)]


def command(*args: str) -> str:
    out = StringIO()
    call_command("rotate_keys", *args, stdout=out, stderr=out)
    return out.getvalue()


def test_every_encrypted_column_of_every_table_is_found_once() -> None:
    labels = [store.label for store in field_stores()]
    assert len(labels) == len(set(labels))
    assert {
        "integration_configs.api_key",
        "integration_configs.webhook_secret",
        "integration_configs.secrets",
        "airtable_connections.access_token",
        "airtable_connections.refresh_token",
    } <= set(labels)


def test_all_rows_move_and_the_old_key_can_go(rows: list[Connection]) -> None:
    with BOTH:
        said = command()
    assert "integration_configs.api_key: 60 rows, 60 moved, 0 left" in said
    assert "integration_configs.webhook_secret: 0 rows, 0 moved, 0 left" in said
    assert said.splitlines()[-1] == "Rows left on the old key: 0"
    with ONLY_NEW:
        assert "Rows left on the old key: 0" in command("--verify")
        assert [(row.api_key, row.secrets) for row in Connection.everywhere.order_by("provider")] == [
            (f"secret-{number}", {"n": number}) for number in range(60)
        ]


def test_a_second_run_touches_nothing(rows: list[Connection], stored: Stored) -> None:
    with BOTH:
        command()
        before = stored(rows[0], "api_key")
        assert "60 rows, 0 moved, 0 left" in command()
    assert stored(rows[0], "api_key") == before


def test_verify_writes_nothing_and_needs_no_old_key(rows: list[Connection], stored: Stored) -> None:
    before = stored(rows[0], "api_key")
    for keys in (BOTH, ONLY_NEW):
        with keys, pytest.raises(CommandError, match=r"^Rows that the first key alone cannot read: 120\."):
            command("--verify")
    assert stored(rows[0], "api_key") == before


def test_an_interrupted_run_goes_on_where_it_stopped(
    rows: list[Connection], api_keys: rotation.FieldStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    with BOTH:
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr("integration_hub.connections.rotation.time.sleep", interrupted)
            rotation.rotate(api_keys)
        assert rotation.count(api_keys).left == 60 - rotation.CHUNK
        assert rotation.rotate(api_keys) == 60 - rotation.CHUNK
        assert rotation.count(api_keys).left == 0


def test_pages_are_read_to_the_end(
    rows: list[Connection], api_keys: rotation.FieldStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "PAGE", 7)
    assert sorted(pk for pk, _text in api_keys.rows()) == sorted(row.pk for row in rows)


def test_it_pauses_after_each_chunk(
    rows: list[Connection], api_keys: rotation.FieldStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("integration_hub.connections.rotation.time.sleep", waits.append)
    with BOTH:
        rotation.rotate(api_keys, pause=0.25)
    assert len(waits) == 3 and all(wait >= 0.25 for wait in waits)


def test_a_value_saved_meanwhile_is_never_overwritten(rows: list[Connection], api_keys: rotation.FieldStore) -> None:
    with BOTH:
        pk, read = next(api_keys.rows())
        Connection.everywhere.filter(pk=pk).update(api_key="newer")
        assert api_keys.reseal(pk, read) is False
        assert Connection.everywhere.get(pk=pk).api_key == "newer"


def test_a_process_that_still_writes_with_the_old_key_is_noticed(
    rows: list[Connection], api_keys: rotation.FieldStore
) -> None:
    with BOTH:
        rotation.rotate(api_keys)
    with ONLY_OLD:
        Connection.everywhere.filter(pk=rows[3].pk).update(api_key="late")
    with BOTH:
        assert rotation.count(api_keys).left == 1
        with pytest.raises(CommandError, match="restart every process"):
            command("--verify")
        assert "Rows left on the old key: 0" in command()


def test_what_no_key_reads_is_named_and_kept(rows: list[Connection], stored: Stored) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE integration_configs SET api_key = 'broken' WHERE provider = 'p07'")
    out = StringIO()
    with BOTH, pytest.raises(CommandError, match=r"cannot read: 1\."):
        call_command("rotate_keys", stdout=out, stderr=out)
    assert f"No configured key reads 1 of them, such as: {rows[7].pk}" in out.getvalue()
    assert stored(rows[7], "api_key") == "broken"


def test_seeds_of_second_factors_move_too(db: None) -> None:
    user = User.objects.create_user("ann", password="x")
    with ONLY_OLD:
        sealed = {"secret": crypter().encrypt(b"SEED").decode()}
        codes = {"seed": crypter().encrypt(b"CODES").decode(), "used_mask": 3}
    totp = Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data=sealed)
    recovery = Authenticator.objects.create(user=user, type=Authenticator.Type.RECOVERY_CODES, data=codes)
    with BOTH:
        assert "mfa_authenticator.data: 2 rows, 2 moved, 0 left" in command()
    totp.refresh_from_db()
    recovery.refresh_from_db()
    with ONLY_NEW:
        assert crypter().decrypt(totp.data["secret"].encode()) == b"SEED"
        assert crypter().decrypt(recovery.data["seed"].encode()) == b"CODES"
    assert recovery.data["used_mask"] == 3


class TestCanary:
    @pytest.fixture(autouse=True)
    def _rows(self, rows: list[Connection]) -> Iterator[None]:
        yield

    def test_all_is_well(self) -> None:
        with BOTH:
            assert check_keys_open_what_is_stored(databases=["default"]) == []

    def test_a_lost_key_is_an_error_with_the_way_out(self) -> None:
        with ONLY_NEW:
            (found,) = check_keys_open_what_is_stored(databases=["default"])
        assert (found.id, found.is_serious()) == ("connections.E001", True)
        assert "new,old" in str(found.hint) and "rotate_keys" in str(found.hint)

    def test_some_lost_rows_are_a_warning(self) -> None:
        Connection.everywhere.filter(provider="p00").update(api_key="fresh")
        with override_settings(FIELD_ENCRYPTION_KEY=[OLD_KEY]):
            (found,) = check_keys_open_what_is_stored(databases=["default"])
        assert found.id == "connections.W001"

    def test_it_asks_no_database_at_check_time(self, django_assert_num_queries: Any) -> None:
        with ONLY_NEW, django_assert_num_queries(0):
            assert check_keys_open_what_is_stored() == []
            call_command("check")

    def test_the_check_command_asks_when_told_to(self) -> None:
        with ONLY_NEW, pytest.raises(Exception, match="FIELD_ENCRYPTION_KEY cannot read any"):
            call_command("check", "--database", "default")


def test_before_the_first_migration_there_is_nothing_to_read(rows: list[Connection], monkeypatch: Any) -> None:
    monkeypatch.setattr(Connection._meta, "db_table", "not_made_yet")
    with ONLY_NEW:
        assert check_keys_open_what_is_stored(databases=["default"]) == []


def test_sealing_again_keeps_the_value(rows: list[Connection], api_keys: rotation.FieldStore) -> None:
    _pk, text = next(api_keys.rows())
    with BOTH:
        sealed = Sealed(text, api_keys.column)
        assert Sealed(sealed.resealed(), api_keys.column).open() == sealed.open()
        assert rotation.place(sealed.resealed()) is rotation.Place.FIRST

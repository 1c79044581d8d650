"""Encrypted fields: every way of writing seals, every way of reading is strict, nothing shows by accident."""

import pickle
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core import serializers
from django.core.exceptions import FieldError
from django.db import connection, transaction
from django.db.models import F, Value
from django.db.models.functions import Concat, Upper
from django.forms import modelform_factory
from django.test import override_settings

from integration_hub.companies import scope
from integration_hub.connections.fields import MASK, DecryptionError, Sealed, crypter
from integration_hub.connections.models import Connection
from integration_hub.connections.tests.conftest import NEW_KEY, OLD_KEY

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
Stored = Callable[[Any, str], Any]


def again(row: Connection) -> Connection:
    return Connection.everywhere.get(pk=row.pk)


def test_values_come_back_and_lie_encrypted(row: Connection, stored: Stored) -> None:
    assert (again(row).api_key, again(row).secrets) == ("sécret-1", {"more": "sécret-2"})
    for column in ("api_key", "secrets"):
        assert stored(row, column).startswith("gAAAAA")
        assert "cret" not in stored(row, column)
    assert stored(row, "webhook_secret") is None


@pytest.mark.parametrize("value", ["", " ", "x" * 5000, "gAAAAAnot-a-token", "emoji 🔑 and ümlaut", "'; --"])
def test_any_text_survives(row: Connection, value: str) -> None:
    row.api_key = value
    row.save()
    assert again(row).api_key == value


@pytest.mark.parametrize("value", [{}, [], {"n": [1, 2.5, None, True]}, {"é": "ß"}, 0, False, "text"])
def test_any_json_survives(row: Connection, value: Any, stored: Stored) -> None:
    row.secrets = value
    row.save()
    assert again(row).secrets == value
    assert stored(row, "secrets").startswith("gAAAAA")


def test_json_changed_in_place_is_saved(row: Connection) -> None:
    fresh = again(row)
    fresh.secrets["token"] = "T"
    fresh.save()
    assert again(row).secrets == {"more": "sécret-2", "token": "T"}


def test_update_and_bulk_writes_seal(row: Connection, stored: Stored) -> None:
    Connection.everywhere.filter(pk=row.pk).update(api_key="by update", secrets={"by": "update"})
    assert (again(row).api_key, again(row).secrets) == ("by update", {"by": "update"})

    one = again(row)
    one.api_key, one.secrets = "by bulk", {"by": "bulk"}
    Connection.everywhere.bulk_update([one], ["api_key", "secrets"])
    assert (again(row).api_key, again(row).secrets) == ("by bulk", {"by": "bulk"})

    one.webhook_secret = None
    Connection.everywhere.bulk_update([one], ["webhook_secret"])
    assert stored(row, "webhook_secret") is None
    (made,) = Connection.everywhere.bulk_create([Connection(company=row.company, provider="other", api_key="made")])
    assert again(made).api_key == "made"
    assert stored(made, "api_key").startswith("gAAAAA")


@pytest.mark.parametrize(
    "expression", [F("provider"), Value("plain"), Upper("provider"), Concat("provider", Value("x"))], ids=repr
)
def test_expressions_are_refused(row: Connection, expression: Any, stored: Stored) -> None:
    before = stored(row, "api_key")
    with pytest.raises(FieldError, match="expressions cannot be stored"), transaction.atomic():
        Connection.everywhere.filter(pk=row.pk).update(api_key=expression)
    assert stored(row, "api_key") == before


@pytest.mark.parametrize("lookup", ["api_key", "api_key__icontains", "api_key__in", "secrets__more", "api_key__gt"])
def test_a_secret_cannot_be_searched(row: Connection, lookup: str) -> None:
    with pytest.raises(FieldError, match="can be asked isnull"):
        Connection.everywhere.filter(**{lookup: "sécret-1"}).exists()


def test_presence_can_be_asked(row: Connection) -> None:
    assert Connection.everywhere.filter(api_key__isnull=False, webhook_secret__isnull=True).count() == 1


def test_values_list_answers_sealed(row: Connection) -> None:
    sealed: Any
    more: Any
    sealed, more = Connection.everywhere.values_list("api_key", "secrets").get()
    assert (repr(sealed), str(more)) == (MASK, MASK)
    assert (sealed.open(), more.open()) == ("sécret-1", {"more": "sécret-2"})


def test_compare_and_set_on_ciphertext(row: Connection) -> None:
    sealed = Connection.everywhere.values_list("api_key", flat=True).get()
    Connection.everywhere.filter(pk=row.pk).update(api_key="newer")
    assert Connection.everywhere.filter(pk=row.pk, api_key__sealed=sealed).update(api_key=sealed) == 0
    assert again(row).api_key == "newer"
    with pytest.raises(FieldError, match="Sealed"):
        Connection.everywhere.filter(api_key__sealed="text").exists()


def test_deferred_and_refreshed(row: Connection) -> None:
    assert Connection.everywhere.defer("api_key", "secrets").get(pk=row.pk).api_key == "sécret-1"
    Connection.everywhere.filter(pk=row.pk).update(api_key="newer")
    row.refresh_from_db()
    assert row.api_key == "newer"


def test_nothing_shows_by_accident(row: Connection) -> None:
    fresh = again(row)
    dumped = serializers.serialize("json", [fresh, row])
    pickled = pickle.dumps(fresh)
    for text in (repr(fresh), str(fresh), repr(vars(fresh)), dumped, repr(pickled)):
        assert "cret-" not in text
    assert dumped.count("gAAAAA") == 4
    assert pickle.loads(pickled).api_key == "sécret-1"


def test_forms_leave_secrets_out(row: Connection) -> None:
    form = modelform_factory(Connection, fields="__all__", exclude=("company",))(instance=again(row))
    assert not {"api_key", "webhook_secret", "secrets"} & set(form.fields)
    assert "cret-" not in form.as_p()


def test_a_ciphertext_that_was_typed_is_not_opened(row: Connection, stored: Stored) -> None:
    pasted = stored(row, "api_key")
    other = Connection(company=row.company, provider="other", api_key=pasted)
    with scope.entered(row.company_id):
        other.full_clean()
    other.save()
    assert again(other).api_key == pasted


class TestWrongKey:
    """FIELD_ENCRYPTION_KEY lost the key the row was written with."""

    @pytest.fixture(autouse=True)
    def lost(self, row: Connection) -> Any:
        with override_settings(FIELD_ENCRYPTION_KEY=[NEW_KEY]):
            yield

    def test_the_row_loads_and_only_its_secret_raises(self, row: Connection) -> None:
        listed = list(Connection.everywhere.all())
        assert [one.provider for one in listed] == ["somewhere"]
        for name in ("api_key", "secrets"):
            with pytest.raises(DecryptionError, match="cannot be read with FIELD_ENCRYPTION_KEY"):
                getattr(listed[0], name)
        assert listed[0].webhook_secret is None

    def test_it_can_be_read_again(self, row: Connection) -> None:
        Connection.everywhere.update(last_error="since")
        row.refresh_from_db()
        assert row.last_error == "since"
        with pytest.raises(DecryptionError):
            row.api_key  # noqa: B018
        deferred = Connection.everywhere.defer("api_key").get()
        with pytest.raises(DecryptionError):
            deferred.api_key  # noqa: B018

    def test_saving_it_keeps_the_ciphertext(self, row: Connection, stored: Stored) -> None:
        before = stored(row, "api_key")
        one = again(row)
        one.last_error = "something"
        one.save()
        assert stored(row, "api_key") == before
        assert again(row).last_error == "something"

    def test_it_can_be_dumped_and_replaced(self, row: Connection) -> None:
        assert "gAAAAA" in serializers.serialize("json", [again(row)])
        one = again(row)
        one.api_key = "new"
        one.save()
        assert again(row).api_key == "new"

    @pytest.mark.parametrize("garbage", ["", "plain text", "gAAAAAbroken", "ümlaut"])
    def test_what_is_no_ciphertext_is_never_handed_out(self, row: Connection, garbage: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE integration_configs SET api_key = %s", [garbage])
        with pytest.raises(DecryptionError):
            again(row).api_key  # noqa: B018


def test_keys_may_change_late(row: Connection, stored: Stored) -> None:
    with override_settings(FIELD_ENCRYPTION_KEY=OLD_KEY):
        row.api_key = "under the old"
        row.save()
        assert Fernet(OLD_KEY).decrypt(stored(row, "api_key")) == b"under the old"
    with override_settings(FIELD_ENCRYPTION_KEY=[NEW_KEY, OLD_KEY]):
        assert again(row).api_key == "under the old"
        again(row).save()  # any save moves the row to the first key
        assert Fernet(NEW_KEY).decrypt(stored(row, "api_key")) == b"under the old"


def test_sealed_values_compare_by_ciphertext() -> None:
    field = Connection._meta.get_field("api_key")
    token = crypter().encrypt(b"x").decode()
    assert Sealed(token, field) == Sealed(token, field) != Sealed(token + "x", field)
    assert len({Sealed(token, field), Sealed(token, field)}) == 1

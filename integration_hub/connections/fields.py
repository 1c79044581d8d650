"""Encrypted fields: django-encrypted-model-fields, wrapped until it cannot lose or leak a value.

A value read from the database stays sealed and is opened when the attribute is read, each time, with the keys of
FIELD_ENCRYPTION_KEY as they are then (the first encrypts, all decrypt). So a row that no key opens can still be
listed and saved; only reading its secret raises. A ciphertext never stands in for the secret.

`values()` and `values_list()` answer `Sealed` objects: call `.open()`. dumpdata writes ciphertext, which loaddata
would encrypt once more: leave secrets out of fixtures.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import FieldError
from django.db import models
from django.db.models import Case
from django.db.models.expressions import BaseExpression
from django.db.models.functions import Cast
from django.db.models.lookups import Exact
from django.db.models.query_utils import DeferredAttribute

if TYPE_CHECKING:
    EncryptedTextField = models.TextField[Any, Any]
else:
    from encrypted_model_fields.fields import EncryptedTextField

MASK = "••••••••"


class DecryptionError(Exception):
    """None of the configured keys opens the stored value."""


def keys() -> tuple[str, ...]:
    """The configured keys, the one that encrypts first."""
    configured: Any = settings.FIELD_ENCRYPTION_KEY
    return (configured,) if isinstance(configured, str) else tuple(configured)


@lru_cache(maxsize=4)
def _crypter(configured: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in configured])


def crypter() -> MultiFernet:
    """Encrypts with the first configured key, decrypts with any."""
    return _crypter(keys())


_kept_sealed: ContextVar[bool] = ContextVar("kept_sealed", default=False)


@contextmanager
def kept_sealed() -> Iterator[None]:
    """Reading a secret attribute answers the `Sealed` value: to copy it from row to row without opening it."""
    token = _kept_sealed.set(True)
    try:
        yield
    finally:
        _kept_sealed.reset(token)


class Sealed:
    """A stored secret, still encrypted. Its text never shows; `open()` decrypts or raises DecryptionError."""

    __slots__ = ("ciphertext", "field")

    def __init__(self, ciphertext: str, field: "SecretTextField") -> None:
        self.ciphertext = ciphertext
        self.field = field

    def open(self) -> Any:
        try:
            text = crypter().decrypt(self.ciphertext.encode()).decode()
        except (InvalidToken, UnicodeError):
            raise DecryptionError(
                f"The stored {self.field.verbose_name} cannot be read with FIELD_ENCRYPTION_KEY. "
                "Put back the key it was written with, or connect again."
            ) from None
        return self.field.load(text)

    def resealed(self) -> str:
        """Ciphertext under the first key; what no key opens stays as it is."""
        try:
            return crypter().rotate(self.ciphertext.encode()).decode()
        except InvalidToken:
            return self.ciphertext

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sealed) and other.ciphertext == self.ciphertext

    def __hash__(self) -> int:
        return hash(self.ciphertext)

    def __str__(self) -> str:
        return MASK

    __repr__ = __str__


class SecretAttribute(DeferredAttribute):
    """Opens the sealed value when it is read. Text is opened anew each time, what can be changed in place once."""

    field: "SecretTextField"

    def __get__(self, instance: models.Model | None, cls: Any = None) -> Any:
        value = super().__get__(instance, cls)
        if instance is None or not isinstance(value, Sealed) or _kept_sealed.get():
            return value
        opened = value.open()
        if self.field.mutable:
            instance.__dict__[self.field.attname] = opened
        return opened

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class SecretTextField(EncryptedTextField):
    """Text that only this installation can read. Not for forms: model forms leave it out."""

    descriptor_class = SecretAttribute
    mutable = False

    def dump(self, value: Any) -> str:
        return str(value)

    def load(self, text: str) -> Any:
        return text

    def to_python(self, value: Any) -> Any:  # what a person typed is never decrypted
        return value if value is None or isinstance(value, Sealed) else str(value)

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Sealed | None:
        return None if value is None else Sealed(value, self)

    def pre_save(self, instance: models.Model, add: bool) -> Any:
        """Without opening it, so that a row nobody can read may still change its other columns."""
        return instance.__dict__.get(self.attname)

    def value_from_object(self, obj: models.Model) -> Any:
        value = self.pre_save(obj, add=False)
        if value is None or isinstance(value, Sealed):
            return value
        return Sealed(self._seal(value), self)

    def value_to_string(self, obj: models.Model) -> Any:
        sealed = self.value_from_object(obj)
        return None if sealed is None else sealed.ciphertext

    def formfield(self, **kwargs: Any) -> None:
        return None

    def _seal(self, value: Any) -> str:
        return crypter().encrypt(self.dump(value).encode()).decode()

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        if hasattr(value, "as_sql"):
            if self._only_own_values(value):  # bulk_update's CASE WHEN: each Value comes back here and is sealed
                return value
            raise FieldError(f"database expressions cannot be stored in the encrypted field {self.name}")
        if value is None:
            return None
        return value.resealed() if isinstance(value, Sealed) else self._seal(value)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        return value.ciphertext if isinstance(value, Sealed) else super().get_db_prep_value(value, connection, prepared)

    def _only_own_values(self, expression: BaseExpression) -> bool:
        if isinstance(expression, models.Value):
            return expression.value is None or getattr(expression, "_output_field_or_none", None) is self
        if isinstance(expression, Case):
            results = [when.result for when in expression.cases] + [expression.default]
            return all(self._only_own_values(result) for result in results)
        return isinstance(expression, Cast) and all(map(self._only_own_values, expression.get_source_expressions()))

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name not in ("isnull", "sealed"):
            raise FieldError(f"the encrypted field {self.name} can be asked isnull, not {lookup_name}")
        return super().get_lookup(lookup_name)

    def get_transform(self, lookup_name: str) -> Any:
        raise FieldError(f"the encrypted field {self.name} can be asked isnull, not {lookup_name}")


@SecretTextField.register_lookup
class SealedExact(Exact):
    """`field__sealed=<Sealed>`: the row still holds exactly this ciphertext (compare-and-set)."""

    lookup_name = "sealed"

    def get_prep_lookup(self) -> Any:
        if not isinstance(self.rhs, Sealed):
            raise FieldError("sealed compares with a Sealed value only")
        return self.rhs

    def get_rhs_op(self, connection: Any, rhs: str) -> str:
        return f"= {rhs}"


class SecretJSONField(SecretTextField):
    """JSON that only this installation can read."""

    if TYPE_CHECKING:
        _pyi_private_set_type: Any
        _pyi_private_get_type: Any

    mutable = True

    def dump(self, value: Any) -> str:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)

    def load(self, text: str) -> Any:
        return json.loads(text)

    def to_python(self, value: Any) -> Any:
        return value

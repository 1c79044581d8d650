"""What fields of several kinds of record are made of.

A link field is named after its foreign key: "customer" is the customer's name as text, "customer_link" the link.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import TextChoices
from django.utils import translation
from django.utils.translation import gettext_noop

from integration_hub.contract.records import Field, Ref
from integration_hub.records.models import Record

LINK = "_link"
# What is copied from a provider; nothing is ever loaded for it, since nothing of it goes out.
ATTACHMENTS = Field("attachments", gettext_noop("Attachments"), "files")


def choice(name: str, label: str, of: type[TextChoices], *, read_only: bool = False) -> Field:
    """A field with the values of a model's choices, and what people call them."""
    with translation.override(None):  # as they are written in the source: they are translated where they are shown
        labels = tuple(str(text) for text in of.labels)
    return Field(name, label, "choice", choices=tuple(of.values), labels=labels, read_only=read_only)


def link(record_type: str, record: Record | None) -> Ref | None:
    return None if record is None else Ref(record_type, record.pk, record.called)


def followed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as services take them: a link becomes the foreign key it is named after, by its id."""
    return {name.removesuffix(LINK): value.id if isinstance(value, Ref) else value for name, value in values.items()}


def named(errors: Mapping[str, Sequence[str]], names: Sequence[str]) -> dict[str, Sequence[str]]:
    """What services say of a foreign key, said of the link field that stands for it among these names."""
    return {f"{name}{LINK}" if f"{name}{LINK}" in names else name: said for name, said in errors.items()}


def name_of(record: Any) -> str:
    """What a linked record is called; "" when there is none."""
    return str(record) if record is not None else ""

"""Choices of select fields: found by name, said in the field's own spelling, read back in ours."""

from collections.abc import Callable, Iterable, Mapping
from unicodedata import normalize

from django.utils.translation import gettext as _

from integration_hub.contract import Field, MappedField
from integration_hub.contract.api import Json
from integration_hub.contract.records import Value
from providers.airtable.cells.refusing import missing_choice, unfit
from providers.airtable.cells.texts import is_clean, text_of


def choice(value: Value, mapped: MappedField, *, create: bool = False) -> Json:
    """FieldRefused when the field lacks it, unless making it is allowed: then it is said as it is."""
    wanted = text_of(value, mapped).strip()
    if not is_clean(wanted):
        raise unfit(mapped, _("it has a character that text cannot hold"))
    names = _listed(mapped)
    if names is None or wanted == "":
        return wanted
    found = same_choice(wanted, names) or same_choice(label_of(wanted, mapped.ours), names)
    if found is None and not create:
        raise missing_choice(mapped, wanted)
    return wanted if found is None else found


def choices(value: Value, mapped: MappedField, *, create: bool = False) -> Json:
    """All of them, each once: the cell's list is replaced."""
    several = value if isinstance(value, tuple) else (value,)
    said = [choice(one, mapped, create=create) for one in several]
    return [*dict.fromkeys(one for one in said if isinstance(one, str) and one)]


def _listed(mapped: MappedField) -> list[str] | None:
    """None where the schema does not say."""
    listed = mapped.options.get("choices")
    if not isinstance(listed, list):
        return None
    return [str(one.get("name", "")) if isinstance(one, Mapping) else str(one) for one in listed]


def same_choice(wanted: str, names: Iterable[str]) -> str | None:
    """The name that is meant: itself; else the only one that differs in case; else in spaces, hyphens, underscores."""
    known = [*names]
    if wanted in known:
        return wanted
    for spelling in (_folded, letters):
        alike = [name for name in known if spelling(name) == spelling(wanted)]
        if alike:
            return alike[0] if len(alike) == 1 else None
    return None


def ours_of(wanted: str, ours: Field) -> str | None:
    """Our choice that is meant, by its own spelling or by what people call it."""
    labels = {label_of(choice, ours): choice for choice in ours.choices}
    return same_choice(wanted, ours.choices) or labels.get(same_choice(wanted, labels) or "")


def label_of(choice: str, ours: Field) -> str:
    """What people call our choice; the choice itself where another could be meant by that."""
    label = ours.label_of(choice)
    others = {letters(text) for other in ours.choices if other != choice for text in (other, ours.label_of(other))}
    return choice if letters(label) in others else label


def _folded(name: str) -> str:
    return name.strip().casefold()


def letters(name: str) -> str:
    """in_person is "In person"."""
    return "".join(normalize("NFKC", name).replace("_", " ").replace("-", " ").split()).casefold()


def make_choice(value: Value, mapped: MappedField) -> Json:
    return choice(value, mapped, create=True)


def make_choices(value: Value, mapped: MappedField) -> Json:
    return choices(value, mapped, create=True)


MAKERS: Mapping[str, Callable[[Value, MappedField], Json]] = {
    "singleSelect": make_choice,
    "multipleSelects": make_choices,
}

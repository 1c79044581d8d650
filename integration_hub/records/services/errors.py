"""What is wrong with input, by field."""

from collections.abc import Mapping

from django.utils.translation import gettext as _

GENERAL = ""  # the field name of a sentence about the record as a whole


class Invalid(ValueError):
    """The input was refused and nothing was saved. `errors`: sentences by field; "" holds those about the whole."""

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        self.errors: dict[str, list[str]] = {name: list(sentences) for name, sentences in errors.items()}
        told = (f"{name}: {' '.join(said)}" if name else " ".join(said) for name, said in self.errors.items())
        super().__init__("; ".join(told))


class Raced(Invalid):
    """Two at once: the check before saw nothing yet, the database's constraint did."""

    def __init__(self) -> None:
        super().__init__({GENERAL: [_("Somebody else just saved one like it. Look again, then save.")]})


class Errors:
    """Collects sentences by field; `settle()` raises them together."""

    def __init__(self) -> None:
        self.found: dict[str, list[str]] = {}

    def add(self, field: str, *sentences: object) -> None:
        self.found.setdefault(field, []).extend(str(sentence) for sentence in sentences)

    def __contains__(self, field: str) -> bool:
        return field in self.found

    def settle(self) -> None:
        if self.found:
            raise Invalid(self.found)

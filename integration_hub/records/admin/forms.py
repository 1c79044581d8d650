"""Forms of records: the services check what was typed, before anything is saved."""

from decimal import Decimal
from typing import Any, ClassVar

from django import forms

from integration_hub.companies.models import Company
from integration_hub.records.services.errors import GENERAL
from integration_hub.records.services.noun import Noun

Said = dict[str, list[str]]


class RecordForm(forms.ModelForm):
    """A form whose errors are the service's own. `noun` and `company` are set by the page that makes the class."""

    noun: ClassVar[Noun[Any]]
    company: ClassVar[Company]

    def get_initial_for_field(self, field: forms.Field, field_name: str) -> Any:
        """Amounts without the zeros that only the column keeps: 120.00, not 120.0000."""
        value = super().get_initial_for_field(field, field_name)
        return shortened(value) if isinstance(value, Decimal) else value

    def data_for_service(self) -> dict[str, Any]:
        """What goes to the service: everything of a new record, of a known one what was changed here."""
        names = self.noun.fields if self.instance._state.adding else self.changed_data
        return {name: self.cleaned_data[name] for name in names if name in self.cleaned_data}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        known = None if self.instance._state.adding else self.instance
        if known is not None:
            known.company = self.company
        self.show(self.service_errors(known))
        return cleaned

    def service_errors(self, known: Any) -> Said:
        return self.noun.validate(self.company, self.data_for_service(), known)

    def show(self, errors: Said) -> None:
        """Sentences on their fields; what has no field here is about the whole."""
        for name, sentences in errors.items():
            if name in self.errors:
                continue
            for sentence in sentences:
                self.add_error(name if name in self.fields and name != GENERAL else None, sentence)


def shortened(amount: Decimal) -> Decimal:
    """The same amount with two decimals, or as many more as it has."""
    short = amount.normalize()
    return short if -int(short.as_tuple().exponent) > 2 else amount.quantize(Decimal("0.01"))

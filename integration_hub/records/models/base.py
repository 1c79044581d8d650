"""What every record has: an id that may leave the house, its company, its times, and a soft delete."""

from typing import Any, ClassVar

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from integration_hub.companies.managers import CompanyOwned
from integration_hub.companies.models import currency_code
from integration_hub.companies.zones import validate_zone
from integration_hub.records.guard import EverywhereManager, GuardedModel, RecordManager
from integration_hub.records.models.ids import time_ordered

ALIVE = Q(deleted_at=None)


class Record(GuardedModel, CompanyOwned):
    """A record of one company. `objects` hides deleted ones and other companies', `everywhere` hides nothing.

    `updated_at` moves when somebody changes the record, not when the hub recomputes its read-only fields.
    """

    id = models.UUIDField(primary_key=True, default=time_ordered, editable=False)
    # No index of its own (each model's composite ones begin with the company); a company with records is not deletable.
    company = models.ForeignKey("companies.Company", on_delete=models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("updated"), default=timezone.now, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[Any] = RecordManager()
    everywhere: ClassVar[Any] = EverywhereManager()

    class Meta(CompanyOwned.Meta):
        abstract = True

    @property
    def called(self) -> str:
        """What others write for this record where only one text fits."""
        return str(self)


def alive_index(name: str, *fields: str) -> models.Index:
    """An index over the living rows of a company."""
    return models.Index(fields=["company", *fields], name=name, condition=ALIVE)


def alive_unique(name: str, *fields: str, unless_empty: str = "") -> models.UniqueConstraint:
    """Unique among a company's living rows; rows where the field `unless_empty` is "" do not count."""
    condition = ALIVE & ~Q(**{unless_empty: ""}) if unless_empty else ALIVE
    return models.UniqueConstraint(fields=["company", *fields], name=name, condition=condition)


def parent(model: str, label: Any, *, name: str = "+", required: bool = False) -> Any:
    """A foreign key to another record. The database never deletes along it; services walk the cascades."""
    return models.ForeignKey(
        model, on_delete=models.PROTECT, related_name=name, null=not required, blank=not required, verbose_name=label
    )


def reference_field(help_text: Any) -> Any:
    """A number of another system's; unique where there is one. With a default of the database's own it is added to
    a large table at once."""
    return models.CharField(_("reference"), max_length=100, blank=True, default="", db_default="", help_text=help_text)


def zone_field(**options: Any) -> Any:
    return models.CharField(
        _("time zone"), max_length=64, validators=[validate_zone], help_text=_("Such as Europe/Bucharest."), **options
    )


def money_field(label: Any, **options: Any) -> Any:
    """An amount; four places, because a unit price may be finer than its currency's smallest coin."""
    return models.DecimalField(label, max_digits=19, decimal_places=4, validators=[MinValueValidator(0)], **options)


def currency_field(**options: Any) -> Any:
    return models.CharField(
        _("currency"), max_length=3, validators=[currency_code], help_text=_("Three letters, such as EUR."), **options
    )


def phone_field(**options: Any) -> Any:
    """E.164; services read local numbers with the country of the branch or the company."""
    return models.CharField(_("phone"), max_length=20, blank=True, **options)


def totals_field(label: Any) -> Any:
    """Amounts by currency as decimal strings: {"EUR": "440.00"}. Computed, never typed."""
    return models.JSONField(label, default=dict, editable=False)

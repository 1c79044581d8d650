"""Roll-ups of orders, so that nobody waits while a million of them are counted. Written by `services.days` only.

Each change of an order appends what it adds and takes away, in its own transaction; the worker folds those rows into
one for each day, status, priority and currency. A sum over all rows, folded or not, is always right.
"""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from integration_hub.companies import scope
from integration_hub.companies.managers import CompanyOwned
from integration_hub.records.guard import GuardedModel, GuardedQuerySet


class RollUpQuerySet(GuardedQuerySet[models.Model]):
    """Sums go with their company, which nothing but them stands in the way of."""

    def _raw_delete(self, using: str | None) -> int:
        return models.QuerySet._raw_delete(self, using)


class EveryRollUp(models.Manager.from_queryset(RollUpQuerySet)[models.Model]):  # type: ignore[misc]
    """The rows of every company."""


class RollUpManager(models.Manager.from_queryset(RollUpQuerySet)[models.Model]):  # type: ignore[misc]
    """The rows of the company that is entered."""

    def get_queryset(self) -> RollUpQuerySet:
        return super().get_queryset().filter(company_id=scope.current())


class RollUp(GuardedModel, CompanyOwned):
    """Rows of one company, of the building of its book they were made for."""

    # No index of its own: each model's composite ones begin with the company.
    company = models.ForeignKey("companies.Company", on_delete=models.CASCADE, related_name="+", db_index=False)
    build = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    orders = models.IntegerField()
    total = models.DecimalField(max_digits=28, decimal_places=4)

    objects: ClassVar[Any] = RollUpManager()
    everywhere: ClassVar[Any] = EveryRollUp()

    class Meta(CompanyOwned.Meta):
        abstract = True


class OrderDay(RollUp):
    """How many living orders were placed on a day of the company's zone, and what they come to. A row that is not
    folded yet is the difference a change made, so both may be negative."""

    day = models.DateField()
    status = models.CharField(max_length=10)
    priority = models.CharField(max_length=6)
    folded = models.BooleanField(default=False)

    class Meta(RollUp.Meta):
        db_table = "order_days"
        indexes: ClassVar = [
            models.Index(fields=["company", "build", "day"], name="order_days_by_day"),
            models.Index(fields=["company", "id"], name="order_days_to_fold", condition=Q(folded=False)),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["company", "build", "day", "status", "priority", "currency"],
                name="order_day_folded_once",
                condition=Q(folded=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.status} {self.priority} {self.currency}: {self.orders}"


class OrderCustomer(RollUp):
    """How many living orders a customer has in a currency, and what they come to. Changed in place: whoever changes an
    order holds its customer's row anyway."""

    customer = models.ForeignKey(
        "records.Customer", on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )

    class Meta(RollUp.Meta):
        db_table = "order_customers"
        indexes: ClassVar = [
            models.Index(
                fields=["company", "build", "currency", "-total", "customer"], name="order_customers_by_total"
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["company", "build", "customer", "currency"], name="order_customer_once")
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.currency}: {self.orders}"


class DayBook(GuardedModel, CompanyOwned):
    """How far the roll-ups of a company are made. While one is being made, orders placed before `walked_to` are in it,
    and only changes of those are entered; the walk reads the others as they are when it comes to them.

    Another zone means other days: the next build is made beside the rows of this one, which then go.
    """

    company = models.OneToOneField("companies.Company", on_delete=models.CASCADE, related_name="+", primary_key=True)
    build = models.PositiveIntegerField(default=1)
    zone = models.CharField(max_length=64)
    walked_to = models.DateTimeField(null=True)
    complete = models.BooleanField(default=False)

    objects: ClassVar[Any] = RollUpManager()
    everywhere: ClassVar[Any] = EveryRollUp()

    class Meta(CompanyOwned.Meta):
        db_table = "order_day_books"

    def __str__(self) -> str:
        return f"{self.zone}, build {self.build}"

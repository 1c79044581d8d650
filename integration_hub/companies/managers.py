"""Managers that know the company: `objects` is scoped, `everywhere` is not and says so."""

from typing import TypeVar

from django.db import models

from integration_hub.companies import scope

M = TypeVar("M", bound=models.Model)


class ScopedManager(models.Manager[M]):
    """Filters by the company entered when the query is built; building one outside raises NoCompany."""

    def get_queryset(self) -> models.QuerySet[M]:
        return super().get_queryset().filter(company_id=scope.current())


class CompanyOwned(models.Model):
    """Base of every model that belongs to exactly one company."""

    company = models.ForeignKey("companies.Company", on_delete=models.CASCADE, related_name="+")

    objects = ScopedManager()
    everywhere = models.Manager()

    class Meta:
        abstract = True
        base_manager_name = "everywhere"

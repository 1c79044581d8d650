"""Companies, the people who work for them, and the tokens programs use."""

import uuid
from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from integration_hub.companies.managers import CompanyOwned
from integration_hub.companies.zones import validate_zone

currency_code = RegexValidator(r"^[A-Z]{3}$", _("A currency is three capital letters, such as EUR."))


class User(AbstractUser):
    """Somebody who logs in. What they may do comes from their memberships; a superuser runs the installation."""

    email = models.EmailField(_("e-mail"), blank=True)

    class Meta(AbstractUser.Meta):
        db_table = "users"


class Company(models.Model):
    """A company we serve. Its zone decides what a day is, its currency what money is when nothing else says so."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=200)
    slug = models.SlugField(_("short name"), max_length=80, unique=True)
    timezone = models.CharField(_("time zone"), max_length=64, default="UTC", validators=[validate_zone])
    currency = models.CharField(_("currency"), max_length=3, default="EUR", validators=[currency_code])
    country = models.CharField(
        _("country"), max_length=2, blank=True, help_text=_("Two letters; reads local phone numbers.")
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "companies"
        ordering = ("name",)
        verbose_name = _("company")
        verbose_name_plural = _("companies")

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    ADMIN = "admin", _("Admin: connects and configures")
    STAFF = "staff", _("Staff: sees and reports")


class Membership(CompanyOwned):
    """A person's role in a company."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.STAFF)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(CompanyOwned.Meta):
        db_table = "memberships"
        verbose_name = _("membership")
        verbose_name_plural = _("team and access")
        constraints: ClassVar = [models.UniqueConstraint(fields=["company", "user"], name="one_role_per_company")]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()}"


class ApiToken(CompanyOwned):
    """A program's key to one company's API. Shown once; only its SHA-256 is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(_("begins with"), max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(_("scopes"), default=list)
    unthrottled = models.BooleanField(default=False, editable=False)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)

    class Meta(CompanyOwned.Meta):
        db_table = "api_tokens"
        ordering = ("-created_at",)
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

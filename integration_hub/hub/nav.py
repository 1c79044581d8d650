"""The sidebar: which rooms of the product a person sees, in which order, and where they stand now."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from integration_hub.companies.models import Role


class Entry(NamedTuple):
    """`target` is a URL name, or a model label whose change list is meant."""

    label: Promise | str
    target: str
    icon: str


SECTIONS: tuple[tuple[Promise, tuple[Entry, ...]], ...] = (
    (
        _("Integrations"),
        (
            Entry(_("Integration Hub"), "hub:overview", "link"),
            Entry(_("Problems"), "hub:problems", "alert"),
            Entry(_("Conflicts"), "hub:conflicts", "fork"),
            Entry(_("Runs"), "hub:runs", "runs"),
            Entry(_("Webhook events"), "webhooks.WebhookEvent", "plug"),
            Entry(_("Outgoing webhooks"), "webhooks.Subscription", "send"),
        ),
    ),
    (
        _("Company"),
        (
            Entry(_("Events"), "records.Event", "calendar"),
            Entry(_("Orders at a glance"), "hub:orders", "chart"),
            Entry(_("Orders"), "records.Order", "cart"),
            Entry(_("Tickets"), "records.Ticket", "ticket"),
            Entry(_("Customers"), "records.Customer", "people"),
            Entry(_("Appointments"), "records.Appointment", "clock"),
            Entry(_("Branches"), "records.Branch", "building"),
            Entry(_("Staff"), "records.Staff", "badge"),
            Entry(_("Import"), "hub:imports", "into"),
        ),
    ),
    (
        _("Administration"),
        (
            Entry(_("Team and access"), "companies.Membership", "shield"),
            Entry(_("API tokens"), "companies.ApiToken", "key"),
            Entry(_("Audit"), "notices.AuditEvent", "list"),
            Entry(_("Companies"), "companies.Company", "building"),
            Entry(_("Users"), "companies.User", "people"),
            Entry(_("All tables"), "admin:index", "table"),
        ),
    ),
)
# Known without asking the database for Django's own permissions, which nobody has here.
SUPERUSERS_ONLY = {"admin:index", "companies.Company", "companies.User"}
ADMINS_ONLY = {"hub:imports"}
HUB_VIEWS = {"hub:overview", "hub:provider", "hub:connect", "hub:settings", "hub:disconnect", "hub:given_up"}
BADGES = {"hub:problems": "problem-count", "hub:conflicts": "conflict-count"}  # ids, so that a refresh finds them


@dataclass(frozen=True)
class Link:
    label: Promise | str
    url: str
    icon: str
    current: bool
    count: int | None = None  # of open ones, where they are counted
    badge: str = ""  # the id of that count


@dataclass(frozen=True)
class Section:
    title: Promise
    links: list[Link]


def sections(request: HttpRequest, counts: dict[str, int]) -> list[Section]:
    """The sidebar for this person; `counts` by target are shown as badges."""
    made = [Section(title, list(_links(request, entries, counts))) for title, entries in SECTIONS]
    return [section for section in made if section.links]


def _links(request: HttpRequest, entries: tuple[Entry, ...], counts: dict[str, int]) -> Iterator[Link]:
    for entry in entries:
        url = address(request, entry.target)
        if url:
            here, target = _is_here(request, entry.target, url), entry.target
            yield Link(entry.label, url, entry.icon, here, counts.get(target), BADGES.get(target, ""))


def address(request: HttpRequest, target: str) -> str:
    """Where the entry leads; empty when this installation or this person has no such page."""
    if target in SUPERUSERS_ONLY and not getattr(request.user, "is_superuser", False):
        return ""
    if target in ADMINS_ONLY and getattr(request, "role", None) is not Role.ADMIN:
        return ""
    if ":" in target:
        try:
            return reverse(target)
        except NoReverseMatch:
            return ""
    return _change_list(request, target)


def _change_list(request: HttpRequest, label: str) -> str:
    try:
        model = apps.get_model(label)
    except LookupError:
        return ""
    if not admin.site.is_registered(model) or not admin.site.get_model_admin(model).has_view_permission(request):
        return ""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def _is_here(request: HttpRequest, target: str, url: str) -> bool:
    """By prefix for lists and what lies under them; the providers' tabs belong to the Integration Hub."""
    match = request.resolver_match
    if target == "hub:overview":
        return bool(match and match.view_name in HUB_VIEWS)
    return request.path == url if target == "admin:index" else request.path.startswith(url)

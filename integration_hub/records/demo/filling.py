"""Filling the demo: two companies, their logins and a token. A second run does nothing."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection

from integration_hub.companies import tokens
from integration_hub.companies.models import ApiToken, Company, Membership, Role, User
from integration_hub.notices import audit
from integration_hub.notices.models import AuditEvent
from integration_hub.records.demo import studio, theatre
from integration_hub.records.demo.making import ACTOR, Pace
from integration_hub.records.demo.planning import FULL, SMALL, Size

SLUG, SECOND_SLUG = "casa-teatrului", "studio-lipscani"
FILLED = "demo.filled"
TOKEN_NAME = "Demo"  # noqa: S105 - what people call it
SIZES = {"full": FULL, "small": SMALL}


@dataclass(frozen=True)
class Logins:
    """Who may come in. Passwords and token are None where they were made before and nobody can tell them again."""

    company: Company
    admin_password: str | None
    staff_password: str | None
    token: str | None

    def as_json(self) -> dict[str, Any]:
        return {
            "company": {"name": self.company.name, "slug": self.company.slug, "id": str(self.company.pk)},
            "admin": {"username": "admin", "password": self.admin_password},
            "staff": {"username": "staff", "password": self.staff_password},
            "token": self.token,
        }


def fill(size: Size = FULL, *, admin_password: str = "", staff_password: str = "") -> Logins:
    """Make what is missing of the demo. Passwords are made up where none are given."""
    pace = Pace(alone=not Company.objects.exclude(slug__in=(SLUG, SECOND_SLUG)).exists())
    first = _company(SLUG, "Casa Teatrului", "RON")
    second = _company(SECOND_SLUG, "Studio Lipscani", "EUR")
    admin, admin_said = _login("admin", admin_password, is_superuser=True)
    person, staff_said = _login("staff", staff_password)
    for company, user, role in ((first, admin, Role.ADMIN), (second, admin, Role.ADMIN), (first, person, Role.STAFF)):
        Membership.everywhere.get_or_create(company=company, user=user, defaults={"role": role})
    _once(first, lambda: theatre.fill(first, person, size, pace))
    _once(second, lambda: studio.fill(second, size, pace))
    return Logins(first, admin_said, staff_said, _token(first, admin))


def _company(slug: str, name: str, currency: str) -> Company:
    known = {"name": name, "timezone": "Europe/Bucharest", "currency": currency, "country": "RO"}
    return Company.objects.get_or_create(slug=slug, defaults=known)[0]


def _login(username: str, password: str, **rights: bool) -> tuple[User, str | None]:
    """The user and the password, where it is known."""
    user = User.objects.filter(username=username).first()
    if user is None:
        password = password or secrets.token_urlsafe(12)
        email = f"{username}@example.com"
        return User.objects.create_user(username, email, password, is_staff=True, **rights), password
    if password and not user.check_password(password):
        user.set_password(password)
        user.save(update_fields=["password"])
    return user, password or None


def _token(company: Company, admin: User) -> str | None:
    if ApiToken.everywhere.filter(company=company, name=TOKEN_NAME, revoked_at=None).exists():
        return None
    return tokens.issue(company, TOKEN_NAME, list(tokens.SCOPES), created_by=admin, unthrottled=True)[1]


def _once(company: Company, make: Callable[[], None]) -> None:
    """Fill a company unless it was filled before: what people deleted since stays deleted."""
    if not AuditEvent.everywhere.filter(company=company, action=FILLED).exists():
        make()
        audit.record(FILLED, company_id=company.pk, actor=ACTOR)
        _let_it_look()


def _let_it_look() -> None:
    """PostgreSQL renews its figures of tables within a minute; asked sooner, it may choose ways that take minutes."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")

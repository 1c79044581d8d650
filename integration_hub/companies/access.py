"""Who may do what: roles come from memberships of the company that is entered, not from Django's permissions."""

from uuid import UUID

from django.contrib.auth.models import AnonymousUser

from integration_hub.companies.models import Company, Membership, Role, User


def companies_of(user: User | AnonymousUser) -> list[Company]:
    """The companies this person may enter, by name; a superuser may enter all."""
    if not isinstance(user, User) or not user.is_active:
        return []
    if user.is_superuser:
        return list(Company.objects.all())
    return list(Company.objects.filter(pk__in=Membership.everywhere.filter(user=user).values("company_id")))


def role_of(user: User | AnonymousUser, company: UUID) -> Role | None:
    """The person's role in a company; a superuser is an admin everywhere."""
    if not isinstance(user, User) or not user.is_active:
        return None
    if user.is_superuser:
        return Role.ADMIN
    row = Membership.everywhere.filter(user=user, company_id=company).first()
    return Role(row.role) if row else None

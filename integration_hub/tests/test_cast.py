"""The cast of the tests is who it says it is."""

from integration_hub.companies import access, scope, tokens
from integration_hub.companies.models import ApiToken, Company, Membership, Role, User


def test_roles_of_the_cast(alice: User, bob: User, charlie: User, company: Company, other_company: Company) -> None:
    assert access.role_of(alice, company.pk) is Role.ADMIN
    assert access.role_of(bob, company.pk) is Role.STAFF
    assert access.role_of(charlie, company.pk) is None
    assert access.companies_of(charlie) == [other_company]


def test_entered_scopes_queries(entered: Company, alice: User, charlie: User) -> None:
    assert scope.current() == entered.pk
    assert [row.user for row in Membership.objects.all()] == [alice]


def test_api_token_opens_its_company(api_token: tuple[ApiToken, str], company: Company) -> None:
    row, text = api_token
    found = tokens.find(text)
    assert found == row
    assert found is not None
    assert found.company == company

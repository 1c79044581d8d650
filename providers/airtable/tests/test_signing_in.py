"""Connecting by signing in at Airtable, against its simulator: the whole dance, and every way it can go wrong."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.db import connection as database
from django.test import Client

from integration_hub.companies.models import Membership, User
from integration_hub.connections.models import Connection
from integration_hub.sandbox.clients import client
from integration_hub.sandbox.testing import Sandbox, running
from providers.airtable.models import AirtableConnection
from providers.airtable.sandbox import AirtableSimulator
from providers.airtable.tests.signing_in import START, Person, browser_of, person

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]
AUTH = "/api/integrations/airtable/auth"


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch, wire: None) -> Any:
    with running(AirtableSimulator()) as sandbox:
        for kind in ("API", "OAUTH"):
            monkeypatch.setenv(f"AIRTABLE_{kind}_URL", f"{sandbox.url}/airtable")
        known, secret = client("airtable")
        monkeypatch.setenv("AIRTABLE_CLIENT_ID", known)
        monkeypatch.setenv("AIRTABLE_CLIENT_SECRET", secret)
        yield sandbox


@pytest.fixture
def ann(sandbox: Sandbox, alice: User) -> Person:
    """Alice, an admin, with a browser of her own."""
    return person(alice)


def nothing_of_allauths() -> None:
    """No person, account or token was made, and no token lies anywhere in the clear."""
    assert [model.objects.count() for model in (SocialAccount, SocialApp, SocialToken)] == [0, 0, 0]


def test_the_whole_dance_connects_the_company(ann: Person, sandbox: Sandbox, alice: User) -> None:
    users = User.objects.count()
    answer = ann.dance()
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/hub/airtable/")
    row = Connection.everywhere.get()
    assert (row.status, row.is_active, row.account_label, row.api_key) == ("connected", True, "demo@example.com", None)
    grant = AirtableConnection.everywhere.get()
    assert (grant.auth_type, grant.version, row.missing_scopes) == ("oauth", 1, [])
    (there,) = sandbox.simulator("airtable").state.grants
    assert (grant.access_token, grant.refresh_token) == (there.access, there.refresh)
    assert User.objects.count() == users
    nothing_of_allauths()


def test_no_token_lies_anywhere_in_the_clear(ann: Person, sandbox: Sandbox) -> None:
    ann.dance()
    (there,) = sandbox.simulator("airtable").state.grants
    kept = [str(dict(ann.browser.session))]
    with database.cursor() as cursor:
        for table in database.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            kept += [str(row) for row in cursor.fetchall()]
    for secret in (there.access, there.refresh, client("airtable")[1]):
        assert not [text for text in kept if secret in text]

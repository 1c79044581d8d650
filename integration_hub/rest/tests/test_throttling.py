"""How often one may ask."""

import pytest
from django.test import Client

from integration_hub.companies import tokens

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


def test_a_token_has_its_rate(program, company, settings):
    settings.API_RATE_TOKEN = "3/min"
    answers = [program.get("/api/things") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert 1 <= int(answers[-1]["Retry-After"]) <= 60
    assert answers[-1]["Content-Type"] == "application/problem+json"
    _row, other = tokens.issue(company, "other", ["read"])
    assert Client(headers={"Authorization": f"Bearer {other}"}).get("/api/things").status_code == 200


def test_an_unthrottled_token_is_exempt(company, settings):
    settings.API_RATE_TOKEN = settings.API_RATE_ADDRESS = "1/min"
    _row, text = tokens.issue(company, "demo", ["read"], unthrottled=True)
    client = Client(headers={"Authorization": f"Bearer {text}"})
    assert [client.get("/api/things").status_code for _ in range(5)] == [200] * 5


def test_guessing_tokens_is_throttled_by_address(company, settings):
    settings.API_RATE_ADDRESS = "2/min"
    guesses = [Client(headers={"Authorization": f"Bearer hub_{n}"}).get("/api/things").status_code for n in range(4)]
    assert guesses == [401, 401, 429, 429]
    assert Client().get("/api/things").status_code == 429
    assert Client(REMOTE_ADDR="10.0.0.9").get("/api/things").status_code == 401


def test_sessions_share_the_rate_of_their_address(bob, settings):
    settings.API_RATE_ADDRESS = "1/min"
    client = Client()
    client.force_login(bob)
    assert [client.get("/api/things").status_code for _ in range(2)] == [200, 429]


def test_a_forged_forwarding_header_is_no_new_address(company, settings):
    settings.API_RATE_ADDRESS = "1/min"
    answers = [Client(headers={"X-Forwarded-For": f"10.0.0.{n}"}).get("/api/things") for n in range(2)]
    assert [answer.status_code for answer in answers] == [401, 429]

"""Signing in at the simulator: what Airtable's reference says of codes, tokens and redirects."""

from base64 import b64encode, urlsafe_b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from integration_hub.sandbox.clients import client
from integration_hub.sandbox.testing import Sandbox
from providers.airtable.sandbox import AirtableSimulator
from providers.airtable.simulator.tests.conftest import Ask

BACK = "https://hub.example.org/connect/"
VERIFIER = "v" * 60
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
ID, SECRET = client("airtable")
ASKED = {
    "client_id": ID,
    "redirect_uri": BACK,
    "response_type": "code",
    "scope": "data.records:read schema.bases:read",
    "state": "s" * 20,
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
PROOF = {"Authorization": "Basic " + b64encode(f"{ID}:{SECRET}".encode()).decode()}


class Door:
    def __init__(self, sandbox: Sandbox) -> None:
        self.base = f"{sandbox.url}/airtable/oauth2/v1"
        self.session = requests.Session()
        self.session.trust_env = False

    def asked(self, **changes: str) -> requests.Response:
        params = {**ASKED, **changes}
        return self.session.get(f"{self.base}/authorize", params=params, allow_redirects=False, timeout=10)

    def answered(self, answer: str = "grant", **changes: str) -> dict[str, str]:
        form = {**ASKED, "answer": answer, **changes}
        sent = self.session.post(f"{self.base}/authorize", data=form, allow_redirects=False, timeout=10)
        assert sent.status_code == 302
        return gone_back(sent)

    def token(self, headers: Any = None, **form: str) -> tuple[int, dict[str, Any]]:
        sent = self.session.post(f"{self.base}/token", data=form, headers=headers or PROOF, timeout=10)
        return sent.status_code, sent.json()

    def exchanged(self, **changes: str) -> tuple[int, dict[str, Any]]:
        form = {"grant_type": "authorization_code", "redirect_uri": BACK, "code_verifier": VERIFIER}
        return self.token(**{**form, "code": self.answered()["code"], **changes})

    def renewed(self, token: str) -> tuple[int, dict[str, Any]]:
        return self.token(grant_type="refresh_token", refresh_token=token)


def gone_back(sent: requests.Response) -> dict[str, str]:
    address = urlsplit(sent.headers["Location"])
    assert f"{address.scheme}://{address.netloc}{address.path}" == BACK
    return {name: value for name, (value,) in parse_qs(address.query).items()}


@pytest.fixture
def door(sandbox: Sandbox) -> Door:
    return Door(sandbox)


def bearer(ask: Ask, token: str) -> int:
    return ask("GET", "meta/whoami", headers={"Authorization": f"Bearer {token}"}).status_code


def test_a_token_lasts_an_hour_and_shows_its_scopes(door: Door, ask: Ask, sandbox: Sandbox) -> None:
    status, told = door.exchanged()
    assert (status, told["token_type"], told["expires_in"], told["refresh_expires_in"]) == (
        200,
        "Bearer",
        3600,
        5184000,
    )
    headers = {"Authorization": f"Bearer {told['access_token']}"}
    assert (
        ask("GET", "meta/whoami", headers=headers).json()["scopes"] == told["scope"].split() == ASKED["scope"].split()
    )
    sandbox.control("airtable", "advance", seconds=3601)
    assert bearer(ask, told["access_token"]) == 401


def test_a_renewal_ends_both_old_tokens_at_once(door: Door, ask: Ask, sandbox: Sandbox) -> None:
    _status, first = door.exchanged()
    status, second = door.renewed(first["refresh_token"])
    assert (status, bearer(ask, first["access_token"]), bearer(ask, second["access_token"])) == (200, 401, 200)
    status, error = door.renewed(first["refresh_token"])
    assert (status, set(error)) == (409, {"error", "error_description"})
    sandbox.control("airtable", "advance", seconds=30)
    status, error = door.renewed(first["refresh_token"])
    assert (status, error["error"]) == (400, "invalid_grant")
    assert bearer(ask, second["access_token"]) == 200
    door.renewed(first["refresh_token"])  # once too often: the grant is over
    assert (bearer(ask, second["access_token"]), door.renewed(second["refresh_token"])[0]) == (401, 400)


def test_sixty_days_without_use_end_it(door: Door, sandbox: Sandbox) -> None:
    _status, told = door.exchanged()
    sandbox.control("airtable", "advance", seconds=59 * 86400)
    status, told = door.renewed(told["refresh_token"])
    assert status == 200
    sandbox.control("airtable", "advance", seconds=61 * 86400)
    assert door.renewed(told["refresh_token"])[1]["error"] == "invalid_grant"


def test_a_code_is_burnt_by_the_first_request(door: Door) -> None:
    code = door.answered()["code"]
    assert door.exchanged(code=code, code_verifier="w" * 60)[1]["error"] == "invalid_grant"
    assert door.exchanged(code=code)[1]["error"] == "invalid_grant"
    assert door.exchanged(redirect_uri="https://elsewhere.example.org/")[1]["error"] == "invalid_grant"


@pytest.mark.parametrize("proof", [{}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer x"}])
def test_the_hub_must_prove_itself(door: Door, proof: dict[str, str]) -> None:
    status, told = door.token({"Accept": "*/*", **proof}, grant_type="refresh_token", refresh_token="x")
    assert (status, told["error"]) == (401, "invalid_client")
    assert door.token(grant_type="password")[1]["error"] == "unsupported_grant_type"


def test_the_person_is_asked_and_may_refuse(door: Door) -> None:
    page = door.asked()
    assert page.status_code == 200 and "data.records:read" in page.text and "Demo sales" in page.text
    told = door.answered("refuse")
    assert (told["error"], told["state"]) == ("access_denied", ASKED["state"])
    assert door.answered()["code_challenge"] == CHALLENGE


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"scope": "data.records:read data.records:read"}, "invalid_scope"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"state": "short"}, "invalid_request"),
    ],
)
def test_a_wrong_question_goes_back_with_its_error(door: Door, change: dict[str, str], error: str) -> None:
    assert gone_back(door.asked(**change))["error"] == error


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": "unknown"},
        {"redirect_uri": "http://hub.example.org/"},
        {"redirect_uri": "http://127.0.0.1:8000/"},
        {"redirect_uri": "https://a@hub.example.org/"},
        {"redirect_uri": "https://hub.example.org/#x"},
    ],
)
def test_a_stranger_is_not_sent_anywhere(door: Door, change: dict[str, str]) -> None:
    answer = door.asked(**change)
    assert answer.status_code == 400 and "Location" not in answer.headers


def test_grants_survive_a_restart_and_are_not_shown(door: Door, ask: Ask, sim: AirtableSimulator) -> None:
    _status, told = door.exchanged()
    assert told["access_token"] not in str(sim.view())
    kept = sim.dump()
    sim.reset()
    assert bearer(ask, told["access_token"]) == 401
    sim.load(kept)
    assert bearer(ask, told["access_token"]) == 200

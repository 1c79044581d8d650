"""The address for the hub's own webhooks: what comes is shown, and refused on order."""

import json

import pytest
import requests

from integration_hub.sandbox.inbox import KEPT

BODY = {"type": "record.created", "timestamp": "2026-11-21T18:00:00Z", "data": {"id": "1", "fields": {"name": "Ana"}}}
HEADERS = {"webhook-id": "evt_1", "webhook-signature": "v1,abc="}


@pytest.fixture
def address(sandbox) -> str:
    return f"{sandbox.url}/webhooks/shop"


def test_what_comes_is_shown(sandbox, address):
    assert "None yet" in requests.get(address, timeout=5).text
    assert requests.post(address, json.dumps(BODY), headers=HEADERS, timeout=5).json() == {"received": True}
    page = requests.get(address, timeout=5).text
    for text in ("record.created", "evt_1", "v1,abc=", "Ana", "200"):
        assert text in page
    assert "evt_1" in requests.get(f"{sandbox.url}/webhooks", timeout=5).text
    assert "evt_1" not in requests.get(f"{sandbox.url}/webhooks/other", timeout=5).text
    assert "/webhooks/shop" in requests.get(sandbox.url, timeout=5).text


def test_it_refuses_on_order(sandbox, address):
    assert requests.post(f"{address}?status=503", json.dumps(BODY), timeout=5).status_code == 503
    assert requests.post(f"{address}?status=9", "<nonsense>", timeout=5).status_code == 200
    assert "503" in requests.get(address, timeout=5).text


def test_pages_of_others_put_nothing_in(sandbox, address):
    answer = requests.post(address, "{}", headers={"Origin": "https://elsewhere.example.com"}, timeout=5)
    assert answer.status_code == 403


def test_a_reset_empties_it_and_little_is_kept(sandbox, address):
    for _ in range(KEPT + 1):
        requests.post(address, json.dumps(BODY), timeout=5)
    assert requests.get(address, timeout=5).text.count("2026-11-21T18:00:00Z") == KEPT
    requests.post(f"{sandbox.url}/_control/reset", timeout=5)
    assert "None yet" in requests.get(address, timeout=5).text

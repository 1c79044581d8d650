"""Every promise catches a provider that breaks it: a toy that keeps them all, with exactly one fault planted."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from integration_hub.contract import Account, AuthFailed, registry
from integration_hub.contract.signing import check_signature, check_time, hmac_hex
from integration_hub.sandbox import testing
from integration_hub.tests.promises import DECLARED, LIVED, Case, NotHere, declared, lived, published, reported, toy
from integration_hub.tests.promises.case import World


class Toy:
    """The toy on trial, its folder, and ways to spoil it."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder, self.patch = folder, patch

    def spoil(self, owner: Any, name: str, value: Any) -> None:
        self.patch.setattr(owner, name, value)

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def replace(self, name: str, old: str, new: str) -> None:
        text = (self.folder / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new))


@pytest.fixture
def planted(tmp_path, monkeypatch):
    registry.register(provider := toy.Parcel())
    contracts = tmp_path / "contracts" / toy.KEY
    contracts.mkdir(parents=True)
    (contracts / "openapi.yaml").write_text(toy.PUBLISHED, encoding="utf-8")
    monkeypatch.setenv("CONTRACTS_DIR", str(tmp_path / "contracts"))
    yield Toy(toy.write(tmp_path), monkeypatch)
    assert registry._providers.pop(toy.KEY) is provider


@pytest.fixture
def world(transactional_db, monkeypatch, wire, company, other_company):
    with testing.running(toy.ParcelSimulator()) as sandbox:
        monkeypatch.setenv("PARCEL_API_URL", f"{sandbox.url}/parcel")
        yield World(company, other_company, sandbox)


def trial(promise, planted: Toy, world: World | None = None) -> list[str]:
    return list(promise(Case(registry.provider(toy.KEY), planted.folder, world)))


def test_the_unspoilt_toy_keeps_what_it_declares(planted):
    assert [said for promise in DECLARED for said in trial(promise, planted)] == []


@pytest.mark.parametrize("promise", LIVED, ids=lambda promise: promise.__name__)
def test_the_unspoilt_toy_keeps_what_it_lives(promise, planted, world):
    assert trial(promise, planted, world) == []


# --- faults -----------------------------------------------------------------------------------------------------------


def verify_nothing(self, secrets, incoming):
    return None


def verify_without_time(self, secrets, incoming):
    sent = incoming.headers.get("x-time", "")
    fits = (hmac_hex(secret, sent, ".", incoming.raw) for secret in secrets)
    check_signature(fits, [incoming.headers.get("x-signature", "")])


def verify_the_first_secret(self, secrets, incoming):
    sent = incoming.headers.get("x-time", "")
    check_signature([hmac_hex(secrets[0], sent, ".", incoming.raw)], [incoming.headers.get("x-signature", "")])
    check_time(sent, incoming)


def verify_what_was_parsed(self, secrets, incoming):
    """Spaces that somebody put between are not seen."""
    sent, raw = incoming.headers.get("x-time", ""), json.dumps(json.loads(incoming.raw))
    check_signature([hmac_hex(secret, sent, ".", raw) for secret in secrets], [incoming.headers.get("x-signature", "")])
    check_time(sent, incoming)


def verify_and_stumble(self, secrets, incoming):
    sent = incoming.headers["x-time"]
    check_signature(
        [hmac_hex(secret, sent, ".", incoming.raw) for secret in secrets], [incoming.headers["x-signature"]]
    )
    check_time(sent, incoming)


FIXTURES = "tests/fixtures"
DECLARED_FAULTS = [
    (declared.nothing_is_left_to_write, lambda t: t.write("sinks.py", "# TODO: write rows\n"), "sinks.py, line 1"),
    (declared.the_key_is_the_folders_name, lambda t: t.spoil(toy.Parcel, "key", "post"), "'post'"),
    (declared.the_readme_says_what_people_need, lambda t: (t.folder / "README.md").unlink(), "no heading"),
    (
        declared.the_readme_says_what_people_need,
        lambda t: t.replace("README.md", "Parcels are read here.", ""),
        "says nothing under “What works”",
    ),
    (declared.fixtures_are_read_by_tests, lambda t: t.write(f"{FIXTURES}/api/unread.json", "{}"), "unread.json"),
    (declared.fixtures_are_read_by_tests, lambda t: t.write(f"{FIXTURES}/api/account.json", "{"), "is not JSON"),
    (
        declared.fixtures_are_read_by_tests,
        lambda t: (t.folder / FIXTURES / "api/account.json").unlink(),
        "holds no payload",
    ),
    (
        declared.every_client_method_has_its_call,
        lambda t: t.patch.setattr(toy.Client, "cancel", lambda self: None, raising=False),
        "lacks the client's method cancel",
    ),
    (
        declared.every_client_method_has_its_call,
        lambda t: t.write("tests/calls.py", "CALLS = dict.fromkeys(('account', 'parcels', 'add', 'old'))"),
        "names old",
    ),
    (
        reported.events_handlers_and_fixtures_fit,
        lambda t: (t.folder / FIXTURES / "webhooks/delivered.json").unlink(),
        "holds no payload of 'delivered'",
    ),
    (
        reported.events_handlers_and_fixtures_fit,
        lambda t: t.write(f"{FIXTURES}/webhooks/lost.json", '{"type": "lost", "id": "e3"}'),
        "neither handles nor ignores 'lost'",
    ),
    (reported.events_handlers_and_fixtures_fit, lambda t: t.spoil(toy.Hook, "ignores", ("delivered", "seen")), "both"),
    (reported.forged_deliveries_are_refused, lambda t: t.spoil(toy.Hook, "verify", verify_nothing), "lets an unsigned"),
    (reported.forged_deliveries_are_refused, lambda t: t.spoil(toy.Hook, "verify", verify_without_time), "lets an old"),
    (
        reported.forged_deliveries_are_refused,
        lambda t: t.spoil(toy.Hook, "verify", verify_what_was_parsed),
        "lets an altered",
    ),
    (
        reported.forged_deliveries_are_refused,
        lambda t: t.spoil(toy.Hook, "verify", verify_the_first_secret),
        "as the simulator signs it",
    ),
    (
        reported.forged_deliveries_are_refused,
        lambda t: t.spoil(toy.Hook, "verify", verify_and_stumble),
        "breaks with KeyError",
    ),
]


def silent(self, after=0):
    """Swallows that the key died."""
    try:
        return self.session.call("parcels", "GET", "/v1/parcels", params={"after": str(after)}).json()
    except AuthFailed:
        return {"parcels": [], "next": after}


def chatty(self, secrets):
    logging.getLogger("parcel").info("using %s", secrets["key"])
    return {"Authorization": f"Bearer {secrets['key']}"}


def failing(delivery):
    raise ValueError("planted")


def asking_more(self, after=0):
    return self.session.call("parcels", "GET", "/v1/parcels", params={"after": str(after), "all": "1"}).json()


def adding_numbers(self, name):
    return self.session.call("add", "POST", "/v1/parcels", json={"name": 3}).json()


LIVED_FAULTS = [
    (
        lived.it_works_against_its_simulator,
        lambda t: t.spoil(toy.Parcels, "read", lambda self, client, cursor: iter(client.gone())),
        "was not read to its end",
    ),
    (
        lived.it_works_against_its_simulator,
        lambda t: t.spoil(toy.Parcel, "check", lambda self, client: Account("", "")),
        "whose account",
    ),
    (
        lived.it_works_against_its_simulator,
        lambda t: t.spoil(toy.Client, "account", lambda self: self.session.call("x", "GET", "/v9/none").json()),
        "connecting to the simulator fails",
    ),
    (published.calls_fit_the_published_contract, lambda t: t.spoil(toy.Client, "parcels", asking_more), "'all'"),
    (published.calls_fit_the_published_contract, lambda t: t.spoil(toy.Client, "add", adding_numbers), "3 is not"),
    (
        published.calls_fit_the_published_contract,
        lambda t: t.spoil(toy.Client, "account", lambda self: self.session.call("x", "PUT", "/v1/account").json()),
        "no PUT at this path",
    ),
    (
        published.calls_fit_the_published_contract,
        lambda t: t.replace("tests/calls.py", "c.parcels(1)", "c.parcels('x')"),
        "parcels fails at the simulator",
    ),
    (
        lived.a_wrong_key_is_never_saved,
        lambda t: t.spoil(toy.Parcel, "check", lambda self, client: Account("acct", "Parcels")),
        "accepts a wrong key",
    ),
    (lived.a_dead_key_becomes_needs_reconnect, lambda t: t.spoil(toy.Client, "parcels", silent), "must be AuthFailed"),
    (
        reported.a_repeated_delivery_has_one_effect,
        lambda t: t.spoil(toy.Hook, "event_id", lambda self, headers, payload: headers["x-time"]),
        "event_id is not the same",
    ),
    (
        reported.a_repeated_delivery_has_one_effect,
        lambda t: t.spoil(toy.Hook, "event_id", lambda self, headers, payload: headers["x-time"]),
        "changed audit_events once more",
    ),
    (
        reported.a_repeated_delivery_has_one_effect,
        lambda t: t.spoil(toy.Hook, "handles", {"delivered": failing}),
        "the handler of 'delivered' failed: ValueError: planted",
    ),
    (lived.secrets_stay_secret, lambda t: t.spoil(toy.Parcel, "headers", chatty), "'key' is shown in the log"),
    (
        lived.secrets_stay_secret,
        lambda t: t.spoil(toy.Parcel, "check", lambda self, client: Account("acct", toy.TOKEN)),
        "'key' is shown in a page",
    ),
    (
        lived.another_company_sees_nothing,
        lambda t: t.spoil(toy.Parcel, "summary", "Used by Alice's"),
        "another company's page shows \"Alice's\"",
    ),
]


@pytest.mark.parametrize(("promise", "plant", "word"), DECLARED_FAULTS, ids=lambda part: getattr(part, "__name__", ""))
def test_a_fault_in_the_folder_is_caught(promise, plant, word, planted):
    plant(planted)
    assert word in "\n".join(trial(promise, planted))


@pytest.mark.parametrize(("promise", "plant", "word"), LIVED_FAULTS, ids=lambda part: getattr(part, "__name__", ""))
def test_a_fault_that_shows_in_life_is_caught(promise, plant, word, planted, world):
    plant(planted)
    assert word in "\n".join(trial(promise, planted, world))


def test_every_promise_has_a_fault_that_it_catches():
    caught = {promise for promise, _plant, _word in (*DECLARED_FAULTS, *LIVED_FAULTS)}
    assert caught == {*DECLARED, *LIVED}


def test_without_the_published_documents_the_promise_says_so(planted, world, tmp_path, monkeypatch):
    monkeypatch.setenv("CONTRACTS_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(NotHere, match="CONTRACTS_DIR"):
        trial(published.calls_fit_the_published_contract, planted, world)

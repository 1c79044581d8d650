"""A provider's further addresses: the same key, pace, guard and redaction; one address stands for all when replaced."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from integration_hub.contract import Api, ConfigError, RateLimited, Rejected
from integration_hub.http.door import Door
from integration_hub.http.tests.outside import SLOW, TOKEN, Outside, Shop, door_to, says, serving
from integration_hub.http.tests.outside import explain as explain_shop

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


@pytest.fixture
def content(outside: Outside) -> Iterator[Outside]:
    with serving() as second:
        yield second


def shop(outside: Outside, content: Outside) -> Shop:
    made = Shop()
    hosts = {"content": content.url + "/files"}
    made.api = Api(outside.url, rates=(SLOW,), explain=explain_shop, hosts=hosts)  # type: ignore[misc]
    return made


@pytest.fixture
def door(outside: Outside, content: Outside) -> Door:
    return door_to(outside.url, shop(outside, content))


def upload(door: Door, **more: Any) -> Any:
    return door.call("upload", "POST", "/v0/x", json={"file": "eA=="}, bucket="one", host="content", **more).json()


def test_a_call_to_another_host_carries_the_same_key(door: Door, outside: Outside, content: Outside) -> None:
    assert upload(door) == {"ok": True}
    ((method, path, headers, body, _peer),) = content.seen
    assert (method, path, body) == ("POST", "/files/v0/x", b'{"file":"eA=="}')
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert outside.seen == []
    door.call("read", "GET", "/a", bucket="one")
    assert len(outside.seen) == len(content.seen) == 1


def test_an_address_put_in_place_of_the_provider_stands_for_all_hosts(outside: Outside, content: Outside) -> None:
    upload(door_to(outside.url + "/sandbox", shop(outside, content)))
    assert [path for _method, path, *_rest in outside.seen] == ["/sandbox/v0/x"]
    assert content.seen == []


def test_a_host_that_is_not_declared_is_a_mistake_of_ours(door: Door, outside: Outside, content: Outside) -> None:
    with pytest.raises(KeyError, match="elsewhere"):
        door.call("upload", "POST", "/v0/x", host="elsewhere")
    assert outside.seen == content.seen == []


def test_the_guard_looks_at_every_host(outside: Outside, content: Outside) -> None:
    with pytest.raises(ConfigError):
        upload(door_to(outside.url, shop(outside, content), trusted=False))
    assert content.seen == []


def test_a_pause_ordered_by_one_host_holds_for_the_other(door: Door, outside: Outside, content: Outside) -> None:
    content.script = [says(429, {"error": "slow"})]
    with pytest.raises(RateLimited, match="Too fast"):
        upload(door)
    with pytest.raises(RateLimited):
        door.call("read", "GET", "/a", bucket="one")
    assert len(content.seen) == 1 and outside.seen == []


def test_secrets_are_hidden_in_what_another_host_says(outside: Outside, content: Outside) -> None:
    content.script = [says(422, {"error": f"bad key {TOKEN}"})]
    talkative = shop(outside, content)
    talkative.api = replace(talkative.api, explain=lambda reply: Rejected(f"It says {reply.body.decode()}"))  # type: ignore[misc]
    with pytest.raises(Rejected, match="It says") as refused:
        upload(door_to(outside.url, talkative))
    assert TOKEN not in str(refused.value) and TOKEN not in refused.value.sentence

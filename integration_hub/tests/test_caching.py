"""The shared cache keeps answering when Redis does not."""

import socket
import threading
from unittest.mock import Mock

import pytest

from integration_hub import caching
from integration_hub.caching import PatientRedisCache


@pytest.fixture
def dead_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]  # bound, and nobody listens: connections are refused


@pytest.fixture
def silent_port():
    """Takes connections and never says a word: what a hung Redis looks like."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(16)
        yield server.getsockname()[1]


def cache_at(port: int) -> PatientRedisCache:
    return PatientRedisCache(f"redis://127.0.0.1:{port}/0", {})


def warnings_of(caplog) -> list[str]:
    return [record.message for record in caplog.records if record.name == "integration_hub.caching"]


@pytest.mark.parametrize("port", ["dead_port", "silent_port"])
def test_without_redis_the_memory_answers(port, request, caplog, monkeypatch):
    monkeypatch.setattr(caching, "LEFT_ALONE", 60.0)
    asked = Mock(side_effect=caching.RedisCache.get)
    monkeypatch.setattr(caching.RedisCache, "get", lambda *args, **kwargs: asked(*args, **kwargs))
    cache = cache_at(request.getfixturevalue(port))
    assert cache.get("a", "nothing") == "nothing"
    cache.set("a", 1, 60)
    assert cache.get("a") == 1
    assert cache.add("a", 2) is False
    assert cache.add("b", 2) is True
    assert cache.incr("a") == 2
    assert cache.decr("a") == 1
    assert cache.get_many(["a", "b"]) == {"a": 1, "b": 2}
    assert cache.set_many({"c": 3}) == []
    assert cache.touch("c", 60) is True
    assert cache.has_key("c")
    assert "c" in cache
    assert cache.get_or_set("d", lambda: 4) == 4
    assert cache.delete("c") is True
    cache.delete_many(["a", "b"])
    assert cache.get_many(["a", "b", "c"]) == {}
    cache.clear()
    assert cache.get("d") is None
    assert asked.call_count == 1, "asked once, then left alone: no call waits for a time-out again"
    assert len(warnings_of(caplog)) == 1, "said once, not for every call"


def test_the_password_of_redis_is_not_logged(dead_port, caplog):
    cache = PatientRedisCache(f"redis://:hush-hush@127.0.0.1:{dead_port}/0", {})
    cache.set("a", 1)
    assert warnings_of(caplog)
    assert "hush-hush" not in caplog.text


def test_incr_of_what_is_not_there_is_an_error_as_with_redis(dead_port):
    with pytest.raises(ValueError, match="not found"):
        cache_at(dead_port).incr("nothing")


def test_threads_share_the_memory(dead_port):
    one, other = cache_at(dead_port), cache_at(dead_port)
    thread = threading.Thread(target=lambda: one.set("shared", "yes"))
    thread.start()
    thread.join()
    assert other.get("shared") == "yes"


class Answering:
    """In place of Redis's client: answers, or refuses as a lost connection does."""

    def __init__(self) -> None:
        self.gone = True
        self.asked = 0

    def __getattr__(self, name):
        def call(*args, **kwargs):
            self.asked += 1
            if self.gone:
                raise ConnectionRefusedError(f"no redis for {name}")
            return "from redis"

        return call


def test_when_redis_is_back_it_is_used_and_the_memory_is_forgotten(dead_port, monkeypatch, caplog):
    caplog.set_level("INFO")
    monkeypatch.setattr(caching, "LEFT_ALONE", 60.0)
    cache, redis = cache_at(dead_port), Answering()
    cache._cache = redis  # a cached_property: this is its value
    cache.set("a", "from memory")
    assert cache.get("a") == "from memory"
    assert redis.asked == 1, "left alone for a while"
    redis.gone = False
    cache.outage._until = 0.0  # the while is over
    assert cache.get("a") == "from redis"
    assert [word in text for word, text in zip(("memory", "again"), warnings_of(caplog), strict=True)] == [True, True]
    redis.gone = True
    assert cache.get("a") is None, "what the memory held is stale"

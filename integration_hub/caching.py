"""The shared cache, when Redis may go away: a process then uses its own memory and asks again a few seconds later.

The cache holds nothing that matters for long (throttle counters, login limits), so an answer that is right for this
process only is better than an error or a wait.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

log = logging.getLogger(__name__)

LEFT_ALONE = 3.0  # seconds a Redis that did not answer is not asked again
QUICK = {"socket_connect_timeout": 0.2, "socket_timeout": 0.2, "retry": Retry(NoBackoff(), 0)}
CALLS = ("add", "get", "set", "touch", "delete", "get_many", "set_many", "delete_many", "has_key", "incr", "clear")


class PatientRedisCache(RedisCache):
    """Django's Redis cache that never raises because of Redis, and never waits for it longer than its time-outs.

    While Redis is gone, `memory` answers; what it holds is forgotten when Redis is back, so that a stale value cannot
    return at the next outage.
    """

    def __init__(self, server: str | list[str], params: dict[str, Any]) -> None:
        options = QUICK | params.get("OPTIONS", {})
        super().__init__(server, params | {"OPTIONS": options})
        # LocMemCache shares its store by name within the process; threads' cache objects must meet in one.
        self.memory: BaseCache = LocMemCache(f"while-gone:{server}", params | {"OPTIONS": {}})
        self.outage = outage_of(str(server))

    def patient(self, call: str, *args: Any, **kwargs: Any) -> Any:
        if self.outage.lasts():
            return getattr(self.memory, call)(*args, **kwargs)
        try:
            answer = getattr(RedisCache, call)(self, *args, **kwargs)
        except (RedisError, OSError) as error:
            self.outage.begin(error)
            return getattr(self.memory, call)(*args, **kwargs)
        if self.outage.end():
            self.memory.clear()
        return answer


def _patient(call: str) -> Callable[..., Any]:
    def method(self: PatientRedisCache, *args: Any, **kwargs: Any) -> Any:
        return self.patient(call, *args, **kwargs)

    method.__name__ = call
    return method


for _call in CALLS:
    setattr(PatientRedisCache, _call, _patient(_call))


class Outage:
    """Whether one Redis is being left alone. Shared by all threads of a process; said in the log once per outage."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until = 0.0
        self._told = False

    def lasts(self) -> bool:
        return time.monotonic() < self._until

    def begin(self, error: Exception) -> None:
        with self._lock:
            self._until = time.monotonic() + LEFT_ALONE
            told, self._told = self._told, True
        if not told:
            log.warning("cache: Redis does not answer, this process uses its own memory: %s", error)

    def end(self) -> bool:
        """Redis answered. True for the one call that ends an outage."""
        if not self._told:
            return False
        with self._lock:
            ended, self._told = self._told, False
        if ended:
            log.info("cache: Redis answers again")
        return ended


_outages: dict[str, Outage] = {}
_outages_lock = threading.Lock()


def outage_of(server: str) -> Outage:
    with _outages_lock:
        return _outages.setdefault(server, Outage())

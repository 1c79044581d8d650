"""The hub's pages over HTTP, with a long past: 100,000 runs. BENCH_RUNS changes how many."""

import http.cookiejar
import os
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator

from integration_hub.tests import soak, stack
from integration_hub.tests.bench.filling import fill
from integration_hub.tests.bench.report import Figure, percentile

RUNS = int(os.environ.get("BENCH_RUNS", "100000"))
ROUNDS = 60
PAGES = ("", "runs/", "problems/")


def measure(kind: str) -> Iterator[Figure]:
    with stack.running(kind) as hub:
        soak.settle(hub)
        fill(hub.env, "runs", RUNS)
        visitor = login(hub)
        tab = f"{next(iter(hub.run['sandbox']['credentials']))}/"
        for page in (*PAGES, tab):
            times = sorted(timed(visitor, f"{hub.address}/admin/hub/{page}") for _round in range(ROUNDS))
            name = f"hub page /{page} with {RUNS:,} runs, p95"
            yield Figure(name, kind, 1000 * percentile(times, 0.95), "ms", 150.0)


def login(hub: stack.Hub) -> urllib.request.OpenerDirector:
    """A browser of sorts, logged in as the admin."""
    jar = http.cookiejar.CookieJar()
    visitor = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    page = f"{hub.address}/accounts/login/"
    visitor.open(page, timeout=10).read()
    token = next(cookie.value for cookie in jar if "csrf" in cookie.name)
    who = hub.run["admin"]
    form = {"login": who["username"], "password": who["password"], "csrfmiddlewaretoken": token}
    request = urllib.request.Request(page, urllib.parse.urlencode(form).encode(), {"Referer": page})
    answer = visitor.open(request, timeout=10)
    if "/accounts/login" in answer.url:
        raise AssertionError("the admin could not log in")
    return visitor


def timed(visitor: urllib.request.OpenerDirector, url: str) -> float:
    start = time.perf_counter()
    with visitor.open(url, timeout=30) as answer:
        body = answer.read()
    taken = time.perf_counter() - start
    if b"Integration Hub" not in body:
        raise AssertionError(f"{url} is not a page of the hub")
    return taken

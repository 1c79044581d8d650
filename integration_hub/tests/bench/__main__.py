"""`make bench`: every benchmark on the stacks that are there.

The embedded stack always; PostgreSQL and Redis where TEST_DATABASE_URL names a server. A provider's own benchmarks are
found as providers/<key>/tests/bench*.py. `python -m integration_hub.tests.bench idle real` takes one, on one stack.
"""

import os
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

from integration_hub.tests.bench import bulk, demo, idle, imports, merge_core, orders, pages
from integration_hub.tests.bench.report import Figure, table, write

BASE = Path(__file__).resolve().parent.parent.parent.parent
Bench = Callable[[str], Iterator[Figure]]


def benches() -> Iterator[tuple[str, Bench]]:
    yield "idle", idle.measure
    yield "pages", pages.measure
    yield "orders", orders.measure
    yield "bulk", bulk.measure
    yield "demo", demo.measure
    yield "imports", imports.measure
    yield "merge_core", merge_core.measure
    for path in sorted((BASE / "providers").glob("*/tests/bench*.py")):
        key, part = path.parent.parent.name, path.stem.removeprefix("bench")
        yield f"{key}{part}", import_module(f"providers.{key}.tests.{path.stem}").measure


def main(only: list[str]) -> int:
    stacks = ["embedded", *(["real"] if os.environ.get("TEST_DATABASE_URL") else [])]
    if len(stacks) == 1:
        print("TEST_DATABASE_URL is not set: PostgreSQL and Redis are left out.")
    figures: list[Figure] = []
    for name, measure in benches():
        for kind in stacks:
            if any(word not in (name, kind) for word in only):
                continue
            for figure in measure(kind):
                print(*(cell for cell in figure.cells() if cell), sep="  ", flush=True)
                figures.append(figure)
    print("\n" + table(figures))
    write(BASE / "var" / "bench.json", figures)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The outside world of the door's tests."""

from collections.abc import Iterator

import pytest

from integration_hub.http.tests.outside import Outside, serving


@pytest.fixture
def outside(wire: None, db: None) -> Iterator[Outside]:
    """A server on loopback that answers as told."""
    with serving() as world:
        yield world

"""Connections of a worker's thread between two tasks."""

import pytest
from django.db import connection

from integration_hub.celery import app
from integration_hub.task_connections import Fixup, KeptConnections

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def between() -> KeptConnections:
    """What is done between two tasks."""
    return KeptConnections(app)


def test_celery_was_told() -> None:
    (fixup,) = getattr(app, "_fixups")  # noqa: B009 - the stubs do not know it
    assert type(fixup) is Fixup
    assert type(fixup.worker_fixup) is KeptConnections


def test_a_connection_lives_as_long_as_the_settings_say(between: KeptConnections) -> None:
    connection.ensure_connection()
    before = connection.connection
    between.close_database()
    kept = connection.settings_dict["CONN_MAX_AGE"] is None
    assert (connection.connection is before) is kept  # a pooled one went back


def test_a_broken_connection_is_replaced(between: KeptConnections, monkeypatch: pytest.MonkeyPatch) -> None:
    connection.ensure_connection()
    monkeypatch.setattr(connection, "is_usable", lambda: False)
    connection.errors_occurred = True
    between.close_database()
    assert connection.connection is None

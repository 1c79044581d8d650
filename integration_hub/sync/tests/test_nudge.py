"""Nudges: few, harmless, and a broker that is gone slows nobody down."""

import threading
from uuid import uuid4

import pytest
from kombu.exceptions import OperationalError

from integration_hub.sync import nudge, tasks


@pytest.fixture
def sent(monkeypatch):
    calls = []
    monkeypatch.setattr(nudge._nudger, "publish", lambda: None)  # timers of earlier tests
    monkeypatch.setattr(tasks.drain, "apply_async", lambda **options: calls.append(options))
    return calls


def test_many_changes_of_a_lane_are_one_nudge_and_one_more_in_the_end(sent):
    nudger, target = nudge.Nudger(), uuid4()
    for _ in range(50):
        nudger.nudge(target)
    assert len(sent) == 1
    for timer in [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]:
        timer.join(5)
    assert len(sent) == 2


def test_lanes_do_not_wait_for_each_other(sent):
    nudger = nudge.Nudger()
    for _ in range(5):
        nudger.nudge(uuid4())
    assert len(sent) == 5


def test_nudges_expire_and_are_never_retried_by_the_sender(sent):
    nudge.Nudger().nudge(uuid4())
    assert sent == [{"expires": 10, "retry": False}]


def test_a_broker_that_refuses_is_left_alone_for_a_while(monkeypatch):
    tries = []

    def refuse(**options):
        tries.append(options)
        raise OperationalError("gone")

    monkeypatch.setattr(tasks.drain, "apply_async", refuse)
    nudger = nudge.Nudger()
    for _ in range(5):
        nudger.nudge(uuid4())
    assert len(tries) == 1
    assert nudger.lost == 5

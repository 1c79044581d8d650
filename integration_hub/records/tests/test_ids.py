"""Ids of records grow with time."""

from uuid import RFC_4122

from integration_hub.records.models import Order, ids
from integration_hub.records.models.ids import time_ordered

MOMENT = 1_700_000_000_123_456_789  # nanoseconds


def test_an_id_is_a_version_7_uuid_of_its_moment(monkeypatch):
    monkeypatch.setattr(ids.time, "time_ns", lambda: MOMENT)
    made = time_ordered()
    assert (made.version, made.variant) == (7, RFC_4122)
    assert made.int >> 80 == MOMENT // 1_000_000


def test_later_ids_are_greater_and_those_of_one_moment_differ(monkeypatch):
    monkeypatch.setattr(ids.time, "time_ns", lambda: MOMENT)
    earlier = {time_ordered() for _ in range(1000)}
    monkeypatch.setattr(ids.time, "time_ns", lambda: MOMENT + 1_000_000)
    assert len(earlier) == 1000
    assert max(earlier) < time_ordered()


def test_all_but_the_fixed_bits_are_random():
    ones = zeros = 0
    for _ in range(200):
        value = time_ordered().int & ((1 << 80) - 1)
        ones, zeros = ones | value, zeros | ~value & ((1 << 80) - 1)
    fixed = 0xF << 76 | 0x3 << 62
    assert ones & ~fixed == zeros & ~fixed == ((1 << 80) - 1) & ~fixed


def test_records_get_such_ids():
    assert Order().pk.version == 7

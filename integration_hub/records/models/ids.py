"""Ids of records: they grow with time, so that what is made together lies together in every index."""

import secrets
import time
import uuid

_RANDOM = (1 << 80) - 1
_VERSION, _VARIANT = 0xF << 76, 0x3 << 62


def time_ordered() -> uuid.UUID:
    """A UUID of version 7 (RFC 9562): milliseconds since 1970, then 74 random bits. Python has one from 3.14 on."""
    random = secrets.randbits(80) & ~_VERSION & ~_VARIANT & _RANDOM
    return uuid.UUID(int=time.time_ns() // 1_000_000 << 80 | random | 7 << 76 | 2 << 62)

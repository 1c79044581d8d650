"""Checking signatures: what nearly every provider does, so that each writes only what is its own."""

import hmac
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256

from integration_hub.contract.webhooks import Incoming, Refused

WINDOW = 300  # seconds a signed time may be off, either way


def hmac_sha256(secret: str | bytes, *parts: str | bytes) -> bytes:
    """Of the parts one after the other; texts as UTF-8."""
    return hmac.digest(_bytes(secret), b"".join(map(_bytes, parts)), sha256)


def hmac_hex(secret: str | bytes, *parts: str | bytes) -> str:
    return hmac_sha256(secret, *parts).hex()


def hmac_base64(secret: str | bytes, *parts: str | bytes) -> str:
    return b64encode(hmac_sha256(secret, *parts)).decode("ascii")


def check_signature(expected: Iterable[str], given: Iterable[str]) -> None:
    """Refused unless one of the given signatures is one of the expected ones. Constant time, whatever fits."""
    candidates = [_bytes(one) for one in given]
    fits = [hmac.compare_digest(_bytes(wanted), one) for wanted in expected for one in candidates]
    if not any(fits):
        raise Refused("The signature is missing." if not any(candidates) else "The signature does not fit.")


def check_time(sent: str, incoming: Incoming, window: float = WINDOW) -> None:
    """Refused unless the signed time (seconds since 1970) is within the window around now."""
    if not (sent.isascii() and sent.isdigit() and len(sent) <= 12):
        raise Refused("The signed time is missing.")
    if abs(incoming.at - int(sent)) > window:
        raise Refused("The signed time is too far from now.")


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")

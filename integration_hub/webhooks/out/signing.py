"""Signing as Standard Webhooks has it. Pure.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterable

from integration_hub.contract.signing import hmac_base64

MARK = "whsec_"


def new_secret() -> str:
    """256 random bits, in the spelling that verifying libraries take."""
    return MARK + b64encode(secrets.token_bytes(32)).decode()


def headers(keys: Iterable[str], event_id: str, at: int, body: bytes) -> dict[str, str]:
    """The headers of one attempt at `at` (seconds since 1970): a signature for each secret, so that receivers may
    change theirs while two are valid."""
    signed = f"{event_id}.{at}.".encode() + body
    signatures = (f"v1,{hmac_base64(b64decode(key.removeprefix(MARK)), signed)}" for key in keys)
    return {
        "Content-Type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(signatures),
    }

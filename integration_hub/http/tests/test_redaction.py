"""No secret survives redaction, wherever it stands; what people need to read does."""

import json
import string
from urllib.parse import quote, urlencode

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from integration_hub.http import redaction
from integration_hub.http.redaction import redact, scrub
from integration_hub.notices.secrecy import HIDDEN

PAT = "patAbCdEfGhIjKlMn.0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
LETTERS = string.ascii_letters + string.digits
keys = st.text(LETTERS + "-_.", min_size=12, max_size=60).filter(lambda text: text.strip("-_.") == text)
awkward = st.text(string.printable.strip() + " äß€", min_size=8, max_size=40).filter(lambda text: text.strip() == text)
names = st.sampled_from(["api_key", "X-Api-Key", "token", "access_token", "clientSecret", "password", "webhook_secret"])
plain = st.text(LETTERS + " .,", max_size=40)


@given(secret=awkward, before=plain, after=plain)
def test_a_given_secret_is_gone_in_every_form(secret: str, before: str, after: str) -> None:
    for text in (f"{before}{secret}{after}", f"https://x/?q={quote(secret, safe='')}", urlencode({"q": secret})):
        cleaned = redact(text, (secret,))
        assert secret not in cleaned
        assert quote(secret, safe="") not in cleaned
        assert secret not in scrub(text, (secret,))


@given(name=names, secret=keys, before=plain, cut=st.integers(0, 6))
def test_a_value_under_a_secret_name_is_gone(name: str, secret: str, before: str, cut: int) -> None:
    assume(secret[:-6] not in before and secret[:-6] not in name)
    whole = json.dumps({"note": before, name: secret})
    for text in (
        whole,
        whole[: len(whole) - cut],
        json.dumps({"body": whole}),
        repr({name: secret}),
        f"https://x/y?a=1&{name}={secret}&b=2",
        f"{name}: {secret}",
        f"{name}={secret}",
    ):
        assert secret[:-6] not in redact(text), text


@given(secret=keys, depth=st.integers(0, 5), name=names)
def test_mappings_are_cleaned_at_every_depth(secret: str, depth: int, name: str) -> None:
    data: object = {name: secret, "list": [f"Bearer {secret}"], "n": 1}
    for _level in range(depth):
        data = {"inner": [data]}
    assert secret not in json.dumps(redact(data))


@pytest.mark.parametrize(
    "text",
    [
        f"failed with {PAT}",
        f"Authorization: Bearer {PAT}",
        f"{{'Authorization': 'Bearer {PAT}'}}",
        "hub_0123456789abcdefghijklmnop",
        "keyABCDEFGH123456",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "postgres://hub:0123456789@db/hub",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjMifQ.abc",
        "Basic dXNlcjpwYXNz0123456789",
    ],
)
def test_keys_that_look_like_keys_are_gone_without_being_told(text: str) -> None:
    cleaned = redact(text)
    assert HIDDEN in cleaned
    for piece in (PAT, "0123456789", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "eyJhbGci", "keyABCDEFGH123456"):
        assert piece not in cleaned


@given(text=st.from_regex(redaction._HEADER) | st.from_regex(redaction._QUOTED) | st.from_regex(redaction._BARE))
def test_no_net_finds_what_the_first_glance_takes_for_harmless(text: str) -> None:
    assert ":" in text or "=" in text
    assert redaction._NAMED.search(text)


@given(text=st.from_regex(redaction._LOOKS))
def test_no_look_is_without_its_mark(text: str) -> None:
    assert any(mark in text for mark in redaction._MARKS)


@pytest.mark.parametrize(
    "text",
    [
        "Order 1042 of Alice's was pushed in 120 ms.",
        "https://x/v0/app1/tbl2?pageSize=100&offset=itr/rec",
        '{"page_token": "abc", "token_type": "Bearer"}',
        "Basic information about patterns and keyboards",
        "",
    ],
)
def test_what_is_harmless_stays(text: str) -> None:
    assert redact(text) == text


def test_sentences_keep_the_words_after_a_colon() -> None:
    assert scrub("Missing in the token: data.records:write") == "Missing in the token: data.records:write"


def test_types_are_kept_and_the_original_is_not_touched() -> None:
    data = {"token": "abcdef", "rows": (1, "x"), "none": None, 5: b"Bearer abcdefgh"}
    assert redact(data) == {"token": HIDDEN, "rows": (1, "x"), "none": None, 5: HIDDEN.encode()}
    assert data["token"] == "abcdef"
    assert redact(7) == 7

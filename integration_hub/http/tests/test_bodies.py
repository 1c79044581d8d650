"""How an answer's body is read: as it was packed and sent, whole, and never taken for whole when it broke off."""

import gzip
import json
from collections.abc import Callable

import pytest

from integration_hub.contract import Rejected, TransientError
from integration_hub.http import transport
from integration_hub.http.tests.outside import Handler, Outside, door_to, says

pytestmark = [pytest.mark.engine, pytest.mark.django_db]

ROWS = {"rows": ["Jörg"] * 40_000}  # more than one piece
TEXT = json.dumps(ROWS).encode()


def sends(body: bytes, length: int | None = None, packed: str = "") -> Callable[[Handler], None]:
    """These bytes; `length`: what is said of them, None: in chunks."""

    def answer(handler: Handler) -> None:
        handler.send_response(200)
        if packed:
            handler.send_header("Content-Encoding", packed)
        handler.send_header(*(("Transfer-Encoding", "chunked") if length is None else ("Content-Length", str(length))))
        handler.end_headers()
        for first in range(0, len(body), 50_000):
            part = body[first : first + 50_000]
            handler.wfile.write(part if length is not None else b"%x\r\n%b\r\n" % (len(part), part))
        if length is None:
            handler.wfile.write(b"0\r\n\r\n")
        elif length > len(body):
            handler.close_connection = True

    return answer


@pytest.mark.parametrize(
    "answer",
    [
        sends(TEXT, len(TEXT)),
        sends(TEXT),
        sends(gzip.compress(TEXT), len(gzip.compress(TEXT)), "gzip"),
        sends(gzip.compress(TEXT), None, "gzip"),
    ],
    ids=["whole", "in chunks", "packed", "packed in chunks"],
)
def test_a_body_is_read_whole_and_its_connection_is_used_again(
    outside: Outside, answer: Callable[[Handler], None]
) -> None:
    outside.always = answer
    door = door_to(outside.url)
    assert [door.call("read", "GET", "/a").json() for _ in range(3)] == [ROWS] * 3
    assert len({seen[4] for seen in outside.seen}) == 1  # one connection


@pytest.mark.parametrize(
    "answer",
    [
        sends(TEXT, len(TEXT) + 1),
        sends(TEXT[:10], len(TEXT)),
        sends(gzip.compress(TEXT)[:-30], len(gzip.compress(TEXT)), "gzip"),
        sends(b"this was never packed", 21, "gzip"),
    ],
    ids=["a byte is missing", "nearly all is missing", "packed and cut", "not packed at all"],
)
def test_a_body_that_breaks_off_is_a_broken_connection(outside: Outside, answer: Callable[[Handler], None]) -> None:
    outside.always = answer
    with pytest.raises(TransientError) as caught:
        door_to(outside.url).call("write", "POST", "/a", json={})
    assert caught.value.unsure is True


def test_a_packed_body_is_measured_unpacked(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "MAX_BODY", len(TEXT) - 1)
    outside.always = sends(gzip.compress(TEXT), len(gzip.compress(TEXT)), "gzip")
    with pytest.raises(Rejected, match="too large"):
        door_to(outside.url).call("read", "GET", "/a")


def test_a_request_without_a_body_says_so(outside: Outside) -> None:
    outside.always = says(200, {})
    door = door_to(outside.url)
    door.call("write", "POST", "/a")
    door.call("read", "GET", "/a")
    door.call("write", "POST", "/a", json={"name": "Jörg"})
    said = [seen[2].get("Content-Length") for seen in outside.seen]
    assert said == ["0", None, str(len('{"name":"Jörg"}'.encode()))]
    assert not any("Transfer-Encoding" in seen[2] for seen in outside.seen)

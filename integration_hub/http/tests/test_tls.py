"""The same promises above TLS, where another class of socket does the reading."""

import ssl
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.utils import timezone

from integration_hub.contract import TransientError
from integration_hub.http import transport
from integration_hub.http.tests.outside import Outside, door_to, drips, serving

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that signed itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(timezone.now() - timedelta(days=1))
        .not_valid_after(timezone.now() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def secure(certificate: Path, wire: None) -> Iterator[tuple[Outside, str]]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with serving(context) as world:
        yield world, world.url.replace("http://", "https://")


def test_a_certificate_nobody_vouches_for_is_not_believed(secure: tuple[Outside, str]) -> None:
    outside, url = secure
    with pytest.raises(TransientError, match="certificate") as caught:
        door_to(url).call("write", "POST", "/a", json={"secret": "x"})
    assert caught.value.unsure is False
    assert outside.seen == []


def test_calls_above_tls_share_a_connection_and_obey_the_deadline(
    secure: tuple[Outside, str], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside, url = secure
    monkeypatch.setattr(transport.session_for(url, True), "verify", str(certificate))
    for _call in range(2):
        assert door_to(url).call("write", "POST", "/a", json={"n": "x" * 100_000}).json() == {"ok": True}
    assert len({peer for *_rest, peer in outside.seen}) == 1
    for answer in (drips(), drips(headers=True)):
        outside.always = answer
        with pytest.raises(TransientError) as caught:
            door_to(url).call("write", "POST", "/a", json={}, deadline=0.5)
        assert outside.ended == 0, "the door went before the answer was over"
        assert caught.value.unsure is True

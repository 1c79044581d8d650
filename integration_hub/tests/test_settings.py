"""A missing or malformed secret stops the start with a sentence that names it; DEBUG needs none."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

BASE = Path(__file__).resolve().parent.parent.parent
LONG = "s" * 50
KEY = Fernet.generate_key().decode()
GOOD = {"SECRET_KEY": LONG, "FIELD_ENCRYPTION_KEY": KEY}


def start(tmp_path: Path, code: str = "print('started')", **env: str) -> subprocess.CompletedProcess[str]:
    """Read the settings in a process of their own, with nothing in the environment but what is given."""
    bare = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "integration_hub.settings"}
    command = [sys.executable, "-c", f"from django.conf import settings; settings.SECRET_KEY; {code}"]
    return subprocess.run(command, cwd=BASE, env=bare | env, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        ({"FIELD_ENCRYPTION_KEY": KEY}, "SECRET_KEY is not set."),
        ({"FIELD_ENCRYPTION_KEY": KEY, "SECRET_KEY": "  "}, "SECRET_KEY is not set."),
        ({"FIELD_ENCRYPTION_KEY": KEY, "SECRET_KEY": "short"}, "SECRET_KEY is shorter than 50 characters."),
        ({"SECRET_KEY": LONG}, "FIELD_ENCRYPTION_KEY is not set."),
        ({"SECRET_KEY": LONG, "FIELD_ENCRYPTION_KEY": "abc"}, "FIELD_ENCRYPTION_KEY: key 1 of 1 is not"),
        ({"SECRET_KEY": LONG, "FIELD_ENCRYPTION_KEY": f"{KEY}, nonsense"}, "FIELD_ENCRYPTION_KEY: key 2 of 2 is not"),
    ],
)
def test_without_its_secrets_the_hub_does_not_start(tmp_path, env, sentence):
    process = start(tmp_path, HUB_ENV_FILE="0", **env)
    assert process.returncode != 0
    assert sentence in process.stderr
    assert "nonsense" not in process.stderr.splitlines()[-1], "a key, even a bad one, is not shown"


def test_with_them_it_starts(tmp_path):
    assert start(tmp_path, HUB_ENV_FILE="0", **GOOD).stdout == "started\n"


def test_debug_needs_none(tmp_path):
    assert start(tmp_path, HUB_ENV_FILE="0", DEBUG="1").stdout == "started\n"


def test_keys_made_once_are_found_in_var(tmp_path):
    (tmp_path / "secrets.env").write_text(f"SECRET_KEY={LONG}\nFIELD_ENCRYPTION_KEY={KEY}\n")
    assert start(tmp_path).stdout == "started\n"
    assert start(tmp_path, SECRET_KEY="").stdout == "started\n", "an empty line in .env is no key"
    shown = start(tmp_path, "print(settings.SECRET_KEY[0])", SECRET_KEY="e" * 50)
    assert shown.stdout == "e\n", "the environment wins"


@pytest.mark.parametrize(("address", "secure"), [("http://localhost:8000", False), ("https://hub.example.org", True)])
def test_only_an_https_address_is_forced_to_https(tmp_path, address, secure):
    code = "print(settings.SECURE_SSL_REDIRECT, settings.SESSION_COOKIE_SECURE, bool(settings.SECURE_HSTS_SECONDS))"
    assert start(tmp_path, code, HUB_ENV_FILE="0", PUBLIC_URL=address, **GOOD).stdout.split() == [str(secure)] * 3


def test_the_public_host_is_allowed(tmp_path):
    code = "print(settings.ALLOWED_HOSTS[0], *settings.CSRF_TRUSTED_ORIGINS)"
    shown = start(tmp_path, code, HUB_ENV_FILE="0", PUBLIC_URL="https://hub.example.org:8443/", **GOOD).stdout
    assert shown.split() == ["hub.example.org", "https://hub.example.org:8443"]


def test_sqlite_is_told_to_wait_longer_where_nobody_waits(tmp_path):
    code = "print(settings.DATABASES['default']['OPTIONS']['timeout'], settings.EMBEDDED)"
    assert start(tmp_path, code, HUB_ENV_FILE="0", HUB_PROCESS="web", **GOOD).stdout.split() == ["2.5", "True"]
    assert start(tmp_path, code, HUB_ENV_FILE="0", HUB_PROCESS="worker", **GOOD).stdout.split() == ["30.0", "True"]


def test_a_database_url_and_a_redis_url_change_both(tmp_path):
    code = (
        "d = settings.DATABASES['default']; "
        "print(d['ENGINE'], d['NAME'], d['OPTIONS']['pool']['max_size'], settings.CELERY_BROKER_URL, settings.EMBEDDED)"
    )
    urls = {"DATABASE_URL": "postgres://hub:pw@127.0.0.1:5432/hub", "REDIS_URL": "redis://127.0.0.1:6379/5"}
    shown = start(tmp_path, code, HUB_ENV_FILE="0", **urls, **GOOD).stdout.split()
    assert shown == ["django.db.backends.postgresql", "hub", "8", "redis://127.0.0.1:6379/5", "False"]


def test_a_nudge_that_redis_refuses_is_dropped_at_once(tmp_path):
    """kombu would try twice more, six seconds in all, in the request of whoever saved."""
    code = """
import django, kombu.utils.functional as tries
from integration_hub import celery
from integration_hub.sync import nudge
waits = []
tries.sleep = waits.append
django.setup()
nudge.publish()
print("lost", nudge._nudger.lost, "waits", waits)
"""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        redis = f"redis://127.0.0.1:{taken.getsockname()[1]}/0"
        process = start(tmp_path, f"exec({code!r})", HUB_ENV_FILE="0", DEBUG="1", REDIS_URL=redis)
    assert process.stdout.splitlines()[-1] == "lost 1 waits []"

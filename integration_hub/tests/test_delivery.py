"""What is handed to whoever runs the hub fits together: make, containers, environment, pins."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

BASE = Path(__file__).resolve().parent.parent.parent
NAME = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b|\b(?:PORT|HOST|DEBUG|DEMO)\b")


def text(name: str) -> str:
    return (BASE / name).read_text(encoding="utf-8")


def code() -> str:
    """Everything that reads the environment."""
    files = [*BASE.glob("integration_hub/**/*.py"), *BASE.glob("providers/*/*.py")]
    kept = [path for path in files if "/tests/" not in str(path)]
    return "\n".join(path.read_text(encoding="utf-8") for path in kept) + text("docker-compose.yml")


def known(name: str, everything: str) -> bool:
    """`AIRTABLE_API_URL` is read as `<KEY>_API_URL`, and so are others of a service."""
    return name in everything or f"<KEY>_{name.partition('_')[2]}" in everything


@pytest.mark.parametrize("name", ["venv", "chromium", "test", "run"])
def test_scripts_may_be_executed(name):
    assert os.access(BASE / ".ci" / name, os.X_OK)


def test_make_alone_lists_every_command():
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    shown = subprocess.run(["make"], cwd=BASE, env=environment, capture_output=True, text=True, check=True).stdout
    for target in ("run", "test", "check", "soak", "bench", "pins"):
        assert f"make {target} " in shown
    assert "8000" in shown


def test_every_variable_that_is_explained_is_read():
    everything = code()
    rows = [line.split("|")[1] for line in text("README.md").split("## Environment")[1].splitlines() if "|" in line]
    explained = {name for row in rows for name in NAME.findall(row)}
    assert len(explained) > 20
    assert [name for name in sorted(explained) if not known(name, everything)] == []


def test_every_variable_of_the_example_is_read_and_none_is_set():
    lines = text(".env.example").splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == [], "a copy changes nothing by itself"
    names = {found[1] for line in lines if (found := re.match(r"# ([A-Z][A-Z_]+)=", line))}
    everything = code()
    assert {"SECRET_KEY", "FIELD_ENCRYPTION_KEY", "PUBLIC_URL", "DATABASE_URL", "POSTGRES_PASSWORD"} <= names
    assert [name for name in sorted(names) if not known(name, everything)] == []


# --- containers: no engine here runs them, so at least they fit together ---------------------------------------------
@pytest.fixture
def services():
    return yaml.safe_load(text("docker-compose.yml"))["services"]


def test_compose_has_what_it_promises(services):
    assert services.keys() == {"postgres", "redis", "migrate", "web", "worker", "beat"}
    for name, service in services.items():
        assert name == "migrate" or "healthcheck" in service, name
    assert services["migrate"]["restart"] == "no"
    for name in ("web", "worker", "beat"):
        waits = services[name]["depends_on"]
        assert waits["migrate"]["condition"] == "service_completed_successfully"
        assert services[name]["command"] == ["python", "-m", "integration_hub.hub.up", name]
        assert services[name]["environment"]["DATABASE_URL"].startswith("postgres://")


def test_no_secret_is_written_into_compose(services):
    assert all(service.get("env_file", ".env") == ".env" for service in services.values())
    raw = text("docker-compose.yml")
    for name in ("SECRET_KEY", "FIELD_ENCRYPTION_KEY"):
        assert name not in raw
    assert raw.count("POSTGRES_PASSWORD:?") == 2, "without it nothing starts"


def test_only_one_container_can_be_scaled_to_many_without_harm(services):
    assert "ports" in services["web"]
    assert "container_name" not in services["worker"]
    assert "ports" not in services["worker"]


def test_the_image_is_built_in_two_stages_and_runs_as_nobody_special():
    lines = [line for line in text("Dockerfile").splitlines() if line and not line.startswith("#")]
    assert [line.split()[1] for line in lines if line.startswith("FROM")] == ["python:3.11-slim"] * 2
    assert "--require-hashes" in text("Dockerfile")
    user, command = (next(i for i, line in enumerate(lines) if line.startswith(word)) for word in ("USER", "CMD"))
    assert lines[user] == "USER hub"
    assert user < command
    for line in lines:
        if line.startswith("COPY") and "--from" not in line:
            assert (BASE / line.split()[1]).exists(), line


def test_the_image_gets_no_keys_and_no_data():
    ignore = text(".dockerignore").splitlines()
    assert "*" in ignore
    assert not {"!.env", "!var", "!.git", "!.venv"} & set(ignore)


# --- pins ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_package_is_pinned_with_its_hashes(name):
    packages = re.split(r"\n(?=[a-z0-9])", text(name))
    assert len(packages) > 50
    assert [package.split()[0] for package in packages if "==" not in package or "--hash=sha256:" not in package] == []
    assert "://" not in re.sub(r"\s+#.*", "", text(name)), "no host of a registry"


def test_every_direct_dependency_says_why():
    listed = re.findall(r"^([a-z0-9-]+)", text(".requirements.in"), re.M)
    why = text("README.md").split("## What it stands on")[1].lower()
    assert [package for package in listed if package.removeprefix("django-") not in why and package not in why] == []

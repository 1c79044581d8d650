"""Rules of the house that no single room can keep alone."""

import re
import subprocess
from pathlib import Path

import pytest

from integration_hub.contract import registry

BASE = Path(__file__).resolve().parent.parent.parent
TEXT = {".py", ".html", ".css", ".js", ".md", ".txt", ".yml", ".yaml", ".ini", ".toml", ".sh", ""}
# Where providers may be named besides their own folders: the list in the settings, people's documents, and what a
# person sets in the environment.
NAMED_IN = {
    "integration_hub/settings.py",
    "README.md",
    "CHANGELOG.md",
    ".env.example",
    "integration_hub/README.md",
    "docker-compose.yml",
    ".requirements-dev.in",
    "requirements-dev.txt",
    ".mypy.ini",
    ".importlinter",
}


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=BASE, capture_output=True, text=True, check=True)
    return [BASE / name for name in listed.stdout.split("\0") if name and (BASE / name).is_file()]


def readable() -> list[tuple[str, str]]:
    return [
        (str(path.relative_to(BASE)), path.read_text(encoding="utf-8", errors="ignore"))
        for path in tracked()
        if path.suffix in TEXT
    ]


def strangers(name: str, files: list[tuple[str, str]]) -> list[str]:
    """Files outside the provider's folder that contain its name."""
    word = re.compile(rf"(?<![a-z]){re.escape(name)}(?![a-z])", re.IGNORECASE)
    own = f"providers/{name}/"
    return [
        path
        for path, text in files
        if not path.startswith(own) and "/tests/" not in path and path not in NAMED_IN and word.search(text)
    ]


@pytest.mark.parametrize("key", [provider.key for provider in registry.providers() if provider.key != "toy"])
def test_a_providers_name_stands_only_in_its_folder(key):
    assert strangers(key, readable()) == []


def test_a_name_elsewhere_would_be_found():
    assert strangers("zoom", [("integration_hub/hub/cards.py", "if key == 'zoom':")]) == [
        "integration_hub/hub/cards.py"
    ]


def test_the_settings_name_each_provider_once():
    text = (BASE / "integration_hub" / "settings.py").read_text(encoding="utf-8")
    for provider in registry.providers():
        if provider.key != "toy":
            assert len(re.findall(rf'"{provider.key}"', text)) == 1


@pytest.mark.parametrize("package", ["requests", "urllib3"])
def test_only_the_door_and_the_sandbox_speak_http(package):
    speaks = re.compile(rf"^\s*(?:import|from) {package}\b", re.MULTILINE)
    allowed = ("integration_hub/http/", "integration_hub/sandbox/")
    found = [path for path, text in readable() if path.endswith(".py") and speaks.search(text)]
    assert [path for path in found if not path.startswith(allowed) and "/tests/" not in path] == []


def test_templates_have_no_inline_script_or_style():
    inline = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>|<style\b|\sstyle=|\son[a-z]+=\"", re.IGNORECASE)
    pages = [(path, text) for path, text in readable() if path.endswith(".html")]
    assert pages
    assert [path for path, text in pages if inline.search(text)] == []


def test_every_module_says_what_it_is():
    undocumented = [
        path
        for path, text in readable()
        if path.endswith(".py")
        and "/migrations/" not in path
        and text.strip()
        and not re.match(r'(#![^\n]*\n)?\s*"""', text)
    ]
    assert undocumented == []

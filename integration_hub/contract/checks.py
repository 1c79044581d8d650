"""System checks on declarations: what would fail silently is an error at start."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.apps import AppConfig, apps
from django.core.checks import CheckMessage, Error, register

from integration_hub.contract.provider import Provider
from integration_hub.contract.registry import providers
from integration_hub.contract.webhooks import Poke

HEADINGS = ("How to get the keys", "What works", "Known limits")


def provider_apps() -> list[AppConfig]:
    return [config for config in apps.get_app_configs() if config.name.startswith("providers.")]


@register()
def check_declarations(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    declared = {provider.key: provider for provider in providers()}
    messages: list[CheckMessage] = []
    for config in provider_apps():
        key = config.name.rsplit(".", 1)[1]
        if key not in declared:
            messages.append(
                Error(
                    f"{config.name} registered no provider with the key {key!r}.",
                    hint="Derive its AppConfig from ProviderConfig and give the declaration the folder's name as key.",
                    id="contract.E001",
                )
            )
            continue
        messages += complaints(declared[key], Path(config.path))
    return messages


def complaints(provider: Provider, folder: Path) -> list[CheckMessage]:
    """Everything wrong with one declaration and its folder."""
    return [
        Error(text, obj=provider.key, id=f"contract.{code}")
        for code, text in (*_naming(provider, folder), *_files(provider, folder), *_webhook(provider))
    ]


def _naming(provider: Provider, folder: Path) -> Iterable[tuple[str, str]]:
    if provider.key != folder.name:
        yield "E002", f"The provider's key {provider.key!r} is not its folder's name {folder.name!r}."
    if len(provider.key) > 50:
        yield "E003", f"The provider's key {provider.key!r} is longer than 50 characters."
    for word in ("name", "category", "auth", "api"):
        if not getattr(provider, word, None):
            yield "E004", f"The provider {provider.key!r} declares no {word}."


def _files(provider: Provider, folder: Path) -> Iterable[tuple[str, str]]:
    readme = folder / "README.md"
    text = readme.read_text(encoding="utf-8") if readme.is_file() else ""
    for heading in HEADINGS:
        if f"## {heading}" not in text:
            yield "E005", f"{folder.name}/README.md has no heading '{heading}'."
    fixtures = folder / "tests" / "fixtures" / "api"
    if provider.api.base_url and not any(fixtures.glob("*.json")):
        yield "E006", f"{folder.name}/tests/fixtures/api holds no payload; the client is untested."


def _webhook(provider: Provider) -> Iterable[tuple[str, str]]:
    """What would be found out only when the first event comes."""
    webhook = provider.webhook
    if webhook is None:
        return
    secrets = {secret.name for secret in provider.secrets}
    typed = bool(webhook.signed_with) and not webhook.keeps_secrets
    if typed and webhook.signed_with not in secrets and not webhook.addresses:
        yield "E007", f"{provider.key!r} signs webhooks with {webhook.signed_with!r}, which is no secret it declares."
    streams = {stream.key for stream in provider.streams}
    for kind, handler in webhook.handles.items():
        if isinstance(handler, Poke) and handler.stream not in streams:
            yield (
                "E008",
                f"{provider.key!r}: the event {kind!r} pokes {handler.stream!r}, no stream of its own.",
            )
    for address in webhook.addresses:
        if address.strip("/") != address or not address:
            yield "E009", f"{provider.key!r}: the webhook address {address!r} begins or ends with a slash, or is empty."

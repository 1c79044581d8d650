"""The Django side of a declaration: a provider's app registers itself when it is ready."""

from importlib import import_module
from typing import Any

from django.apps import AppConfig

from integration_hub.contract.provider import Provider
from integration_hub.contract.registry import register


class ContractConfig(AppConfig):
    name = "integration_hub.contract"
    default = True

    def ready(self) -> None:
        import_module("integration_hub.contract.checks")


class ProviderConfig(AppConfig):
    """Base of every `providers/<key>/apps.py`; `declaration` is the Provider class's name in provider.py.

    `default = False` here and True in subclasses: with two candidates in one module Django would silently take a
    plain AppConfig and the provider would be missing.
    """

    default = False
    declaration: str

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.default = True

    def ready(self) -> None:
        module = import_module(f"{self.name}.provider")
        declared: type[Provider] = getattr(module, self.declaration)
        register(declared())

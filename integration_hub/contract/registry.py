"""Which providers and record types there are. Filled once at start; a name taken twice is an error at once."""

from integration_hub.contract.provider import Provider
from integration_hub.contract.records import RecordType

_providers: dict[str, Provider] = {}
_record_types: dict[str, RecordType] = {}


class AlreadyRegistered(ValueError):
    """Two declarations claim one key."""


def register(provider: Provider) -> None:
    if provider.key in _providers and type(_providers[provider.key]) is not type(provider):
        raise AlreadyRegistered(f"provider key {provider.key!r} is declared twice")
    _providers[provider.key] = provider


def register_record_type(record_type: RecordType) -> None:
    if _record_types.get(record_type.key, record_type) is not record_type:
        raise AlreadyRegistered(f"record type {record_type.key!r} is registered twice")
    _record_types[record_type.key] = record_type


def providers() -> tuple[Provider, ...]:
    return tuple(_providers.values())


def provider(key: str) -> Provider:
    """KeyError when there is no such provider."""
    return _providers[key]


def record_types() -> tuple[RecordType, ...]:
    return tuple(_record_types.values())


def record_type(key: str) -> RecordType:
    """KeyError when there is no such record type."""
    return _record_types[key]

"""What a provider says: its declaration, its errors, its words. Plain Python, no database, no network."""

from integration_hub.contract.acts import Action, Answer
from integration_hub.contract.api import Api, Rate, Reply
from integration_hub.contract.auth import ApiKey, Secret, Setting
from integration_hub.contract.errors import (
    AuthFailed,
    ConfigError,
    ProviderError,
    RateLimited,
    Rejected,
    RowsGone,
    TransientError,
)
from integration_hub.contract.provider import Account, Provider, Resource, Stat
from integration_hub.contract.records import Field, RecordType
from integration_hub.contract.sync import MappedField, ReadyTarget, Row, Sink, Target, Written

__all__ = [
    "Account",
    "Action",
    "Answer",
    "Api",
    "ApiKey",
    "AuthFailed",
    "ConfigError",
    "Field",
    "MappedField",
    "Provider",
    "ProviderError",
    "Rate",
    "RateLimited",
    "ReadyTarget",
    "RecordType",
    "Rejected",
    "Reply",
    "Resource",
    "Row",
    "RowsGone",
    "Secret",
    "Setting",
    "Sink",
    "Stat",
    "Target",
    "TransientError",
    "Written",
]

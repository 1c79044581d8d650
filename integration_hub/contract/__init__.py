"""What a provider says: its declaration, its errors, its words. Plain Python, no database, no network."""

from integration_hub.contract.acts import Action, Answer
from integration_hub.contract.api import Api, Rate, Reply
from integration_hub.contract.auth import ApiKey, Secret, Setting
from integration_hub.contract.errors import (
    AuthFailed,
    ConfigError,
    FieldRefused,
    ProviderError,
    RateLimited,
    Rejected,
    RowsGone,
    TransientError,
)
from integration_hub.contract.provider import Account, Provider, Route, Stat
from integration_hub.contract.records import Field, File, FileRef, RecordType, Ref
from integration_hub.contract.resources import Resource
from integration_hub.contract.sync import MappedField, ReadyTarget, RemoteField, Row, Sink, Target, WriteMode, Written

__all__ = [
    "Account",
    "Action",
    "Answer",
    "Api",
    "ApiKey",
    "AuthFailed",
    "ConfigError",
    "Field",
    "FieldRefused",
    "File",
    "FileRef",
    "MappedField",
    "Provider",
    "ProviderError",
    "Rate",
    "RateLimited",
    "ReadyTarget",
    "RecordType",
    "Ref",
    "Rejected",
    "RemoteField",
    "Reply",
    "Resource",
    "Route",
    "Row",
    "RowsGone",
    "Secret",
    "Setting",
    "Sink",
    "Stat",
    "Target",
    "TransientError",
    "WriteMode",
    "Written",
]

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
from integration_hub.contract.oauth import OAuth2, Scope
from integration_hub.contract.provider import Account, Mirror, Provider, Route, Session, Stat
from integration_hub.contract.records import Entry, Field, File, FileRef, Files, RecordType, Ref, RemoteFile, Unfit
from integration_hub.contract.resources import Resource
from integration_hub.contract.streams import Batch, Pull, Stream
from integration_hub.contract.sync import (
    CursorExpired,
    Direction,
    MappedField,
    Page,
    ReadyTarget,
    RemoteField,
    RemoteRow,
    Row,
    Sink,
    Target,
    Told,
    WriteMode,
    Written,
)
from integration_hub.contract.webhooks import Delivery, Incoming, Poke, Refused, Webhook

__all__ = [
    "Account",
    "Action",
    "Answer",
    "Api",
    "ApiKey",
    "AuthFailed",
    "Batch",
    "ConfigError",
    "CursorExpired",
    "Delivery",
    "Direction",
    "Entry",
    "Field",
    "FieldRefused",
    "File",
    "FileRef",
    "Files",
    "Incoming",
    "MappedField",
    "Mirror",
    "OAuth2",
    "Page",
    "Poke",
    "Provider",
    "ProviderError",
    "Pull",
    "Rate",
    "RateLimited",
    "ReadyTarget",
    "RecordType",
    "Ref",
    "Refused",
    "Rejected",
    "RemoteField",
    "RemoteFile",
    "RemoteRow",
    "Reply",
    "Resource",
    "Route",
    "Row",
    "RowsGone",
    "Scope",
    "Secret",
    "Session",
    "Setting",
    "Sink",
    "Stat",
    "Stream",
    "Target",
    "Told",
    "TransientError",
    "Unfit",
    "Webhook",
    "WriteMode",
    "Written",
]

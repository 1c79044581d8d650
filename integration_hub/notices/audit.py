"""The trail: who did what, when, to what. Written in the transaction of the act itself, so both stand or fall."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from integration_hub.notices.models import AuditEvent
from integration_hub.notices.secrecy import hide


def record(
    action: str,
    *,
    company_id: UUID | None = None,
    actor: str = "",
    target: str = "",
    data: Mapping[str, Any] | None = None,
) -> None:
    """`action` is dotted, such as "connection.connected". Values under names of secrets are hidden all the same."""
    AuditEvent.everywhere.create(
        company_id=company_id, actor=str(actor)[:200], action=action, target=str(target)[:300], data=hide(data or {})
    )

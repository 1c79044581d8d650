"""Records as outgoing webhooks tell of them: the very fields the API answers with."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from integration_hub.companies import scope


def shown(record_type: str, company_id: UUID, ids: Sequence[UUID]) -> Mapping[UUID, Mapping[str, Any]]:
    """The records' fields by id, of deleted ones too; nothing for a type the API does not show."""
    from integration_hub.api.records import VIEWSETS, OrderViewSet, RecordViewSet  # heavy, and few need it

    views: dict[str, type[RecordViewSet]] = {
        str(view.model._meta.model_name): view for view in (OrderViewSet, *VIEWSETS)
    }
    view = views.get(record_type)
    if view is None:
        return {}
    with scope.entered(company_id):
        rows = view().related(view.model.everywhere.filter(company_id=company_id, pk__in=ids))
        return {row.pk: view.serializer_class(row).data for row in rows}

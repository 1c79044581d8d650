"""Records as outgoing webhooks tell of them: the very fields the API answers with."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from integration_hub.companies import scope


def shown(record_type: str, company_id: UUID, ids: Sequence[UUID]) -> Mapping[UUID, Mapping[str, Any]]:
    """The records' fields by id, of deleted ones too; nothing for a type the API does not show."""
    from integration_hub.api import records  # heavy, and few need it

    views: tuple[type[records.RecordViewSet], ...] = (records.OrderViewSet, *records.VIEWSETS)
    view = {str(each.model._meta.model_name): each for each in views}.get(record_type)
    if view is None:
        return {}
    serializer: Any = view.serializer_class
    with scope.entered(company_id):
        rows = list(view().related(view.model.everywhere.filter(company_id=company_id, pk__in=ids)))
        return dict(zip([row.pk for row in rows], serializer(rows, many=True).data, strict=True))

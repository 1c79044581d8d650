"""Orders that mirror rows of a provider, brought in step now. Their other addresses (`records`) take either id."""

from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from integration_hub.contract import registry
from integration_hub.rest.problems import Problem
from integration_hub.rest.requests import actor_of
from integration_hub.rest.serializers import StrictSerializer
from integration_hub.rest.views import HubView
from integration_hub.sync import answers, mirroring

RECORDS = "order"


class OrdersSyncView(HubView):
    """Read and write the table whose rows the orders mirror, now."""

    calls_out = True

    @extend_schema(
        operation_id="orders_sync",
        request=None,
        responses={
            202: OpenApiResponse(answers.StartedSerializer, description="The runs that were started, or go on already.")
        },
    )
    def post(self, request: Request) -> Response:
        StrictSerializer(data=request.data).is_valid(raise_exception=True)  # no body, or an empty one
        found = mirroring.primary(self.company.pk, RECORDS)
        if not found:
            raise Problem("conflict", _("Orders mirror no table yet: connect a service and make a mapping first."))
        answers.working(registry.provider(found[0].connection.provider))
        working = [mapping for mapping in found if mapping.connection.status == found[0].connection.status]
        return answers.accepted([mirroring.sync(mapping, actor=actor_of(request)) for mapping in working])


def urls() -> list[Any]:
    return [path("orders/sync", OrdersSyncView.as_view())]

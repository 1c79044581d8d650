"""Proof of sync: both sides of a mapping compared row by row, and what was found to differ."""

from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.helpers import forced_singular_serializer
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from integration_hub.api.filters import choice, reference
from integration_hub.api.runs import PAGE_PARAMETERS
from integration_hub.notices import audit
from integration_hub.rest.fields import Choice, Id, Moment, Ref, Text, Whole
from integration_hub.rest.problems import Problem
from integration_hub.rest.requests import actor_of
from integration_hub.rest.serializers import StrictSerializer
from integration_hub.rest.views import HubViewSet
from integration_hub.sync import proof as engine
from integration_hub.sync.models import Mapping
from integration_hub.sync.models.proof import Difference, Kind, Mend, Proof, ProofState


class ProofSerializer(StrictSerializer):
    """One comparison of one mapping: `equal` of `compared` pairs are. `moving`: just being brought over then."""

    id = Id(read_only=True)
    address = serializers.SerializerMethodField()
    provider = Text(read_only=True, source="mapping.connection.provider")
    record_type = Text(read_only=True, source="mapping.record_type")
    mapping = Ref(read_only=True)
    target = Text(read_only=True, source="mapping.label")
    state = Choice(ProofState.choices, read_only=True)
    started_by = Text(read_only=True, source="actor")
    started_at = Moment(read_only=True)
    finished_at = Moment(read_only=True, allow_null=True)
    compared = Whole(read_only=True)
    equal = Whole(read_only=True)
    differences = Whole(read_only=True, help_text="All of them; the first 10,000 are kept one by one.")
    moving = Whole(read_only=True)
    records = Whole(read_only=True, source="ours", help_text="Records of the mapping's filter.")
    rows = Whole(read_only=True, source="theirs", help_text="Rows of the remote table.")
    sentence = Text(read_only=True, help_text="Why it was given up; empty otherwise.")

    def get_address(self, proof: Proof) -> str:
        return address(proof)


class UnlikeSerializer(StrictSerializer):
    """One field as both sides have it."""

    field = Text(read_only=True)
    ours = serializers.JSONField(read_only=True)
    theirs = serializers.JSONField(read_only=True)


class DifferenceSerializer(StrictSerializer):
    """A record, a row, or a pair of them that is not equal."""

    id = Whole(read_only=True)
    kind = Choice(Kind.choices, read_only=True)
    record_id = Id(read_only=True, allow_null=True)
    remote_id = Text(read_only=True)
    title = Text(read_only=True)
    differing = UnlikeSerializer(many=True, read_only=True, source="fields")
    sentence = Text(read_only=True)
    fix = Choice(Mend.choices, read_only=True, source="mend", help_text="Whether somebody wanted it fixed.")


class DifferencePageSerializer(StrictSerializer):
    count = Whole(read_only=True)
    page = Whole(read_only=True, allow_null=True)
    page_size = Whole(read_only=True)
    results = DifferenceSerializer(many=True, read_only=True)


class ProofDetailSerializer(ProofSerializer):
    found = DifferencePageSerializer(read_only=True)


class WantedSerializer(StrictSerializer):
    """Which mapping is to be compared."""

    mapping = Id(help_text="As runs name it.")


class ProofFilter(django_filters.FilterSet):
    provider = django_filters.CharFilter(field_name="mapping__connection__provider")
    mapping = reference()
    state = choice(ProofState.choices)


class DifferenceFilter(django_filters.FilterSet):
    kind = choice(Kind.choices)


def address(proof: Proof) -> str:
    return f"/api/proofs/{proof.pk}"


_EXAMPLE = OpenApiExample(
    "Compare a mapping", value={"mapping": "0b8f6f0e-6a31-4c27-9b1c-2f5f0a1d7c11"}, request_only=True
)


class ProofViewSet(HubViewSet):
    """Comparisons of both sides, newest first; POST starts one."""

    serializer_class, filterset_class = ProofSerializer, ProofFilter

    def get_queryset(self) -> QuerySet[Any]:
        if getattr(self, "swagger_fake_view", False):
            return Proof.everywhere.none()
        return Proof.objects.select_related("mapping__connection").order_by("-started_at", "-id")

    def list(self, request: Request) -> Response:
        return self.page(self.get_queryset())

    @extend_schema(
        request=WantedSerializer,
        responses={202: OpenApiResponse(ProofSerializer, description="It was started, or goes on already.")},
        examples=[_EXAMPLE],
    )
    def create(self, request: Request) -> Response:
        body = WantedSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        wanted = body.validated_data["mapping"]
        mapping = Mapping.objects.filter(pk=wanted).select_related("connection").first()
        if mapping is None:
            raise Problem("invalid", errors={"mapping": [_("There is no such mapping.")]})
        actor = actor_of(request)
        try:
            proof = engine.start(mapping, actor=actor)
        except engine.NotNow as reason:
            raise Problem("conflict", str(reason)) from reason
        audit.record("proof.started", company_id=self.company.pk, actor=actor, target=str(proof.pk))
        return Response(ProofSerializer(proof).data, status=202, headers={"Location": address(proof)})


class ProofView(HubViewSet):
    """One comparison, with a page of what differs."""

    serializer_class, filterset_class = DifferenceSerializer, DifferenceFilter

    def get_queryset(self) -> QuerySet[Any]:
        if getattr(self, "swagger_fake_view", False):
            return Difference.everywhere.none()
        return Difference.objects.filter(proof=self.kwargs["pk"], sure=True).order_by("-id")

    @extend_schema(
        operation_id="proofs_retrieve",
        responses=forced_singular_serializer(ProofDetailSerializer),
        parameters=[*PAGE_PARAMETERS, OpenApiParameter("kind", str, enum=Kind.values)],
    )
    def list(self, request: Request, pk: UUID) -> Response:
        proof = Proof.objects.select_related("mapping__connection").filter(pk=pk).first()
        if proof is None:
            raise Problem("not-found", _("There is no such comparison."))
        return Response({**ProofSerializer(proof).data, "found": self.page(self.get_queryset()).data})


def urls() -> list[Any]:
    return [
        path("proofs", ProofViewSet.as_view({"get": "list", "post": "create"})),
        path("proofs/<uuid:pk>", ProofView.as_view({"get": "list"})),
    ]

"""Integrations: how each is doing, connecting one with a key, and syncing now."""

from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from integration_hub.api import health
from integration_hub.companies.models import Company
from integration_hub.connections import clients, grants
from integration_hub.connections.fields import DecryptionError
from integration_hub.connections.inputs import InvalidInput, settings_of
from integration_hub.connections.models import Connection, Status
from integration_hub.contract import AuthFailed, Provider, registry
from integration_hub.rest.fields import Choice, Moment, Switch, Text, Whole
from integration_hub.rest.problems import Problem, invalid
from integration_hub.rest.requests import actor_of
from integration_hub.rest.serializers import StrictSerializer
from integration_hub.rest.views import HubView
from integration_hub.sync import answers, setup

MASK = "••••••••"


class HealthSerializer(StrictSerializer):
    """One provider for one company. `sentence` says why the status is what it is, where that needs saying."""

    key = Text(read_only=True)
    name = Text(read_only=True)
    category = Text(read_only=True)
    status = Choice(Status.choices, read_only=True)
    sentence = Text(read_only=True)
    account = Text(read_only=True)
    last_sync_at = Moment(read_only=True, allow_null=True)
    waiting = Whole(read_only=True, help_text="Records that are not over there yet.")
    failed = Whole(read_only=True, help_text="Records that were given up and can be retried.")


class HealthListSerializer(StrictSerializer):
    count = Whole(read_only=True)
    page = Whole(read_only=True)
    page_size = Whole(read_only=True)
    results = HealthSerializer(many=True, read_only=True)


class IntegrationSerializer(HealthSerializer):
    settings = serializers.DictField(child=serializers.JSONField(), read_only=True)
    secrets = serializers.DictField(child=Text(allow_blank=True), read_only=True, help_text="Masked; empty: not set.")
    signed_in = Switch(read_only=True, help_text="Connected by signing in there, and not with a key.")
    access_until = Moment(
        read_only=True, allow_null=True, help_text="When access ends if it is not used; the hub uses it in time."
    )
    missing_scopes = serializers.ListField(child=Text(), read_only=True)


class ConnectSerializer(StrictSerializer):
    """What the provider's connect form asks for. A secret that is left out or empty keeps the stored one."""

    secrets = serializers.DictField(child=Text(allow_blank=True, max_length=10_000), required=False)
    settings = serializers.DictField(child=serializers.JSONField(), required=False)
    replace_account = Switch(required=False, help_text="Needed when the key belongs to another account than before.")


class IntegrationView(HubView):
    """Base: the provider the address names."""

    def declared(self, key: str) -> Provider:
        try:
            return registry.provider(key)
        except KeyError:
            known = ", ".join(provider.key for provider in registry.providers())
            raise Problem("not-found", _("There is no such provider. Known: %(known)s.") % {"known": known}) from None

    def detail(self, provider: Provider) -> Response:
        return Response(IntegrationSerializer(described(self.company, provider)).data)


class IntegrationsView(IntegrationView):
    """How every integration of the company is doing."""

    @extend_schema(operation_id="integrations_list", responses=HealthListSerializer)
    def get(self, request: Request) -> Response:
        found = health.of_all(self.company)
        page = {"count": len(found), "page": 1, "page_size": len(found), "results": found}
        return Response(HealthListSerializer(page).data)


_CONNECT_EXAMPLE = OpenApiExample(
    "Connect with a key",
    value={"secrets": {"api_key": "…"}, "settings": {"auto_sync_enabled": True, "sync_interval": 60}},
    request_only=True,
)


class ProviderView(IntegrationView):
    """One integration: its state and settings; PUT connects it with a key, or changes its settings."""

    unsafe_scope = "admin"
    calls_out = True

    @extend_schema(operation_id="integrations_retrieve", responses=IntegrationSerializer)
    def get(self, request: Request, provider: str) -> Response:
        return self.detail(self.declared(provider))

    @extend_schema(
        operation_id="integrations_connect",
        request=ConnectSerializer,
        responses=IntegrationSerializer,
        examples=[_CONNECT_EXAMPLE],
    )
    def put(self, request: Request, provider: str) -> Response:
        declared = self.declared(provider)
        body = ConnectSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        save(self.company, declared, body.validated_data, actor_of(request))
        return self.detail(declared)


class SyncView(IntegrationView):
    """Sync an integration now."""

    calls_out = True

    @extend_schema(
        operation_id="integrations_sync",
        request=None,
        responses={
            202: OpenApiResponse(answers.StartedSerializer, description="The runs that were started, or go on already.")
        },
    )
    def post(self, request: Request, provider: str) -> Response:
        declared = self.declared(provider)
        StrictSerializer(data=request.data).is_valid(raise_exception=True)  # no body, or an empty one
        return answers.start_all(answers.working(declared), actor=actor_of(request))


def save(company: Company, provider: Provider, body: dict[str, Any], actor: str) -> None:
    """Connect when a key came (or none is there yet), else change the settings. Problem with errors by field."""
    secrets, settings = body.get("secrets", {}), body.get("settings", {})
    connection = Connection.objects.filter(provider=provider.key).exclude(status=Status.NOT_CONNECTED).first()
    if "replace_account" in body:
        settings = {**settings, "replace_account": body["replace_account"]}
    try:
        if connection is not None and not any(secrets.values()):
            setup.configure(connection, settings, actor=actor)
        else:
            setup.connect(company, provider.key, secrets, settings, actor=actor)
    except InvalidInput as refused:
        raise invalid(by_part(refused, provider, secrets)) from refused
    except AuthFailed as refused:
        first = provider.secrets[0].name
        raise Problem("provider-refused", errors={f"secrets.{first}": [refused.sentence]}) from refused


def by_part(refused: InvalidInput, provider: Provider, secrets: dict[str, str]) -> dict[str, list[str]]:
    """The errors by field of the body: secrets.api_key, settings.sync_interval."""
    names = {secret.name for secret in provider.secrets} | set(secrets)
    parts = {"replace_account": "replace_account", **{name: f"secrets.{name}" for name in names}}
    return {parts.get(name, f"settings.{name}"): [sentence] for name, sentence in refused.errors.items()}


def described(company: Company, provider: Provider) -> dict[str, Any]:
    """Everything about one integration but its secrets, of which only is told whether they are there."""
    connection = Connection.objects.filter(provider=provider.key).first()
    stored = connection.settings if connection else {}
    grant = grants.grant_of(connection) if connection else None
    return {
        **vars(health.of_one(company, provider)),
        "settings": {setting.name: stored.get(setting.name, setting.default) for setting in settings_of(provider)},
        "secrets": masked(provider, connection),
        "signed_in": grant is not None,
        "access_until": grant.refresh_until if grant else None,
        "missing_scopes": connection.missing_scopes if connection else [],
    }


def masked(provider: Provider, connection: Connection | None) -> dict[str, str]:
    try:
        there = clients.secrets_of(connection) if connection else {}
    except DecryptionError:
        return {secret.name: _("unreadable: type it again") for secret in provider.secrets}
    return {secret.name: MASK if secret.name in there else "" for secret in provider.secrets}


def urls() -> list[Any]:
    return [
        path("integrations", IntegrationsView.as_view()),
        path("integrations/<str:provider>", ProviderView.as_view()),
        path("integrations/<str:provider>/sync", SyncView.as_view()),
    ]

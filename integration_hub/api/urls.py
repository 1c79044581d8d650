"""The addresses of the API (under /api) and of its pages for people (/docs)."""

from typing import Any

from django.urls import path

from integration_hub.api import (
    bulk,
    conflicts,
    integrations,
    mirrored,
    plans,
    proofs,
    records,
    routes,
    runs,
    signing_in,
)
from integration_hub.api.docs import DocsView, SchemaView
from integration_hub.rest.views import ProblemKindsView

urlpatterns: list[Any] = [
    *bulk.urls(),  # before an order of this id
    *mirrored.urls(),
    *records.urls(),
    *routes.urls(),  # before the generic addresses: what a provider declares wins
    *signing_in.urls(),
    *integrations.urls(),
    *runs.urls(),
    *plans.urls(),
    *conflicts.urls(),
    *proofs.urls(),
    path("schema", SchemaView.as_view(), name="schema"),
    path("problems", ProblemKindsView.as_view()),
    path("problems/<slug:code>", ProblemKindsView.as_view(), name="problem_kind"),
]

docs_urlpatterns = [path("", DocsView.as_view(), name="docs")]

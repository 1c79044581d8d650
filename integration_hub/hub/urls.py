"""Addresses of the hub's face: its pages, the admin, and the way in."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from integration_hub.companies.middleware import switch
from integration_hub.hub import health
from integration_hub.hub.consent import views as consent
from integration_hub.hub.views import (
    checking,
    conflicts,
    exports,
    imports,
    mappings,
    orders,
    overview,
    previews,
    problems,
    proofs,
    providers,
    runs,
    strays,
)

mapping_pages: list[URLPattern | URLResolver] = [
    path("new/", mappings.new, name="mapping_new"),
    path("new/example/", mappings.example_new, name="mapping_new_example"),
    path("new/found/", mappings.found_new, name="mapping_new_found"),
    path("new/refresh/", mappings.refresh_new, name="mapping_new_refresh"),
    path("<uuid:pk>/", mappings.mapping, name="mapping"),
    path("<uuid:pk>/remove/", mappings.remove, name="mapping_remove"),
    path("<uuid:pk>/preview/", previews.preview, name="preview"),
    path("<uuid:pk>/preview/start/", previews.start, name="preview_start"),
    path("<uuid:pk>/preview/apply/", previews.apply, name="preview_apply"),
    path("<uuid:pk>/preview/discard/", previews.discard, name="preview_discard"),
    path("<uuid:pk>/example/", mappings.example, name="mapping_example"),
    path("<uuid:pk>/found/", mappings.found, name="mapping_found"),
    path("<uuid:pk>/refresh/", mappings.refresh, name="mapping_refresh"),
    path("<uuid:pk>/progress/", mappings.progress, name="mapping_progress"),
    path("<uuid:pk>/fields/<path:remote_id>/resume/", mappings.resume, name="mapping_field_resume"),
]
import_pages: list[URLPattern | URLResolver] = [
    path("", imports.imports, name="imports"),
    path("new/", imports.new, name="import_new"),
    path("template/<slug:kind>/", imports.template, name="import_template"),
    path("<uuid:pk>/", imports.one, name="import"),
    path("<uuid:pk>/columns/", imports.columns, name="import_columns"),
    path("<uuid:pk>/start/", imports.start, name="import_start"),
    path("<uuid:pk>/stop/", imports.stop, name="import_stop"),
    path("<uuid:pk>/undo/", imports.undo, name="import_undo"),
    path("<uuid:pk>/discard/", imports.discard, name="import_discard"),
    path("<uuid:pk>/problems/", imports.problems, name="import_problems"),
]
hub_pages: tuple[list[URLPattern | URLResolver], str] = (
    [
        path("", overview.overview, name="overview"),
        path("problems/", problems.problems, name="problems"),
        path("problems/<uuid:pk>/fix/", problems.fix, name="fix"),
        path("given-up/<uuid:mapping>/", problems.given_up, name="given_up"),
        path("given-up/<uuid:mapping>/retry/", problems.retry, name="retry_given_up"),
        path("conflicts/", conflicts.conflicts, name="conflicts"),
        path("conflicts/settle/", conflicts.settle, name="conflict_settle"),
        path("conflicts/all/", conflicts.settle_all, name="conflict_settle_all"),
        path("vanished/<uuid:mapping>/", strays.vanished, name="vanished"),
        path("vanished/<uuid:mapping>/agree/", strays.agree, name="vanished_agree"),
        path("strays/<uuid:mapping>/", strays.strays, name="strays"),
        path("strays/<uuid:mapping>/mend/", strays.mend, name="strays_mend"),
        path("orders/", orders.orders, name="orders"),
        path("runs/", runs.runs, name="runs"),
        path("runs/export/", exports.runs, name="runs_export"),
        path("runs/<uuid:pk>/", runs.run, name="run"),
        path("runs/<uuid:pk>/retry/", runs.retry_failed, name="retry_failed"),
        path("runs/<uuid:pk>/retry/<int:write>/", runs.retry_one, name="retry_one"),
        path("runs/<uuid:pk>/stop/", runs.stop, name="stop"),
        path("runs/<uuid:pk>/resume/", runs.go_on, name="go_on"),
        path("runs/<uuid:pk>/undo/", runs.undo, name="undo"),
        path("runs/<uuid:pk>/again/", runs.allow_again, name="allow_again"),
        path("comparisons/<uuid:mapping>/", proofs.proofs, name="proofs"),
        path("comparisons/<uuid:mapping>/start/", proofs.start, name="proof_start"),
        path("comparisons/<uuid:mapping>/stop/", proofs.stop, name="proof_stop"),
        path("comparisons/<uuid:mapping>/<uuid:pk>/fix/", proofs.fix, name="proof_fix"),
        path("imports/", include(import_pages)),
        path("<slug:key>/", providers.provider, name="provider"),
        path("<slug:key>/connect/", providers.connect, name="connect"),
        path("<slug:key>/check/", checking.check, name="check"),
        path("<slug:key>/progress/", providers.progress, name="progress"),
        path("<slug:key>/mappings/", include(mapping_pages)),
        path("<slug:key>/settings/", providers.save_settings, name="settings"),
        path("<slug:key>/disconnect/", providers.disconnect, name="disconnect"),
        *[path(f"<slug:key>/{name}/", providers.act, {"name": name}, name=name) for name in providers.ACTS],
    ],
    "hub",
)

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="hub:overview")),
    *health.urlpatterns,
    path("admin/hub/", include(hub_pages)),
    path("admin/company/", switch, name="switch_company"),
    path("admin/", admin.site.urls),
    # One by one: allauth's addresses for accounts elsewhere would let people log in with them.
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    *consent.urls(),
]

"""Every address of the hub. Rooms own their routes; this file only says where they hang."""

from django.urls import include, path, re_path

from integration_hub.api.urls import docs_urlpatterns
from integration_hub.rest.views import NotFoundView

urlpatterns = [
    path("", include("integration_hub.hub.urls")),
    path("", include("integration_hub.webhooks.urls")),
    path("api/", include("integration_hub.api.urls")),
    path("docs", include(docs_urlpatterns)),
    re_path(r"^api(?:/|\Z)", NotFoundView.as_view()),  # last: what else begins so is a problem document too
]
handler400 = "integration_hub.rest.errors.bad_request"
handler500 = "integration_hub.rest.errors.server_error"

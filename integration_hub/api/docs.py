"""The API document (/api/schema) and the page to read and try it (/docs)."""

from typing import Any

from django.utils.translation import get_language
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny

RENDERERS = (OpenApiJsonRenderer2, OpenApiJsonRenderer, OpenApiYamlRenderer, OpenApiYamlRenderer2)
_documents: dict[str, Any] = {}


class DocumentGenerator(SchemaGenerator):
    """Makes the document once for each language: it is the same for everyone and costs half a second."""

    def get_schema(self, request: Any = None, public: bool = False) -> Any:
        language = get_language() or ""
        if language not in _documents:
            _documents[language] = super().get_schema(request=None, public=True)
        return _documents[language]


class SchemaView(SpectacularAPIView):
    """OpenAPI 3, as JSON, or YAML for whoever asks for it. It tells no secret, so it is open to everyone."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    generator_class = DocumentGenerator
    renderer_classes = list(RENDERERS)  # noqa: RUF012


class DocsView(SpectacularSwaggerSplitView):
    """Swagger UI from our own server, with its script at an address of its own: our CSP allows none inline."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    template_name = "api/docs.html"

"""Lists come in pages: by number up to row 10,000, and from there on by `after=<id>` in the list's own order."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from integration_hub.companies import scope
from integration_hub.rest.problems import Problem, bad_parameter

DEFAULT_SIZE = 50
LARGEST_SIZE = 200
LAST_ROW = 10_000  # counting off more rows than this on every page would be slow for everyone
PARAMETERS = ("page", "page_size", "after")
_AFTER = "null where the list was read on with `after`."


class PagePagination(BasePagination):
    """{"count", "page", "page_size", "results"}; with `after`, page is null. Beyond the last page is a 404.

    Keyset paging needs the list's default order: the view's queryset is ordered by plain columns ending in `pk`.
    """

    parameters = PARAMETERS

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        params = request.query_params
        self.size = number(params.get("page_size"), "page_size", DEFAULT_SIZE)
        if self.size > LARGEST_SIZE:
            sentence = _("At most %(most)d a page; ask for less and read on with page or after.")
            raise bad_parameter("page_size", sentence % {"most": LARGEST_SIZE})
        self.page: int | None = None
        if "after" in params:
            if "page" in params:
                raise bad_parameter("after", _("Give page or after, not both."))
            self.count = counted(queryset, view)
            return list(after(queryset, params["after"])[: self.size])
        return self._numbered(queryset, number(params.get("page"), "page", 1), view)

    def _numbered(self, queryset: QuerySet[Any], page: int, view: Any) -> list[Any]:
        start = (page - 1) * self.size
        if start >= LAST_ROW:
            sentence = _("Pages end at row 10,000. Read on with after=<id of the last row you have>.")
            raise bad_parameter("page", sentence)
        self.page, self.count = page, counted(queryset, view)
        last = max(1, -(-self.count // self.size))
        if page > last:
            sentence = _("There is no page %(page)d; the last one is %(last)d.")
            raise Problem("not-found", sentence % {"page": page, "last": last})
        return list(queryset[start : start + self.size])

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"count": self.count, "page": self.page, "page_size": self.size, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["count", "page", "page_size", "results"],
            "properties": {
                "count": {"type": "integer", "minimum": 0, "example": 1, "description": "Rows on all pages together."},
                "page": {"type": "integer", "nullable": True, "minimum": 1, "example": 1, "description": _AFTER},
                "page_size": {"type": "integer", "minimum": 1, "maximum": LARGEST_SIZE, "example": DEFAULT_SIZE},
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        page = {"type": "integer", "minimum": 1, "maximum": LAST_ROW, "default": 1}
        size = {"type": "integer", "minimum": 1, "maximum": LARGEST_SIZE, "default": DEFAULT_SIZE}
        return [
            _parameter("page", page, "Which page. Pages end at row 10,000; past the last one is a 404."),
            _parameter("page_size", size, "How many rows a page has."),
            _parameter(
                "after", {"type": "string", "format": "uuid"}, "Read on after the row with this id (not with page)."
            ),
        ]


def _parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}


def counted(rows: Any, view: Any) -> int:
    """How many there are on all pages; a view may know without counting."""
    return int(rows.count() if view is None else view.count(rows))


def number(text: str | None, name: str, default: int) -> int:
    """A whole number from 1 on, or a problem that says so."""
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) >= 1):
        raise bad_parameter(name, _("A whole number from 1 on is needed here."))
    return int(text)


def after(queryset: QuerySet[Any], last: str) -> QuerySet[Any]:
    """What follows the row `last` in the queryset's own order. The row need not fit the filters any more."""
    model = queryset.model
    row = find(model, last)
    if row is None:
        raise bad_parameter("after", _("There is no row with this id. Start again without after."))
    return queryset.filter(following(row, [str(name) for name in queryset.query.order_by]))


def find(model: Any, pk: str) -> Model | None:
    """The company's row with this id, also a deleted one: a walk must not break off where somebody deletes."""
    field = model._meta.pk
    try:
        value = field.to_python(pk) if field is not None else None
    except ValidationError as error:
        raise bad_parameter("after", _("This is not an id.")) from error
    row: Model | None = model.everywhere.filter(pk=value, company_id=scope.current()).first()
    return row


def following(row: Model, order: list[str]) -> Q:
    """(a, b, pk) > (row.a, row.b, row.pk), spelled out; the leading <= / >= lets an index on the first column serve."""
    condition = Q()
    for name in reversed(order):
        column, sign = (name[1:], "lt") if name.startswith("-") else (name, "gt")
        value = getattr(row, column)
        strict = Q(**{f"{column}__{sign}": value})
        condition = strict | (Q(**{column: value}) & condition) if condition else strict
    first = order[0]
    column, sign = (first[1:], "lte") if first.startswith("-") else (first, "gte")
    return Q(**{f"{column}__{sign}": getattr(row, column)}) & condition

"""Is the hub well? For load balancers (/healthz, /readyz) and Prometheus (/metrics). No company is named here."""

import secrets
from collections.abc import Iterable, Iterator
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count, F, Min, Q, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily

from integration_hub.http import clock
from integration_hub.http.models import IntegrationMetric
from integration_hub.notices.models import Problem
from integration_hub.sync.models import Heartbeat, Lane, WorkRow

SILENT_AFTER = 30.0  # seconds without a sign of life, then worker or beat counts as gone
COUNTED = 100_000  # rows a number may cost; above it says "this many, or more"
CALLS_SINCE = timedelta(minutes=5)
CALLS_READ = 20_000

Check = dict[str, Any]


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers. Asks nobody else."""
    return JsonResponse({"status": "ok"})


# --- ready -----------------------------------------------------------------------------------------------------------
@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """503 only without the database or with unapplied migrations: a hub without its broker still takes webhooks."""
    checks: dict[str, Check] = {"database": database(), "broker": broker()}
    if checks["database"]["ok"]:
        checks |= {"migrations": migrations(), "worker": heartbeat("worker"), "beat": heartbeat("beat")}
    ready = all(checks.get(name, {"ok": False})["ok"] for name in ("database", "migrations"))
    status = "ready" if ready else "not ready"
    return JsonResponse({"status": status, "checks": checks}, status=200 if ready else 503)


def database() -> Check:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        connection.close()
        return failed("The database does not answer.")
    return {"ok": True}


_migrated = False  # what this process's code needs stays applied once it is


def migrations() -> Check:
    global _migrated
    if not _migrated:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if missing:
            return failed(f"{len(missing)} migrations are not applied. Run: manage.py migrate")
        _migrated = True
    return {"ok": True}


def broker() -> Check:
    """Redis answers within its short time-out; embedded, the queue's folder is there."""
    if not settings.REDIS_URL:
        folder = Path(settings.CELERY_BROKER_TRANSPORT_OPTIONS["data_folder_in"])
        return {"ok": True} if folder.is_dir() else failed("The queue's folder is missing.")
    client = redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=0.2, socket_timeout=0.2)
    try:
        client.ping()
    except (redis.RedisError, OSError):
        return failed("Redis does not answer. Work waits in the database and is swept up by the next beat.")
    finally:
        client.close()
    return {"ok": True}


def heartbeat(name: str) -> Check:
    seen = Heartbeat.objects.filter(name=name).values_list("at", flat=True).first()
    if seen is None:
        return failed(f"No {name} was ever seen.")
    silent = max(0.0, (clock.now() - seen).total_seconds())
    check: Check = {"ok": silent <= SILENT_AFTER, "seconds_since_seen": round(silent, 1)}
    return check if check["ok"] else check | failed(f"The {name} is silent. Start it: make run, or its container.")


def failed(sentence: str) -> Check:
    return {"ok": False, "detail": sentence}


# --- metrics ---------------------------------------------------------------------------------------------------------
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text. With METRICS_TOKEN as bearer, or from this machine itself."""
    if not may_measure(request):
        return JsonResponse({"detail": "Send METRICS_TOKEN as a bearer token, or ask from this machine."}, status=403)
    registry = CollectorRegistry()
    registry.register(DatabaseCollector())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def may_measure(request: HttpRequest) -> bool:
    word, _, sent = request.headers.get("Authorization", "").partition(" ")
    token = settings.METRICS_TOKEN
    if token and word.lower() == "bearer" and secrets.compare_digest(sent.strip().encode(), token.encode()):
        return True
    return is_local(request)


def is_local(request: HttpRequest) -> bool:
    """From this machine, and not through a proxy on this machine: then the whole world would be local."""
    if any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via")):
        return False
    try:
        return settings.ALLAUTH_TRUSTED_PROXY_COUNT == 0 and ip_address(request.META["REMOTE_ADDR"]).is_loopback
    except (KeyError, ValueError):
        return False


class DatabaseCollector:
    """Reads every number from the database when asked, so all processes agree and none must remember."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield gauge("hub_work_due", "Records to bring over, over all targets.", count(due()))
        yield labelled("hub_work_held", "Records that wait, by reason.", "reason", held())
        yield gauge("hub_lanes", "Targets that are synced.", count(Lane.everywhere.all()))
        yield gauge("hub_lanes_due", "Targets with work that is due now.", count(due_lanes()))
        yield gauge("hub_oldest_due_seconds", "How long the longest waiting target has waited.", oldest_due())
        yield gauge("hub_problems_open", "Open problems.", count(Problem.everywhere.filter(closed_at=None)))
        yield labelled("hub_seconds_since_seen", "Silence of worker and beat.", "process", silences())
        yield calls()


def due() -> QuerySet[WorkRow]:
    return WorkRow.everywhere.exclude(rev=F("done_rev")).filter(hold="")


def due_lanes() -> QuerySet[Lane]:
    return Lane.everywhere.filter(next_due__lte=clock.now())


def count(rows: QuerySet[Any]) -> int:
    return rows.order_by()[:COUNTED].count()


def oldest_due() -> float:
    oldest = due_lanes().aggregate(oldest=Min("next_due"))["oldest"]
    return max(0.0, (clock.now() - oldest).total_seconds()) if oldest else 0.0


def held() -> Iterable[tuple[str, float]]:
    some = WorkRow.everywhere.exclude(hold="").order_by().values("id")[:COUNTED]
    return WorkRow.everywhere.filter(id__in=some).order_by().values_list("hold").annotate(rows=Count("id"))


def silences() -> list[tuple[str, float]]:
    now = clock.now()
    return [(beat.name, max(0.0, (now - beat.at).total_seconds())) for beat in Heartbeat.objects.order_by("name")]


def calls() -> GaugeMetricFamily:
    family = GaugeMetricFamily("hub_calls_5m", "Calls of the last five minutes.", labels=("provider", "outcome"))
    newest = IntegrationMetric.everywhere.order_by("-id").values("id")[:CALLS_READ]
    rows = IntegrationMetric.everywhere.filter(id__in=newest, at__gte=clock.now() - CALLS_SINCE)
    table = rows.order_by().values_list("provider").annotate(ok=Count("id", filter=Q(success=True)), all=Count("id"))
    for provider, ok, total in table:
        family.add_metric((provider, "ok"), ok)
        family.add_metric((provider, "failed"), total - ok)
    return family


def gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)


def labelled(name: str, text: str, label: str, values: Iterable[tuple[str, float]]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=(label,))
    for word, value in values:
        family.add_metric((word,), value)
    return family


urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
]

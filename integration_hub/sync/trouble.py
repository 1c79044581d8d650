"""Errors become sentences with a button: problems raised and closed by the engine."""

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integration_hub.connections import services as connections
from integration_hub.contract import AuthFailed, ConfigError, ProviderError, RateLimited, TransientError, registry
from integration_hub.notices import problems
from integration_hub.sync import lanes
from integration_hub.sync.models import WorkRow
from integration_hub.sync.models.work import Hold
from integration_hub.sync.settle import Result
from integration_hub.sync.targets import Job, mapping_page

LONG = 600.0  # seconds; a wait longer than this is told to people


def page(job: Job) -> str:
    return f"/admin/hub/{job.connection.provider}/"


def provider_name(job: Job) -> str:
    return registry.provider(job.connection.provider).name


def tell(job: Job, error: ProviderError) -> float | None:
    """Raise the problem that fits, and answer after how many seconds the lane may try again (None: when cured)."""
    if isinstance(error, AuthFailed):
        connections.needs_reconnect(job.connection.pk, error.sentence, key_version=job.connection.key_version)
        return None
    if isinstance(error, ConfigError):
        lanes.pause(job.mapping.pk, error.sentence)
        may_map = job.sink.mappable
        button = _("Open the mapping") if may_map else _("Open the settings")
        _raise(job, "configure", error.sentence, button=button, url=mapping_page(job.mapping) if may_map else "")
        return None
    if isinstance(error, RateLimited):
        if error.retry_after > LONG:
            _raise(job, "wait", error.sentence, severity="warn")
        return error.retry_after
    return error.retry_after if isinstance(error, TransientError) else None


def cured(job: Job) -> None:
    """A call went through: what stood in the way is gone."""
    problems.close(job.mapping.company_id, *(f"sync:{job.mapping.pk}:{kind}" for kind in ("configure", "wait")))


def tell_given_up(job: Job, *, raised: bool) -> None:
    """One problem per mapping for all records that were given up; closes itself when none is left."""
    count = WorkRow.everywhere.filter(target=job.mapping.pk, hold=Hold.DEAD).count()
    if count == 0:
        problems.close(job.mapping.company_id, f"sync:{job.mapping.pk}:failed")
    elif raised:
        sentence = ngettext(
            "%(count)d record could not be sent to %(provider)s.",
            "%(count)d records could not be sent to %(provider)s.",
            count,
        ) % {"count": count, "provider": provider_name(job)}
        _raise(job, "failed", sentence, affected=count, button=_("See which and why"))


def tell_copies(job: Job, results: Sequence[Result]) -> None:
    """Somebody duplicated a remote row: ours goes on, the copies are named."""
    for result in results:
        if result.written and result.written.copies:
            _raise(
                job,
                f"copy:{result.plan.work.record_id}",
                _(
                    "%(title)s exists more than once in %(provider)s: somebody copied its row. The oldest row is kept "
                    "in step; clear the Hub ID of the copies or delete them."
                )
                % {"title": result.plan.title, "provider": provider_name(job)},
                severity="warn",
                affected=len(result.written.copies),
                detail=", ".join(result.written.copies),
            )


def _raise(
    job: Job,
    kind: str,
    sentence: str,
    *,
    severity: str = "bad",
    affected: int = 0,
    button: str = "",
    url: str = "",
    detail: str = "",
) -> None:
    problems.raise_(
        job.mapping.company_id,
        f"sync:{job.mapping.pk}:{kind}",
        severity=severity,
        sentence=sentence,
        detail=detail or job.mapping.label,
        affected=affected,
        button=button,
        url=(url or page(job)) if button else "",
        provider=job.connection.provider,
    )

"""The four house tasks of the beat; everything else that happens by the clock is a row of ours."""

from typing import Any

HOUSE_TASKS = (  # name, task, seconds, why
    ("House: sweep", "sync.sweep", 2, "Finds work whose nudge was lost, every 2 seconds."),
    ("House: minute", "sync.minute", 60, "Starts the syncs whose time has come, every minute."),
    ("House: mail", "notices.mail", 20, "Tells admins what broke and what works again, every 20 seconds."),
    (
        "House: nightly",
        "sync.nightly",
        86_400,
        "Prunes what is past its retention and keeps sign-ins alive, every night.",
    ),
)


def ensure_house_tasks(**kwargs: Any) -> None:
    """After every migrate: the four tasks beat runs, and nothing else of ours."""
    from django_celery_beat.models import IntervalSchedule, PeriodicTask

    for name, task, seconds, why in HOUSE_TASKS:
        interval, _ = IntervalSchedule.objects.get_or_create(every=seconds, period=IntervalSchedule.SECONDS)
        PeriodicTask.objects.update_or_create(
            name=name,
            defaults={"task": task, "interval": interval, "description": why, "expire_seconds": 10, "enabled": True},
        )
    PeriodicTask.objects.filter(name__startswith="House: ").exclude(name__in=[row[0] for row in HOUSE_TASKS]).delete()

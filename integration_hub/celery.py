"""The Celery application. It only nudges: no task carries data, every piece of work is a row first."""

import os
from typing import Any

from celery import Celery, signals

from integration_hub import folder_queue  # noqa: F401 - teaches kombu the address folder://
from integration_hub.garbage import keep_what_is_here

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration_hub.settings")

app = Celery("integration_hub", fixups=["integration_hub.task_connections:fixup"])
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add("integration_hub.beat:BeatInside")


@signals.beat_init.connect
def sync_at_start(**options: Any) -> None:
    """There is one beat in the house: its start is the house's."""
    from integration_hub.sync import schedules

    schedules.at_start()


@signals.worker_ready.connect
def settle_in(**options: Any) -> None:
    keep_what_is_here()


@signals.setup_logging.connect
def keep_our_logs(**options: Any) -> None:
    """Celery sets up no logging of its own when somebody listens here; Django's is in place."""

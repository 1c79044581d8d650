"""Celery's side: four tasks without arguments. They may be lost or doubled; the rows are the truth."""

from celery import shared_task
from django.conf import settings

from integration_hub.connections import refreshing
from integration_hub.sync import linking, nights, proof, pruning, rounds, schedules, streams, worker


@shared_task(name="sync.drain")
def drain() -> None:
    worker.beat("worker")
    worker.drain()


@shared_task(name="sync.sweep")
def sweep() -> None:
    worker.sweep(settings.CELERY_WORKER_CONCURRENCY)
    rounds.make(rounds.SWEEP)


@shared_task(name="sync.minute")
def minute() -> None:
    schedules.start_due()
    streams.prepare_new()
    linking.repair()
    nights.start_due()
    proof.tend()
    rounds.make(rounds.MINUTE)


@shared_task(name="sync.nightly")
def nightly() -> None:
    pruning.prune()
    refreshing.keep_alive()
    rounds.make(rounds.NIGHT)

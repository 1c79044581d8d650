"""Celery's side: one task without arguments. It may be lost or doubled; the rows are the truth."""

from celery import shared_task

from integration_hub.connections import discovery


@shared_task(name="connections.discover")
def discover() -> None:
    discovery.serve()

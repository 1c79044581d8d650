"""Celery's side: two tasks without arguments. They may be lost or doubled; the rows are the truth."""

from celery import shared_task

from integration_hub.webhooks import processing
from integration_hub.webhooks.out import delivering


@shared_task(name="webhooks.drain")
def drain() -> None:
    processing.drain()


@shared_task(name="webhooks.deliver")
def deliver() -> None:
    delivering.drain()

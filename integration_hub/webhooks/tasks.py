"""Celery's side: one task without arguments. It may be lost or doubled; the rows are the truth."""

from celery import shared_task

from integration_hub.webhooks import processing


@shared_task(name="webhooks.drain")
def drain() -> None:
    processing.drain()

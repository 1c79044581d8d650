"""Celery's side: two tasks without arguments. They may be lost or doubled; the rows are the truth."""

from celery import shared_task

from integration_hub.records.attachments import fetching
from integration_hub.records.importing import work


@shared_task(name="records.imports")
def serve_imports() -> None:
    work.serve()


@shared_task(name="records.attachments")
def fetch_attachments() -> None:
    fetching.serve()

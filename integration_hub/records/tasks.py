"""Celery's side: one task without arguments. It may be lost or doubled; the rows are the truth."""

from celery import shared_task

from integration_hub.records.importing import work


@shared_task(name="records.imports")
def serve_imports() -> None:
    work.serve()

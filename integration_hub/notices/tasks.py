"""Celery's side: one task without arguments. It may be lost or doubled; the rows are the truth."""

from celery import shared_task

from integration_hub.notices import mails


@shared_task(name="notices.mail")
def mail() -> None:
    mails.sweep()

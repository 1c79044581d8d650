"""The house: rooms are packages below this one; README.md beside this file is the map."""

from integration_hub.celery import app as celery_app

__all__ = ["celery_app"]

"""How far each stream of each connection has been read."""

import uuid
from typing import ClassVar

from django.db import models

from integration_hub.companies.managers import CompanyOwned


class StreamState(CompanyOwned):
    """One stream of one connection. The lane of the same id is claimed to read it, and the lane's `next_due` is when it
    is read again. `began_at`: of the run that goes on; None between runs. `whole`: that run began without a cursor."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    connection = models.ForeignKey("connections.Connection", on_delete=models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=50)
    cursor = models.JSONField(null=True)
    began_at = models.DateTimeField(null=True)
    whole = models.BooleanField(default=False)
    last_at = models.DateTimeField(null=True)  # when a run last came to its end
    records = models.PositiveBigIntegerField(default=0)  # of this run or the last one
    attempts = models.PositiveIntegerField(default=0)  # failures in a row
    error = models.TextField(blank=True)

    class Meta(CompanyOwned.Meta):
        db_table = "sync_streams"
        constraints: ClassVar = [models.UniqueConstraint(fields=["connection", "key"], name="one_row_per_stream")]

    def __str__(self) -> str:
        return self.key

"""Files that belong to records and came from a provider: copied once, kept here."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integration_hub.records.models.base import Record


class Attachment(Record):
    """A file of one record. `target`, `row` and `field`: the cell it lies in over there, `remote_id` its id in it.
    `path`: where the copy lies below VAR_DIR/files; empty while there is none. `next_at`: when it is fetched; None:
    nothing is to be done. `sentence`: why the last try came to nothing. It points by type and id, without a foreign
    key; the file goes 30 days after the row was marked deleted."""

    record_type = models.CharField(max_length=50)
    record_id = models.UUIDField()
    target = models.UUIDField()
    row = models.CharField(max_length=200)
    field = models.CharField(max_length=100)
    remote_id = models.CharField(max_length=100)
    position = models.PositiveIntegerField(default=0)
    name = models.CharField(_("name"), max_length=255)
    media_type = models.CharField(_("type"), max_length=200, blank=True)
    size = models.BigIntegerField(_("size"), null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    path = models.CharField(max_length=200, blank=True)
    next_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    sentence = models.TextField(blank=True)

    class Meta(Record.Meta):
        db_table = "attachments"
        ordering = ("position", "id")
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        indexes: ClassVar = [
            models.Index(fields=["record_id"], name="attachments_by_record"),
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="attachments_owed"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["target", "record_id", "remote_id"], name="one_copy_of_a_file"),
        ]

    def __str__(self) -> str:
        return self.name

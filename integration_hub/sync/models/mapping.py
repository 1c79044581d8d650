"""What goes where: a mapping joins one kind of our records to one remote table."""

import uuid
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from integration_hub.companies.managers import CompanyOwned
from integration_hub.contract import Direction, WriteMode
from integration_hub.sync.merge import Policy


class DeletePolicy(models.TextChoices):
    """What a record deleted here does to its remote row."""

    DELETE = "delete", _("delete the row")
    KEEP = "keep", _("keep the row")


class Write(models.TextChoices):
    """The contract's write modes, for people."""

    ALWAYS = WriteMode.ALWAYS.value, _("always")
    IF_EMPTY = WriteMode.IF_EMPTY.value, _("if empty there")
    IF_NEW = WriteMode.IF_NEW.value, _("only into new rows")


class Way(models.TextChoices):
    """The contract's directions, for people."""

    PUSH = Direction.PUSH.value, _("to the provider only")
    PULL = Direction.PULL.value, _("from the provider only")
    BOTH = Direction.BOTH.value, _("both ways")


class WhoWins(models.TextChoices):
    """The merge's policies, for people."""

    ASK = Policy.ASK.value, _("ask")
    HUB_WINS = Policy.HUB_WINS.value, _("the hub's value wins")
    PROVIDER_WINS = Policy.PROVIDER_WINS.value, _("the provider's value wins")
    NEWEST_WINS = Policy.NEWEST_WINS.value, _("the newest edit wins")


class RemoteDelete(models.TextChoices):
    """What a row deleted at the provider does to its record here."""

    IGNORE = "ignore", _("nothing")
    CANCEL = "cancel", _("mark the record cancelled")
    DELETE = "delete", _("delete the record")


class PausedBy(models.TextChoices):
    """What paused a field: seen in the table's fields, or only in a refusal."""

    NOTHING = "", _("running")
    TABLE = "table", _("the table changed")
    REFUSAL = "refusal", _("a write was refused")


class Mapping(CompanyOwned):
    """One target of the engine: our records of one type ↔ a place at the provider. `place` is the provider's own
    address of it (ids only), `merge_on` the remote field that holds our id. Another place is another mapping: the old
    one is retired and keeps its links. `filter`: conditions a record must meet (`sync.filters`); `create_choices`: a
    choice that is missing over there is made; `version` moves with every change of any of it; `by_hand`: somebody made
    or changed it, so the ready mapping leaves it alone; `policy`: who wins where both sides changed a field, `first`
    where they meet for the first time. `match_on`: our fields by which a remote row and a record that were never linked
    are recognised as the same; `makes_here` and `makes_there`: whether one that has no partner gets one made. `waits`:
    nothing is read or written until a person has applied a preview."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    connection = models.ForeignKey("connections.Connection", on_delete=models.CASCADE, related_name="mappings")
    record_type = models.CharField(_("records"), max_length=50)
    sink = models.CharField(max_length=50, default="records")
    label = models.CharField(_("name"), max_length=300)
    place = models.JSONField(default=dict)
    merge_on = models.CharField(max_length=100)
    filter = models.JSONField(_("only records where"), default=list, blank=True)
    create_choices = models.BooleanField(_("make missing choices"), default=False)
    by_hand = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)
    direction = models.CharField(
        _("direction"), max_length=10, choices=Way.choices, default=Way.PUSH, db_default=Way.PUSH.value
    )
    policy = models.CharField(
        _("when both sides changed"),
        max_length=20,
        choices=WhoWins.choices,
        default=WhoWins.ASK,
        db_default=WhoWins.ASK.value,
    )
    first = models.CharField(
        _("at the first meeting"),
        max_length=20,
        choices=WhoWins.choices,
        default=WhoWins.ASK,
        db_default=WhoWins.ASK.value,
    )
    on_remote_delete = models.CharField(
        _("when deleted there"),
        max_length=10,
        choices=RemoteDelete.choices,
        default=RemoteDelete.IGNORE,
        db_default=RemoteDelete.IGNORE.value,
    )
    match_on = models.JSONField(_("same where"), default=list, db_default=[], blank=True)
    makes_here = models.BooleanField(_("make records of new rows"), default=True, db_default=True)
    makes_there = models.BooleanField(_("make rows of new records"), default=True, db_default=True)
    waits = models.BooleanField(_("waits for a preview"), default=False, db_default=False)
    is_live = models.BooleanField(_("live"), default=True)
    is_primary = models.BooleanField(_("primary"), default=False)
    retired_at = models.DateTimeField(_("replaced"), null=True)
    on_delete = models.CharField(
        _("when deleted here"), max_length=10, choices=DeletePolicy.choices, default=DeletePolicy.DELETE
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta(CompanyOwned.Meta):
        db_table = "sync_mappings"
        verbose_name = _("mapping")
        verbose_name_plural = _("mappings")
        indexes: ClassVar = [models.Index(fields=["company", "record_type", "is_live"], name="mapping_live")]

    def __str__(self) -> str:
        return self.label


class FieldMapping(models.Model):
    """One of our fields and the remote field it is joined with, known by id so that a rename breaks nothing. `paused`:
    why it is not synced just now, a sentence; the other fields go on. `paused_by`: the table moved, or a write was
    refused. `direction`: as far as the mapping's own goes."""

    mapping = models.ForeignKey(Mapping, on_delete=models.CASCADE, related_name="fields")
    position = models.PositiveSmallIntegerField(default=0)
    ours = models.CharField(_("our field"), max_length=100)
    remote_id = models.CharField(max_length=100)
    remote_label = models.CharField(_("remote field"), max_length=300)
    remote_type = models.CharField(_("remote type"), max_length=50)
    options = models.JSONField(default=dict)
    write_mode = models.CharField(_("write"), max_length=10, choices=Write.choices, default=Write.ALWAYS)
    direction = models.CharField(
        _("direction"), max_length=10, choices=Way.choices, default=Way.BOTH, db_default=Way.BOTH.value
    )
    paused = models.TextField(_("paused"), blank=True, default="")
    paused_by = models.CharField(max_length=10, choices=PausedBy.choices, blank=True, default="")

    class Meta:
        db_table = "sync_field_mappings"
        ordering = ("position", "id")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["mapping", "remote_id"], name="one_source_per_remote_field"),
        ]

    def __str__(self) -> str:
        return f"{self.ours} → {self.remote_label}"

"""Files of records that were copied from providers."""

import django.db.models.deletion
import django.db.models.manager
import django.utils.timezone
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("companies", "0001_initial"),
        ("records", "0005_references_and_search"),
    ]

    operations = [
        migrations.CreateModel(
            name="Attachment",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                (
                    "updated_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="updated"),
                ),
                ("deleted_at", models.DateTimeField(editable=False, null=True)),
                ("record_type", models.CharField(max_length=50)),
                ("record_id", models.UUIDField()),
                ("target", models.UUIDField()),
                ("row", models.CharField(max_length=200)),
                ("field", models.CharField(max_length=100)),
                ("remote_id", models.CharField(max_length=100)),
                ("position", models.PositiveIntegerField(default=0)),
                ("name", models.CharField(max_length=255, verbose_name="name")),
                ("media_type", models.CharField(blank=True, max_length=200, verbose_name="type")),
                ("size", models.BigIntegerField(null=True, verbose_name="size")),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("path", models.CharField(blank=True, max_length=200)),
                ("next_at", models.DateTimeField(null=True)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("sentence", models.TextField(blank=True)),
                (
                    "company",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="companies.company",
                    ),
                ),
            ],
            options={
                "verbose_name": "attachment",
                "verbose_name_plural": "attachments",
                "db_table": "attachments",
                "ordering": ("position", "id"),
                "abstract": False,
                "base_manager_name": "everywhere",
                "indexes": [
                    models.Index(fields=["record_id"], name="attachments_by_record"),
                    models.Index(
                        condition=models.Q(("next_at__isnull", False)), fields=["next_at"], name="attachments_owed"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("target", "record_id", "remote_id"), name="one_copy_of_a_file")
                ],
            },
            managers=[
                ("objects", django.db.models.manager.Manager()),
                ("everywhere", django.db.models.manager.Manager()),
            ],
        ),
    ]

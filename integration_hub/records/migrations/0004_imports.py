"""Imports of files, what they did to each record, and how files of a shape were read."""

import django.db.models.deletion
import django.db.models.manager
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("companies", "0001_initial"),
        ("records", "0003_order_days"),
    ]

    operations = [
        migrations.CreateModel(
            name="Import",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("customers", "Customers"),
                            ("orders", "Orders"),
                            ("events", "Events"),
                            ("tickets", "Tickets"),
                            ("branches", "Branches"),
                            ("staff", "Staff"),
                            ("appointments", "Appointments"),
                        ],
                        max_length=20,
                        verbose_name="kind",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("checking", "Checking"),
                            ("asks", "Needs an answer"),
                            ("refused", "Refused"),
                            ("ready", "Ready"),
                            ("saving", "Saving"),
                            ("done", "Done"),
                            ("stopped", "Stopped"),
                            ("failed", "Failed"),
                            ("undoing", "Undoing"),
                            ("undone", "Undone"),
                        ],
                        default="checking",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("name", models.CharField(max_length=255, verbose_name="file")),
                ("stored", models.CharField(blank=True, editable=False, max_length=100)),
                ("size", models.BigIntegerField(default=0, verbose_name="size")),
                ("actor", models.CharField(blank=True, max_length=200, verbose_name="brought by")),
                ("shape", models.CharField(blank=True, editable=False, max_length=64)),
                ("chosen", models.JSONField(default=dict)),
                ("mapping", models.JSONField(default=dict)),
                ("remembered", models.BooleanField(default=False)),
                ("settings", models.JSONField(default=dict)),
                ("columns", models.JSONField(default=list)),
                ("questions", models.JSONField(default=list)),
                ("sentence", models.TextField(blank=True)),
                ("problems", models.JSONField(default=list)),
                ("problem_count", models.PositiveIntegerField(default=0)),
                ("preview", models.JSONField(default=list)),
                ("planned", models.JSONField(default=dict)),
                ("rows", models.PositiveIntegerField(default=0, verbose_name="rows")),
                ("records", models.PositiveIntegerField(default=0, verbose_name="records")),
                ("done", models.PositiveIntegerField(default=0)),
                ("cursor", models.PositiveIntegerField(default=0)),
                ("created", models.PositiveIntegerField(default=0, verbose_name="created")),
                ("updated", models.PositiveIntegerField(default=0, verbose_name="updated")),
                ("unchanged", models.PositiveIntegerField(default=0, verbose_name="unchanged")),
                ("customers_created", models.PositiveIntegerField(default=0, verbose_name="customers created")),
                ("undone", models.PositiveIntegerField(default=0)),
                ("left", models.PositiveIntegerField(default=0)),
                ("totals", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(verbose_name="brought")),
                ("started_at", models.DateTimeField(null=True, verbose_name="started")),
                ("finished_at", models.DateTimeField(null=True, verbose_name="finished")),
                ("claim", models.UUIDField(editable=False, null=True)),
                ("lease_until", models.DateTimeField(editable=False, null=True)),
                (
                    "company",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="companies.company"
                    ),
                ),
            ],
            options={
                "verbose_name": "import",
                "verbose_name_plural": "imports",
                "db_table": "imports",
                "ordering": ("-created_at", "-id"),
                "abstract": False,
                "base_manager_name": "everywhere",
            },
            managers=[
                ("objects", django.db.models.manager.Manager()),
                ("everywhere", django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name="ImportedRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("noun", models.CharField(max_length=20)),
                ("record_id", models.UUIDField()),
                ("before", models.JSONField(null=True)),
                ("after", models.JSONField(null=True)),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[("", "not yet"), ("undone", "undone"), ("left", "left alone")],
                        default="",
                        max_length=10,
                    ),
                ),
                ("title", models.CharField(blank=True, max_length=300)),
                ("sentence", models.TextField(blank=True)),
                (
                    "company",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="companies.company",
                    ),
                ),
                (
                    "of_import",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="images",
                        to="records.import",
                    ),
                ),
            ],
            options={
                "verbose_name": "imported record",
                "verbose_name_plural": "imported records",
                "db_table": "imported_records",
                "ordering": ("-id",),
                "abstract": False,
                "base_manager_name": "everywhere",
            },
            managers=[
                ("objects", django.db.models.manager.Manager()),
                ("everywhere", django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name="ImportShape",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("customers", "Customers"),
                            ("orders", "Orders"),
                            ("events", "Events"),
                            ("tickets", "Tickets"),
                            ("branches", "Branches"),
                            ("staff", "Staff"),
                            ("appointments", "Appointments"),
                        ],
                        max_length=20,
                    ),
                ),
                ("digest", models.CharField(max_length=64)),
                ("mapping", models.JSONField(default=dict)),
                ("settings", models.JSONField(default=dict)),
                ("used_at", models.DateTimeField()),
                (
                    "company",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="companies.company"
                    ),
                ),
            ],
            options={
                "verbose_name": "file shape",
                "verbose_name_plural": "file shapes",
                "db_table": "import_shapes",
                "abstract": False,
                "base_manager_name": "everywhere",
            },
            managers=[
                ("objects", django.db.models.manager.Manager()),
                ("everywhere", django.db.models.manager.Manager()),
            ],
        ),
        migrations.AddIndex(
            model_name="import",
            index=models.Index(fields=["company", "-created_at", "-id"], name="imports_of_company"),
        ),
        migrations.AddIndex(
            model_name="import",
            index=models.Index(
                condition=models.Q(("state__in", ("checking", "saving", "undoing"))),
                fields=["created_at"],
                name="imports_at_work",
            ),
        ),
        migrations.AddConstraint(
            model_name="import",
            constraint=models.UniqueConstraint(
                condition=models.Q(("claim__isnull", False)), fields=("company",), name="one_import_at_work_per_company"
            ),
        ),
        migrations.AddIndex(
            model_name="importedrecord",
            index=models.Index(fields=["of_import", "outcome", "-id"], name="images_of_import"),
        ),
        migrations.AddConstraint(
            model_name="importshape",
            constraint=models.UniqueConstraint(fields=("company", "kind", "digest"), name="one_shape_per_headings"),
        ),
    ]

"""Roll-ups of orders by day and by customer; the worker fills them for the orders that are there already."""

import django.db.models.deletion
import django.db.models.manager
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("companies", "0001_initial"),
        ("records", "0002_order_items_by_id"),
    ]

    operations = [
        migrations.CreateModel(
            name="DayBook",
            fields=[
                (
                    "company",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="companies.company",
                    ),
                ),
                ("build", models.PositiveIntegerField(default=1)),
                ("zone", models.CharField(max_length=64)),
                ("walked_to", models.DateTimeField(null=True)),
                ("complete", models.BooleanField(default=False)),
            ],
            options={
                "db_table": "order_day_books",
                "abstract": False,
                "base_manager_name": "everywhere",
            },
            managers=[
                ("objects", django.db.models.manager.Manager()),
                ("everywhere", django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name="OrderCustomer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("build", models.PositiveIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("orders", models.IntegerField()),
                ("total", models.DecimalField(decimal_places=4, max_digits=28)),
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
                    "customer",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="records.customer",
                    ),
                ),
            ],
            options={
                "db_table": "order_customers",
                "abstract": False,
                "base_manager_name": "everywhere",
                "indexes": [
                    models.Index(
                        fields=["company", "build", "currency", "-total", "customer"], name="order_customers_by_total"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("company", "build", "customer", "currency"), name="order_customer_once"
                    )
                ],
            },
            managers=[
                ("objects", django.db.models.manager.Manager()),
                ("everywhere", django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name="OrderDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("build", models.PositiveIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("orders", models.IntegerField()),
                ("total", models.DecimalField(decimal_places=4, max_digits=28)),
                ("day", models.DateField()),
                ("status", models.CharField(max_length=10)),
                ("priority", models.CharField(max_length=6)),
                ("folded", models.BooleanField(default=False)),
                (
                    "company",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="companies.company",
                    ),
                ),
            ],
            options={
                "db_table": "order_days",
                "abstract": False,
                "base_manager_name": "everywhere",
                "indexes": [
                    models.Index(fields=["company", "build", "day"], name="order_days_by_day"),
                    models.Index(
                        condition=models.Q(("folded", False)), fields=["company", "id"], name="order_days_to_fold"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("folded", True)),
                        fields=("company", "build", "day", "status", "priority", "currency"),
                        name="order_day_folded_once",
                    )
                ],
            },
            managers=[
                ("objects", django.db.models.manager.Manager()),
                ("everywhere", django.db.models.manager.Manager()),
            ],
        ),
    ]

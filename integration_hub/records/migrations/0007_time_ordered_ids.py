"""New records get ids that grow with time. No row is touched: SQLite would build every table anew for a default."""

from django.db import migrations, models

from integration_hub.records.models.ids import time_ordered

MODELS = (
    "appointment",
    "attachment",
    "branch",
    "customer",
    "event",
    "eventseries",
    "eventsession",
    "order",
    "orderitem",
    "staff",
    "ticket",
    "tickettype",
)


def _id() -> "models.UUIDField[object, object]":
    return models.UUIDField(default=time_ordered, editable=False, primary_key=True, serialize=False)


class Migration(migrations.Migration):
    dependencies = [("records", "0006_attachments")]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.AlterField(model, "id", _id()) for model in MODELS]
        )
    ]

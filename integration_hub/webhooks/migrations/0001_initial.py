# Events as they arrived, and refused deliveries by connection.

import django.db.models.deletion
import django.db.models.manager
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('companies', '0001_initial'),
        ('connections', '0002_discoveries'),
    ]

    operations = [
        migrations.CreateModel(
            name='Refusals',
            fields=[
                ('connection', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='connections.connection')),
                ('count', models.PositiveIntegerField(default=0)),
                ('since', models.DateTimeField()),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='companies.company')),
            ],
            options={
                'db_table': 'webhook_refusals',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='WebhookEvent',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('provider', models.CharField(max_length=50, verbose_name='service')),
                ('event_id', models.CharField(max_length=200, verbose_name='event id')),
                ('type', models.CharField(blank=True, max_length=200, verbose_name='type')),
                ('body', models.TextField(blank=True)),
                ('raw', models.BinaryField(null=True)),
                ('headers', models.JSONField(null=True)),
                ('state', models.CharField(choices=[('waiting', 'waiting'), ('done', 'done'), ('ignored', 'ignored'), ('dead', 'given up')], default='waiting', max_length=10, verbose_name='state')),
                ('attempts', models.PositiveIntegerField(default=0, verbose_name='tries')),
                ('run_at', models.DateTimeField()),
                ('sentence', models.TextField(blank=True, verbose_name='what went wrong')),
                ('trace', models.TextField(blank=True)),
                ('received_at', models.DateTimeField(verbose_name='received')),
                ('settled_at', models.DateTimeField(null=True, verbose_name='settled')),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='companies.company')),
                ('connection', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.connection')),
            ],
            options={
                'verbose_name': 'webhook event',
                'verbose_name_plural': 'webhook events',
                'db_table': 'webhook_events',
                'ordering': ('-received_at', '-id'),
                'abstract': False,
                'base_manager_name': 'everywhere',
                'indexes': [models.Index(condition=models.Q(('state', 'waiting')), fields=['connection', 'run_at'], name='webhook_events_due'), models.Index(condition=models.Q(('state', 'dead')), fields=['connection'], name='webhook_events_dead'), models.Index(fields=['company', '-received_at', '-id'], name='webhook_events_newest')],
                'constraints': [models.UniqueConstraint(fields=('connection', 'event_id'), name='one_row_per_webhook_event')],
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
    ]

# Who is told of what happens, what happened, and what became of telling them.

import django.db.models.deletion
import django.db.models.manager
import django.utils.timezone
import integration_hub.connections.fields
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('companies', '0001_initial'),
        ('webhooks', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Announcement',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('type', models.CharField(max_length=50, verbose_name='event')),
                ('record_type', models.CharField(blank=True, max_length=50, verbose_name='record type')),
                ('record_id', models.UUIDField(null=True)),
                ('body', models.TextField()),
                ('at', models.DateTimeField(verbose_name='happened')),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='companies.company')),
            ],
            options={
                'db_table': 'webhook_announcements',
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='Subscription',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(blank=True, max_length=100, verbose_name='name')),
                ('url', models.CharField(max_length=2000, verbose_name='address')),
                ('events', models.JSONField(default=list, verbose_name='events')),
                ('record_types', models.JSONField(blank=True, default=list, verbose_name='record types')),
                ('active', models.BooleanField(default=True, verbose_name='switched on')),
                ('off', models.CharField(blank=True, choices=[('', 'no'), ('gone', 'the endpoint said that it is gone'), ('failing', 'nothing got through for days')], default='', max_length=10)),
                ('off_at', models.DateTimeField(null=True)),
                ('secret', integration_hub.connections.fields.SecretTextField(null=True)),
                ('former_secret', integration_hub.connections.fields.SecretTextField(null=True)),
                ('former_until', models.DateTimeField(null=True)),
                ('lease_until', models.DateTimeField(null=True)),
                ('claim', models.UUIDField(null=True)),
                ('served_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('not_before', models.DateTimeField(null=True)),
                ('slow', models.BooleanField(default=False)),
                ('failures', models.PositiveIntegerField(default=0, verbose_name='failures in a row')),
                ('failing_since', models.DateTimeField(null=True)),
                ('worked_at', models.DateTimeField(null=True, verbose_name='last got through')),
                ('sentence', models.TextField(blank=True, verbose_name='what went wrong')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='created')),
                ('removed_at', models.DateTimeField(null=True)),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='companies.company')),
            ],
            options={
                'verbose_name': 'outgoing webhook',
                'verbose_name_plural': 'outgoing webhooks',
                'db_table': 'webhook_subscriptions',
                'ordering': ('-created_at', '-id'),
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('state', models.CharField(choices=[('due', 'waiting'), ('done', 'delivered'), ('dead', 'given up')], default='due', max_length=10, verbose_name='state')),
                ('attempts', models.PositiveIntegerField(default=0, verbose_name='attempts')),
                ('run_at', models.DateTimeField(verbose_name='next attempt')),
                ('failing_since', models.DateTimeField(null=True)),
                ('tried_at', models.DateTimeField(null=True, verbose_name='last attempt')),
                ('settled_at', models.DateTimeField(null=True)),
                ('status', models.PositiveSmallIntegerField(null=True, verbose_name='answer')),
                ('milliseconds', models.PositiveIntegerField(null=True)),
                ('response', models.TextField(blank=True)),
                ('sentence', models.TextField(blank=True, verbose_name='what went wrong')),
                ('created_at', models.DateTimeField(verbose_name='happened')),
                ('announcement', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='webhooks.announcement', verbose_name='event')),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='companies.company')),
                ('subscription', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='webhooks.subscription', verbose_name='webhook')),
            ],
            options={
                'verbose_name': 'webhook delivery',
                'verbose_name_plural': 'webhook deliveries',
                'db_table': 'webhook_deliveries',
                'ordering': ('-created_at', '-id'),
                'abstract': False,
                'base_manager_name': 'everywhere',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everywhere', django.db.models.manager.Manager()),
            ],
        ),
        migrations.AddIndex(
            model_name='announcement',
            index=models.Index(fields=['at'], name='webhook_announcements_at'),
        ),
        migrations.AddIndex(
            model_name='subscription',
            index=models.Index(condition=models.Q(('active', True)), fields=['company'], name='webhook_subscriptions_live'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('state', 'due')), fields=['subscription', 'run_at'], name='webhook_deliveries_due'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('state', 'due')), fields=['subscription', 'id'], name='webhook_deliveries_order'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('state', 'dead')), fields=['subscription', 'settled_at'], name='webhook_deliveries_dead'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(fields=['company', '-created_at', '-id'], name='webhook_deliveries_newest'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(fields=['subscription', '-created_at', '-id'], name='webhook_deliveries_of_one'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.UniqueConstraint(fields=('announcement', 'subscription'), name='one_delivery_per_webhook'),
        ),
    ]

"""The audit log's payloads, chain and checkpoints, and the triggers that keep them as they were written."""

import uuid

import django.db.models.deletion
import django.db.models.functions.comparison
from django.db import migrations, models

# Payloads of entries that were written before the chain: 122 random bits of salt each, the digest as `huntaze.audit` makes it.
MOVE_PAYLOADS = [
    """
    INSERT INTO huntaze_auditpayload (entry_id, salt, address, user_agent, changes)
    SELECT id, decode(replace(gen_random_uuid()::text, '-', ''), 'hex'), address, '', changes FROM huntaze_auditentry
    """,
    """
    UPDATE huntaze_auditentry e
    SET payload_digest = sha256(p.salt || convert_to(jsonb_build_array(p.address, p.user_agent, p.changes)::text, 'UTF8'))
    FROM huntaze_auditpayload p WHERE p.entry_id = e.id
    """,
    'SET CONSTRAINTS ALL IMMEDIATE',  # else the columns cannot be dropped in the same transaction
    'SET CONSTRAINTS ALL DEFERRED',
]
TRIGGERS = [
    """
    CREATE FUNCTION huntaze_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION '% of % is refused: the audit log is append-only', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END $$
    """,
    # The place in the chain is written once, after the entry; `chain` is generated, so a BEFORE trigger does not see it.
    """
    CREATE FUNCTION huntaze_audit_only_seal() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE seal CONSTANT text[] := ARRAY['sequence', 'previous_hash', 'hash', 'chain'];
    BEGIN
      IF OLD.sequence IS NOT NULL OR NEW.sequence IS NULL OR to_jsonb(NEW) - seal <> to_jsonb(OLD) - seal THEN
        RAISE EXCEPTION 'UPDATE of % is refused: the audit log is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
      END IF;
      RETURN NEW;
    END $$
    """,
    """
    CREATE FUNCTION huntaze_audit_only_forward() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.chain <> OLD.chain OR NEW.sequence <= OLD.sequence THEN
        RAISE EXCEPTION 'UPDATE of % is refused: a checkpoint moves forward', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
      END IF;
      RETURN NEW;
    END $$
    """,
    'CREATE TRIGGER audit_seal BEFORE UPDATE ON huntaze_auditentry FOR EACH ROW EXECUTE FUNCTION huntaze_audit_only_seal()',
    'CREATE TRIGGER audit_keep BEFORE DELETE ON huntaze_auditentry FOR EACH ROW EXECUTE FUNCTION huntaze_audit_refuse()',
    'CREATE TRIGGER audit_keep BEFORE UPDATE ON huntaze_auditpayload FOR EACH ROW EXECUTE FUNCTION huntaze_audit_refuse()',
    'CREATE TRIGGER audit_seal BEFORE UPDATE ON huntaze_auditcheckpoint FOR EACH ROW EXECUTE FUNCTION huntaze_audit_only_forward()',
    'CREATE TRIGGER audit_keep BEFORE DELETE ON huntaze_auditcheckpoint FOR EACH ROW EXECUTE FUNCTION huntaze_audit_refuse()',
    *(
        f'CREATE TRIGGER audit_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION huntaze_audit_refuse()'
        for table in ('huntaze_auditentry', 'huntaze_auditpayload', 'huntaze_auditcheckpoint')
    ),
]
ACTOR_KINDS = [
    ('person', 'person'), ('key', 'API key'), ('staff', 'staff'), ('command', 'command'), ('task', 'task'), ('webhook', 'webhook'),
    ('system', 'the product'),
]


class Migration(migrations.Migration):

    dependencies = [
        ('huntaze', '0002_cache'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditCheckpoint',
            fields=[
                ('chain', models.UUIDField(primary_key=True, serialize=False, verbose_name='chain')),
                ('sequence', models.BigIntegerField(verbose_name='sealed entries')),
                ('hash', models.BinaryField(max_length=32, verbose_name='hash')),
                ('made_at', models.DateTimeField(verbose_name='made at')),
                ('kid', models.CharField(max_length=64, verbose_name='key')),
                ('signature', models.BinaryField(max_length=64, verbose_name='signature')),
            ],
            options={'verbose_name': 'audit checkpoint', 'verbose_name_plural': 'audit checkpoints'},
        ),
        migrations.CreateModel(
            name='AuditPayload',
            fields=[
                ('entry', models.OneToOneField(on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='payload', serialize=False, to='huntaze.auditentry')),
                ('salt', models.BinaryField(max_length=16, verbose_name='salt')),
                ('address', models.GenericIPAddressField(null=True, verbose_name='address')),
                ('user_agent', models.CharField(blank=True, max_length=400, verbose_name='user agent')),
                ('changes', models.JSONField(default=dict, verbose_name='changes')),
            ],
            options={'verbose_name': 'audit payload', 'verbose_name_plural': 'audit payloads'},
        ),
        migrations.AlterModelOptions(
            name='auditentry',
            options={'verbose_name': 'audit entry', 'verbose_name_plural': 'audit entries'},
        ),
        migrations.AddField('auditentry', 'actor_kind', models.CharField(choices=ACTOR_KINDS, default='person', max_length=16, verbose_name='kind of actor'), preserve_default=False),
        migrations.AddField('auditentry', 'credential_id', models.UUIDField(null=True, verbose_name='session or key')),
        migrations.AddField('auditentry', 'impersonated_by', models.UUIDField(null=True, verbose_name='impersonated by')),
        migrations.AddField('auditentry', 'via', models.CharField(blank=True, default='', max_length=64, verbose_name='via'), preserve_default=False),
        migrations.AddField('auditentry', 'payload_digest', models.BinaryField(default=b'', max_length=32, verbose_name='digest of the payload'), preserve_default=False),
        migrations.RunSQL(MOVE_PAYLOADS, migrations.RunSQL.noop),
        migrations.RemoveField('auditentry', 'address'),
        migrations.RemoveField('auditentry', 'changes'),
        migrations.AddField('auditentry', 'chain', models.GeneratedField(
            db_persist=True,
            expression=django.db.models.functions.comparison.Coalesce('workspace_id', models.Value(uuid.UUID('00000000-0000-0000-0000-000000000000'))),
            output_field=models.UUIDField(verbose_name='chain'),
        )),
        migrations.AddField('auditentry', 'sequence', models.BigIntegerField(null=True, verbose_name='place in the chain')),
        migrations.AddField('auditentry', 'previous_hash', models.BinaryField(max_length=32, null=True, verbose_name='hash of the entry before')),
        migrations.AddField('auditentry', 'hash', models.BinaryField(max_length=32, null=True, verbose_name='hash')),
        migrations.AddIndex('auditentry', models.Index(fields=['workspace_id', 'action', 'id'], name='audit_by_action')),
        migrations.AddIndex('auditentry', models.Index(fields=['actor_id', 'id'], name='audit_by_actor')),
        migrations.AddIndex('auditentry', models.Index(fields=['subject_id', 'id'], name='audit_by_subject')),
        migrations.AddIndex('auditentry', models.Index(condition=models.Q(('sequence', None)), fields=['id'], name='audit_unsealed')),
        migrations.AddConstraint('auditentry', models.UniqueConstraint(fields=('chain', 'sequence'), name='one_audit_entry_per_place')),
        migrations.AddConstraint('auditentry', models.CheckConstraint(
            condition=models.Q(
                models.Q(('hash', None), ('previous_hash', None), ('sequence', None)),
                models.Q(('hash__isnull', False), ('previous_hash__isnull', False), ('sequence__gt', 0)),
                _connector='OR',
            ),
            name='audit_entry_sealed_or_not',
        )),
        migrations.RunSQL(TRIGGERS, migrations.RunSQL.noop),
    ]

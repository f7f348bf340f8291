"""Bind the secrets of second factors to their rows: until now they were bound to their column."""

from django.db import migrations

from huntaze import crypto

COLUMN = "mfa_authenticator.data"
NAMES = {"totp": "secret", "recovery_codes": "seed"}


def bind(apps, schema_editor):
    for row in apps.get_model("mfa", "Authenticator").objects.filter(type__in=NAMES):
        name = NAMES[row.type]
        try:
            secret = crypto.decrypt(row.data[name], context=COLUMN)
        except crypto.CannotDecrypt:  # its key is gone: it stays as unreadable as it was
            continue
        row.data[name] = crypto.encrypt(secret, context=f"{COLUMN}:{row.user_id}:{row.type}")
        row.save(update_fields=["data"])


class Migration(migrations.Migration):
    dependencies = [("accounts", "0009_invitations_stay"), ("mfa", "0003_authenticator_type_uniq")]
    operations = [migrations.RunPython(bind, migrations.RunPython.noop)]

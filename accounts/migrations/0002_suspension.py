from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """PostgreSQL cannot alter a generated column, so `is_active` is dropped and made again."""

    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.RemoveField(model_name="user", name="is_active"),
        migrations.AddField(
            model_name="user",
            name="suspended_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="suspended at"),
        ),
        migrations.AddField(
            model_name="user",
            name="is_active",
            field=models.GeneratedField(
                db_persist=True,
                expression=Q(("deleted_at__isnull", True), ("suspended_at__isnull", True)),
                output_field=models.BooleanField(verbose_name="active"),
            ),
        ),
    ]

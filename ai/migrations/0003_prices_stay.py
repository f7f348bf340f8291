"""A price that is or was in force can be neither changed nor removed, and keeps its model."""

import django.db.models.deletion
from django.db import migrations, models

FORWARD = """
CREATE FUNCTION ai_price_in_force_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'A price that is or was in force stays as it is: add a new one'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'price_in_force_stays', TABLE = TG_TABLE_NAME;
END
$$;
CREATE TRIGGER price_in_force_stays BEFORE UPDATE OR DELETE ON ai_modelprice
    FOR EACH ROW WHEN (OLD.starts_at <= clock_timestamp()) EXECUTE FUNCTION ai_price_in_force_stays();
"""
BACKWARD = "DROP TRIGGER price_in_force_stays ON ai_modelprice; DROP FUNCTION ai_price_in_force_stays();"


class Migration(migrations.Migration):
    dependencies = [("ai", "0002_catalogue")]
    operations = [
        migrations.AlterField(
            model_name="modelprice",
            name="model",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="prices", to="ai.aimodel", verbose_name="model"
            ),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]

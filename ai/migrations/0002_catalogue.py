"""The catalogue's first rows: models, retirement dates and list prices as published in November 2026."""

from datetime import UTC, date, datetime

from django.db import migrations

READ_ON = datetime(2026, 11, 1, tzinfo=UTC)
# (provider, name, rank, retires on, micro-dollars per million tokens of input, cached input and output)
MODELS = [
    ("azure", "gpt-4o-mini", 10, date(2027, 4, 14), 150_000, 75_000, 600_000),
    ("azure", "gpt-4o", 20, date(2027, 4, 14), 2_500_000, 1_250_000, 10_000_000),
    ("azure", "gpt-5.6-luna", 30, date(2028, 1, 11), 200_000, 20_000, 1_200_000),
    ("azure", "gpt-5.4-mini", 40, date(2027, 9, 21), 750_000, 75_000, 4_500_000),
    ("openai", "gpt-6-luna", 10, None, 100_000, 10_000, 500_000),
    ("openai", "gpt-6-sol", 20, None, 2_000_000, 200_000, 10_000_000),
    ("openai", "gpt-6.1-terra", 30, None, 1_000_000, 50_000, 5_000_000),
    ("openai", "gpt-6.1-sol", 40, None, 2_000_000, 100_000, 10_000_000),
    ("openai", "gpt-4o-mini", 50, date(2027, 1, 14), 150_000, 75_000, 600_000),
    ("openai", "gpt-4o", 60, date(2027, 1, 14), 2_500_000, 1_250_000, 10_000_000),
]


def seed(apps, schema_editor):
    AiModel, ModelPrice = apps.get_model("ai", "AiModel"), apps.get_model("ai", "ModelPrice")
    for provider, name, rank, retires_on, input_price, cached_price, output_price in MODELS:
        model = AiModel.objects.create(provider=provider, name=name, rank=rank, retires_on=retires_on)
        ModelPrice.objects.create(
            model=model, starts_at=READ_ON, input_price=input_price, cached_price=cached_price, output_price=output_price
        )


class Migration(migrations.Migration):
    dependencies = [("ai", "0001_initial")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]

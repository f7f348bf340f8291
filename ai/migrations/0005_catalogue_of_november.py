"""Tiers and abilities of the first models, the others of November 2026, and what writing to a vendor's cache costs.

Prices are the vendors' list prices as published in November 2026; a price that nobody publishes stays empty.
"""

from datetime import UTC, date, datetime

from django.db import migrations

READ_ON = datetime(2026, 11, 1, tzinfo=UTC)
CACHE_WRITES_READ_ON = datetime(2026, 11, 2, tzinfo=UTC)  # a price in force stays, so the addition is a row of its own
CHAT = ["schema", "temperature", "seed"]
REASONING = ["schema"]  # they reject temperatures
# (provider, name, rank, tier, abilities, retires on, micro-dollars per million tokens of input, cached input and output)
MODELS = [
    ("openai", "gpt-4.1-mini", 70, "small", CHAT, date(2027, 1, 14), 400_000, 100_000, 1_600_000),
    ("openai", "gpt-4.1", 80, "strong", CHAT, date(2027, 1, 14), 2_000_000, 500_000, 8_000_000),
    ("openai", "gpt-5.4-mini", 90, "small", REASONING, None, 750_000, 75_000, 4_500_000),
    ("openai", "gpt-5.4", 100, "strong", REASONING, None, 2_500_000, 250_000, 15_000_000),
    ("openai", "gpt-5.6-luna", 110, "small", REASONING, None, 200_000, 20_000, 1_200_000),
    ("openai", "gpt-5.6-terra", 120, "strong", REASONING, None, 2_000_000, 200_000, 12_000_000),
    ("openai", "gpt-5.6-sol", 130, "strong", REASONING, None, 4_000_000, 400_000, 20_000_000),
    ("anthropic", "claude-haiku-5-5", 10, "small", REASONING, None, 100_000, 10_000, 500_000),
    ("anthropic", "claude-haiku-4-5", 20, "small", REASONING, None, 1_000_000, 100_000, 5_000_000),
    ("anthropic", "claude-sonnet-5-5", 30, "strong", REASONING, None, 2_000_000, 100_000, 10_000_000),
    ("anthropic", "claude-opus-5-5", 40, "strong", REASONING, None, 4_000_000, 200_000, 20_000_000),
]
SMALL = {"gpt-4o-mini", "gpt-5.6-luna", "gpt-5.4-mini", "gpt-6-luna"}
WRITES_TO_CACHE_AT_A_QUARTER_MORE = ("gpt-5.6-", "gpt-6-", "gpt-6.1-", "claude-")


def seed(apps, schema_editor):
    AiModel, ModelPrice = apps.get_model("ai", "AiModel"), apps.get_model("ai", "ModelPrice")
    for model in AiModel.objects.filter(provider__in=["openai", "azure"]):
        model.tier = "small" if model.name in SMALL else "strong"
        model.capabilities = CHAT if model.name.startswith("gpt-4o") else REASONING
        model.save()
    for provider, name, rank, tier, abilities, retires_on, *prices in MODELS:
        model = AiModel.objects.create(
            provider=provider, name=name, rank=rank, tier=tier, capabilities=abilities, retires_on=retires_on
        )
        add_price(ModelPrice, model, READ_ON, *prices)
    # Above 100,000 tokens a request costs five times as much: one that long is not sent.
    AiModel.objects.filter(name="claude-haiku-5-5").update(context_tokens=100_000)
    # The same model in Azure's data zone of the EU is a deployment of its own, to be named before it is enabled.
    eu = AiModel.objects.create(
        provider="azure", name="gpt-4o-mini-eu", rank=50, tier="small", capabilities=CHAT, regions=["eu"], enabled=False,
        retires_on=date(2027, 4, 14),
    )
    add_price(ModelPrice, eu, READ_ON, 165_000, 83_000, 660_000)
    for price in ModelPrice.objects.filter(starts_at=READ_ON, cache_write_price=None).select_related("model"):
        if price.model.name.startswith(WRITES_TO_CACHE_AT_A_QUARTER_MORE):
            add_price(ModelPrice, price.model, CACHE_WRITES_READ_ON, price.input_price, price.cached_price, price.output_price,
                      cache_write_price=price.input_price * 5 // 4)


def add_price(prices, model, starts_at, input_price, cached_price, output_price, cache_write_price=None):
    prices.objects.create(
        model=model,
        starts_at=starts_at,
        input_price=input_price,
        cached_price=cached_price,
        cache_write_price=cache_write_price,
        output_price=output_price,
    )


class Migration(migrations.Migration):
    dependencies = [("ai", "0004_catalogue_facts")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]

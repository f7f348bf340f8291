"""Models and their dated prices."""

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from huntaze import personal
from huntaze.models import Record


class ProviderName(models.TextChoices):
    """The AI vendors that an adapter speaks to, and the local stand-in for having none."""

    OPENAI = "openai", "OpenAI"
    AZURE = "azure", "Azure OpenAI"
    ANTHROPIC = "anthropic", "Anthropic"
    COMPATIBLE = "compatible", _("OpenAI-compatible server")
    LOCAL = "local", _("Embedded model")


class Tier(models.TextChoices):
    """How able a model is: the small ones are asked first, the strong ones where that is not enough."""

    SMALL = "small", _("Small")
    STRONG = "strong", _("Strong")


class Capability(models.TextChoices):
    """What a model can be asked for besides text; a model may do less than its vendor."""

    SCHEMA = "schema", _("Answers by a JSON schema")
    TEMPERATURE = "temperature", _("Takes a temperature")
    SEED = "seed", _("Takes a seed")
    BATCH = "batch", _("Takes batches")


class AiModel(Record):
    """A model that a provider serves; changing models is an operator's edit, not a release."""

    provider = models.CharField(_("provider"), max_length=16, choices=ProviderName.choices)
    name = models.CharField(_("name"), max_length=100)
    deployment = models.CharField(_("deployment"), max_length=100, blank=True, help_text=_("The name to send, where it differs (Azure)."))
    enabled = models.BooleanField(_("enabled"), default=True)
    rank = models.PositiveSmallIntegerField(_("rank"), default=100, help_text=_("Of two models that cost the same the lower is asked."))
    tier = models.CharField(_("tier"), max_length=8, choices=Tier.choices, default=Tier.STRONG)
    regions = ArrayField(
        models.CharField(max_length=16),
        verbose_name=_("regions"),
        default=list,
        blank=True,
        help_text=_("Where texts are processed, such as eu; empty where the vendor does not bind itself."),
    )
    context_tokens = models.PositiveIntegerField(
        _("context in tokens"), null=True, blank=True, help_text=_("The longest request that it reads; empty where nobody says.")
    )
    capabilities = ArrayField(
        models.CharField(max_length=16, choices=Capability.choices), verbose_name=_("capabilities"), default=list, blank=True
    )
    retires_on = models.DateField(_("retires on"), null=True, blank=True)

    class Meta:
        verbose_name = _("model")
        ordering = ["provider", "rank", "name"]
        constraints = [models.UniqueConstraint(fields=["provider", "name"], name="model_once_per_provider")]

    def __str__(self) -> str:
        return f"{self.provider}/{self.name}"

    @property
    def sent_name(self) -> str:
        """Return the name that the provider knows the model by."""
        return self.deployment or self.name

    @property
    def price(self) -> "ModelPrice | None":
        """Return the price in force; reads them all, at once where they were fetched before."""
        return next((price for price in self.prices.all() if price.starts_at <= timezone.now()), None)

    @property
    def next_price(self) -> "ModelPrice | None":
        """Return the first price that is still to begin."""
        return next((price for price in reversed(self.prices.all()) if price.starts_at > timezone.now()), None)


class ModelPrice(Record):
    """What a model costs from `starts_at` on, in micro-dollars per million tokens of each kind.

    Without a price of its own, a token that is written to the vendor's cache costs what input costs. Batches have prices where the
    vendor publishes them.
    One that is or was in force never changes: a trigger of the database refuses it (migration 0003). A change is a new row.
    """

    model = models.ForeignKey(AiModel, verbose_name=_("model"), on_delete=models.PROTECT, related_name="prices")
    starts_at = models.DateTimeField(_("starts at"))
    input_price = models.PositiveBigIntegerField(_("input"))
    cached_price = models.PositiveBigIntegerField(_("cached input"))
    cache_write_price = models.PositiveBigIntegerField(_("cache write"), null=True, blank=True)
    output_price = models.PositiveBigIntegerField(_("output"))
    batch_input_price = models.PositiveBigIntegerField(_("input of a batch"), null=True, blank=True)
    batch_output_price = models.PositiveBigIntegerField(_("output of a batch"), null=True, blank=True)

    class Meta:
        verbose_name = _("price")
        ordering = ["-starts_at"]
        constraints = [models.UniqueConstraint(fields=["model", "starts_at"], name="price_once_per_start")]

    def __str__(self) -> str:
        return f"{self.input_price}/{self.cached_price}/{self.output_price}"

    def clean(self) -> None:
        """Raise ValidationError for a start before the price in force, which would rewrite what was charged."""
        if not self.starts_at:
            return
        in_force = ModelPrice.objects.filter(model_id=self.model_id, starts_at__lte=Now())
        if in_force.filter(starts_at__gt=self.starts_at).exists():
            raise ValidationError({"starts_at": _("A later price is in force already; start this one now or later.")})


personal.declare_impersonal(AiModel, ModelPrice, reason="The catalogue of this installation.")

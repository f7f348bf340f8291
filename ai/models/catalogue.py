"""Models and their dated prices."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from huntaze import personal
from huntaze.models import Record


class ProviderName(models.TextChoices):
    """The AI vendors that an adapter speaks to, and the local stand-in for having none."""

    OPENAI = "openai", "OpenAI"
    AZURE = "azure", "Azure OpenAI"
    COMPATIBLE = "compatible", _("OpenAI-compatible server")
    LOCAL = "local", _("Embedded model")


class AiModel(Record):
    """A model that a provider serves; changing models is an operator's edit, not a release."""

    provider = models.CharField(_("provider"), max_length=16, choices=ProviderName.choices)
    name = models.CharField(_("name"), max_length=100)
    deployment = models.CharField(_("deployment"), max_length=100, blank=True, help_text=_("The name to send, where it differs (Azure)."))
    enabled = models.BooleanField(_("enabled"), default=True)
    rank = models.PositiveSmallIntegerField(_("rank"), default=100, help_text=_("Of a provider's models the lowest writes."))
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


class ModelPrice(Record):
    """What a model costs from `starts_at` on, in micro-dollars per million tokens of each kind.

    One that is or was in force never changes: a trigger of the database refuses it (migration 0003). A change is a new row.
    """

    model = models.ForeignKey(AiModel, verbose_name=_("model"), on_delete=models.PROTECT, related_name="prices")
    starts_at = models.DateTimeField(_("starts at"))
    input_price = models.PositiveBigIntegerField(_("input"))
    cached_price = models.PositiveBigIntegerField(_("cached input"))
    output_price = models.PositiveBigIntegerField(_("output"))

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

"""How much reference models write where other models answered."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from ai.models.generations import GenerationKind
from huntaze import personal
from huntaze.models import Record


class ShadowSample(Record):
    """One order that two models wrote: the tokens of the answer, and of what the reference model wrote for the same prompt."""

    task = models.CharField(_("task"), max_length=16, choices=GenerationKind.choices)
    model = models.CharField(_("model"), max_length=120, help_text=_("As provider/name."))
    reference = models.CharField(_("reference model"), max_length=120)
    output_tokens = models.PositiveIntegerField(_("output tokens"))
    reference_output_tokens = models.PositiveIntegerField(_("output tokens of the reference model"))

    class Meta:
        verbose_name = _("shadow sample")
        verbose_name_plural = _("shadow samples")
        indexes = [models.Index(fields=["task", "model", "reference", "created_at"], name="shadow_by_pair")]

    def __str__(self) -> str:
        return f"{self.task} {self.model} {self.reference}"


personal.declare_impersonal(ShadowSample, reason="Counts of tokens, of nobody in particular.")

"""How a workspace wants its texts to be written."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from huntaze import personal
from huntaze.models import Record, WorkspaceQuerySet
from huntaze.personal import WITH_ROW

# Texts can be ordered in these.
LANGUAGES = ("en", "fr", "es", "de", "it", "pt")


class PrivacyTier(models.TextChoices):
    """Who may read what is sent to a model: the router's `Privacy`."""

    LOCAL_ONLY = "local_only", _("The operator's machines only")
    EU_ONLY = "eu_only", _("These, and models that process texts in the EU")
    ANY = "any", _("Every provider")


class QualityFloor(models.TextChoices):
    """The share of the strong model's quality that must be kept, in percent: the router's `Floor`."""

    P97 = "97", "97 %"
    P99 = "99", "99 %"
    P100 = "100", "100 %"


class AiConfig(Record):
    """What a workspace has set of its writing; one without a row has these defaults."""

    workspace = models.OneToOneField("accounts.Workspace", verbose_name=_("workspace"), on_delete=models.CASCADE, related_name="+")
    updated_at = models.DateTimeField(_("updated at"), auto_now=True, null=True)
    persona = models.CharField(_("persona"), max_length=2000, blank=True)
    response_style = models.CharField(_("response style"), max_length=1000, blank=True)
    boundaries = models.CharField(_("boundaries"), max_length=2000, blank=True)
    languages = ArrayField(models.CharField(max_length=8), verbose_name=_("languages"), default=list, blank=True)
    forbidden_words = ArrayField(models.CharField(max_length=64), verbose_name=_("forbidden words"), default=list, blank=True)
    privacy_tier = models.CharField(_("privacy tier"), max_length=16, choices=PrivacyTier.choices, default=PrivacyTier.ANY)
    disclosure_text = models.CharField(_("disclosure text"), max_length=500, blank=True)
    quality_floor = models.CharField(_("quality floor"), max_length=3, choices=QualityFloor.choices, default=QualityFloor.P99)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("AI configuration")
        verbose_name_plural = _("AI configurations")
        constraints = [
            models.CheckConstraint(condition=models.Q(privacy_tier__in=PrivacyTier.values), name="ai_config_privacy_tier_exists"),
            models.CheckConstraint(condition=models.Q(quality_floor__in=QualityFloor.values), name="ai_config_quality_floor_exists"),
        ]

    def __str__(self) -> str:
        return f"{self.privacy_tier} {self.quality_floor}"


_WORDS = ("persona", "response_style", "boundaries", "languages", "forbidden_words", "disclosure_text", "privacy_tier", "quality_floor")
personal.declare(AiConfig, workspace="workspace", fields=dict.fromkeys(_WORDS, WITH_ROW))

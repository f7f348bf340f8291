"""Models and their dated prices, and the generations that they write."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from huntaze import personal
from huntaze.leases import LeasedWork
from huntaze.models import Record, WorkspaceQuerySet
from huntaze.personal import WITH_ROW


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


class GenerationKind(models.TextChoices):
    """What can be written."""

    POST = "post", _("Post")
    STORY = "story", _("Story")
    CAPTION = "caption", _("Caption")
    IDEAS = "ideas", _("Ideas")
    SCRIPT = "script", _("Script")
    HASHTAGS = "hashtags", _("Hashtags")


class GenerationStatus(models.TextChoices):
    """Where a generation stands; the last three are final."""

    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


FINAL = (GenerationStatus.SUCCEEDED, GenerationStatus.FAILED, GenerationStatus.CANCELLED)


class UsageSource(models.TextChoices):
    """Whether token counts come from the provider's bill, from our estimate, or are not known."""

    REPORTED = "reported", _("Reported")
    ESTIMATED = "estimated", _("Estimated")
    UNKNOWN = "unknown", _("Unknown")


class Generation(LeasedWork, Record):
    """One order to write, worked on under a lease; `outputs` holds `{variant, text}` for each finished variant."""

    workspace = models.ForeignKey("accounts.Workspace", verbose_name=_("workspace"), on_delete=models.CASCADE, related_name="+")
    created_by = models.ForeignKey("accounts.User", verbose_name=_("created by"), on_delete=models.SET_NULL, null=True, related_name="+")
    kind = models.CharField(_("kind"), max_length=16, choices=GenerationKind.choices)
    status = models.CharField(_("status"), max_length=16, choices=GenerationStatus.choices, default=GenerationStatus.QUEUED)
    input = models.JSONField(_("input"))
    outputs = models.JSONField(_("outputs"), default=list)
    provider = models.CharField(_("provider"), max_length=16, blank=True)
    model = models.CharField(_("model"), max_length=100, blank=True)
    prompt_name = models.CharField(_("prompt"), max_length=64, blank=True)
    prompt_hash = models.CharField(_("prompt hash"), max_length=64, blank=True)
    input_tokens = models.PositiveIntegerField(_("input tokens"), default=0)
    cached_tokens = models.PositiveIntegerField(_("cached tokens"), default=0)
    output_tokens = models.PositiveIntegerField(_("output tokens"), default=0)
    usage_source = models.CharField(_("usage source"), max_length=16, choices=UsageSource.choices, blank=True)
    cost_nanousd = models.PositiveBigIntegerField(_("cost in nano-dollars"), default=0)
    checks = models.JSONField(_("failed checks"), default=list, help_text=_("What was wrong with drafts that were not kept."))
    error = models.JSONField(_("error"), null=True)
    asset_id = models.UUIDField(_("asset"), null=True)
    asset_reason = models.CharField(_("why there is no asset"), max_length=64, blank=True)
    cancel_requested_at = models.DateTimeField(_("cancel requested at"), null=True)
    started_at = models.DateTimeField(_("started at"), null=True)
    finished_at = models.DateTimeField(_("finished at"), null=True)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["workspace", "id"], name="generation_by_workspace"),
            models.Index(fields=["wake_at"], condition=Q(wake_at__isnull=False), name="generation_to_wake"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=FINAL, finished_at__isnull=False) | (~Q(status__in=FINAL) & Q(finished_at__isnull=True)),
                name="generation_finished_when_final",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def cost_microusd(self) -> int:
        """Return the cost in micro-dollars, rounded up."""
        return -(-self.cost_nanousd // 1000)


_WORDS = ("input", "outputs", "provider", "model", "prompt_name", "prompt_hash", "checks", "error", "asset_reason")
personal.declare(Generation, workspace="workspace", author="created_by", fields=dict.fromkeys(_WORDS, WITH_ROW))
personal.declare_impersonal(AiModel, ModelPrice, reason="The catalogue of this installation.")

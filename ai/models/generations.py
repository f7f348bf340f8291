"""The generations that models write."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from huntaze import personal
from huntaze.leases import LeasedWork
from huntaze.models import Record, WorkspaceQuerySet
from huntaze.personal import WITH_ROW


class GenerationKind(models.TextChoices):
    """What can be written."""

    POST = "post", _("Post")
    STORY = "story", _("Story")
    CAPTION = "caption", _("Caption")
    IDEAS = "ideas", _("Ideas")
    SCRIPT = "script", _("Script")
    HASHTAGS = "hashtags", _("Hashtags")
    REPLY = "reply", _("Reply")
    PERSONALIZE = "personalize", _("Personal message")


# Messages to one fan: they are not content, and never answered by what was written for another.
PERSONAL_KINDS = (GenerationKind.REPLY, GenerationKind.PERSONALIZE)
CONTENT_CHOICES = [choice for choice in GenerationKind.choices if choice[0] not in PERSONAL_KINDS]


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


LEAST_CERTAIN_FIRST = (UsageSource.UNKNOWN, UsageSource.ESTIMATED, UsageSource.REPORTED)
# The columns of a generation that repeat what the ledger has settled.
USED = ("input_tokens", "cached_tokens", "output_tokens", "usage_source", "cost_nanousd")


class Generation(LeasedWork, Record):
    """One order to write, worked on under a lease; `outputs` holds `{variant, text}` for each finished variant.

    One with a `cache_key` may take the outputs of an earlier one with the same, and only one of these is written at a time.
    Tokens and cost are what the ledger has settled, written in its transactions. Budgets count them in the spans of `reserved_at`.
    """

    class Cache(models.TextChoices):
        """Which cache gave the outputs."""

        EXACT = "exact", _("The same order was written before")

    workspace = models.ForeignKey("accounts.Workspace", verbose_name=_("workspace"), on_delete=models.CASCADE, related_name="+")
    created_by = models.ForeignKey("accounts.User", verbose_name=_("created by"), on_delete=models.SET_NULL, null=True, related_name="+")
    kind = models.CharField(_("kind"), max_length=16, choices=GenerationKind.choices)
    status = models.CharField(_("status"), max_length=16, choices=GenerationStatus.choices, default=GenerationStatus.QUEUED)
    input = models.JSONField(_("input"))
    outputs = models.JSONField(_("outputs"), default=list)
    provider = models.CharField(_("provider"), max_length=16, blank=True)
    model = models.CharField(_("model"), max_length=100, blank=True)
    route = models.JSONField(_("route"), null=True, help_text=_("Which models were to be asked, in order, and why."))
    prompt_name = models.CharField(_("prompt"), max_length=64, blank=True)
    prompt_hash = models.CharField(_("prompt hash"), max_length=64, blank=True)
    input_tokens = models.PositiveIntegerField(_("input tokens"), default=0)
    cached_tokens = models.PositiveIntegerField(_("cached tokens"), default=0)
    output_tokens = models.PositiveIntegerField(_("output tokens"), default=0)
    usage_source = models.CharField(_("usage source"), max_length=16, choices=UsageSource.choices, blank=True)
    cost_nanousd = models.PositiveBigIntegerField(_("cost in nano-dollars"), default=0)
    baseline_nanousd = models.PositiveBigIntegerField(
        _("baseline in nano-dollars"), null=True, help_text=_("What the reference model alone would have cost; empty where there is none.")
    )
    cache = models.CharField(_("cache"), max_length=8, choices=Cache.choices, blank=True)
    cache_key = models.CharField(_("cache key"), max_length=64, blank=True, editable=False)
    key_id = models.UUIDField(_("API key"), null=True, editable=False)
    reserved_at = models.DateTimeField(_("reserved at"), db_default=Now(), editable=False)
    reserved_nanousd = models.PositiveBigIntegerField(_("reserved in nano-dollars"), default=0, editable=False)
    calling = models.JSONField(
        _("call in progress"), null=True, editable=False, help_text=_("What it can cost at most, until it is settled.")
    )
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
            models.Index(fields=["workspace", "finished_at"], name="generation_by_end"),
            models.Index(fields=["workspace", "cache_key"], condition=~Q(cache_key=""), name="generation_by_cache_key"),
            models.Index(fields=["wake_at"], condition=Q(wake_at__isnull=False), name="generation_to_wake"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=FINAL, finished_at__isnull=False) | (~Q(status__in=FINAL) & Q(finished_at__isnull=True)),
                name="generation_finished_when_final",
            ),
            models.UniqueConstraint(
                fields=["workspace", "cache_key"],
                condition=Q(status=GenerationStatus.RUNNING) & ~Q(cache_key=""),
                name="one_generation_in_flight_per_cache_key",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def limit_nanousd(self) -> int | None:
        """Return what the order may cost at most, if it says so."""
        limit = self.input.get("max_cost_microusd")
        return None if limit is None else limit * 1000

    @property
    def cost_microusd(self) -> int:
        """Return the cost in micro-dollars, rounded up."""
        return -(-self.cost_nanousd // 1000)

    @property
    def baseline_microusd(self) -> int | None:
        """Return the baseline in micro-dollars, rounded down: what is said to be saved is never more than it is."""
        return None if self.baseline_nanousd is None else self.baseline_nanousd // 1000

    def count(self, entry: Any) -> None:
        """Add what a settled entry of the ledger used, which was the call in progress, to what the generation has used."""
        self.input_tokens += entry.input_tokens
        self.cached_tokens += entry.cached_tokens
        self.output_tokens += entry.output_tokens
        self.cost_nanousd -= entry.amount_nanousd
        sources = (self.usage_source, entry.usage_source)
        self.usage_source = next(source for source in LEAST_CERTAIN_FIRST if source in sources)
        self.calling = None


_WORDS = (
    "input",
    "outputs",
    "provider",
    "model",
    "route",
    "cache_key",
    "prompt_name",
    "prompt_hash",
    "checks",
    "error",
    "asset_reason",
    "calling",
)
personal.declare(Generation, workspace="workspace", author="created_by", fields=dict.fromkeys(_WORDS, WITH_ROW))

"""The ledger: what is held for a generation, what each call cost, and what is let go; and the budgets that bound it."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ai.models.catalogue import ProviderName
from ai.models.generations import GenerationKind, UsageSource
from huntaze import audit, personal
from huntaze.models import SEALED_OR_NOT, Checkpoint, Record, WorkspaceQuerySet
from huntaze.personal import WITH_ROW, kept


class EntryKind(models.TextChoices):
    """What an entry does to the amount that is held for its generation."""

    RESERVE = "reserve", _("Reserve")
    SETTLE = "settle", _("Settle")
    RELEASE = "release", _("Release")


class LedgerEntry(Record):
    """One movement of what is held for a generation, in nano-dollars; the movements of one that has ended sum to zero.

    A `reserve` adds what the calls to come may cost at most, a `settle` takes off what one call cost, with the tokens that it used, a
    `release` what is left. Written once and sealed once; triggers refuse every other write (migration 0008).
    """

    workspace_id = models.UUIDField(_("workspace"))
    generation_id = models.UUIDField(_("generation"))
    member_id = models.UUIDField(_("member"), null=True)
    key_id = models.UUIDField(_("API key"), null=True)
    task = models.CharField(_("task"), max_length=16, choices=GenerationKind.choices)
    kind = models.CharField(_("kind"), max_length=8, choices=EntryKind.choices)
    amount_nanousd = models.BigIntegerField(_("amount in nano-dollars"))
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=0)
    provider = models.CharField(_("provider"), max_length=16, choices=ProviderName.choices, blank=True)
    model = models.CharField(_("model"), max_length=100, blank=True)
    price_id = models.UUIDField(_("price"), null=True)
    input_tokens = models.PositiveIntegerField(_("input tokens"), default=0)
    cached_tokens = models.PositiveIntegerField(_("cached tokens"), default=0)
    cache_write_tokens = models.PositiveIntegerField(_("tokens written to the cache"), default=0)
    output_tokens = models.PositiveIntegerField(_("output tokens"), default=0)
    usage_source = models.CharField(_("usage source"), max_length=16, choices=UsageSource.choices, blank=True)
    chain = models.GeneratedField(
        expression=models.ExpressionWrapper(models.F("workspace_id"), models.UUIDField()),
        output_field=models.UUIDField(_("chain")),
        db_persist=True,
    )
    sequence = models.BigIntegerField(_("place in the chain"), null=True)
    previous_hash = models.BinaryField(_("hash of the entry before"), max_length=32, null=True)
    hash = models.BinaryField(_("hash"), max_length=32, null=True)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")
        constraints = [
            models.UniqueConstraint(fields=["chain", "sequence"], name="one_ledger_entry_per_place"),
            models.CheckConstraint(condition=SEALED_OR_NOT, name="ledger_entry_sealed_or_not"),
            models.CheckConstraint(
                condition=Q(kind=EntryKind.RESERVE, amount_nanousd__gte=0, usage_source="")
                | Q(kind=EntryKind.SETTLE, amount_nanousd__lte=0, usage_source__in=UsageSource.values)
                | Q(kind=EntryKind.RELEASE, amount_nanousd__lte=0, usage_source=""),
                name="ledger_entry_moves_by_its_kind",
            ),
        ]
        indexes = [
            models.Index(fields=["workspace_id", "id"], name="ledger_by_workspace"),
            models.Index(fields=["generation_id"], name="ledger_by_generation"),
            models.Index(fields=["id"], condition=Q(sequence=None), name="ledger_unsealed"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_nanousd}"


class LedgerCheckpoint(Checkpoint):
    """The signed head of one workspace's ledger."""

    class Meta:
        verbose_name = _("ledger checkpoint")
        verbose_name_plural = _("ledger checkpoints")


LEDGER = audit.Log(
    name="ledger",
    entries=LedgerEntry,
    checkpoints=LedgerCheckpoint,
    linked=(
        "id",
        "created_at",
        "workspace_id",
        "generation_id",
        "member_id",
        "key_id",
        "task",
        "kind",
        "amount_nanousd",
        "attempt",
        "provider",
        "model",
        "price_id",
        "input_tokens",
        "cached_tokens",
        "cache_write_tokens",
        "output_tokens",
        "usage_source",
    ),
)


class BudgetLevel(models.TextChoices):
    """Whose spending a budget bounds, in the order in which budgets are asked."""

    PLAN = "plan", _("Plan")
    WORKSPACE = "workspace", _("Workspace")
    MEMBER = "member", _("Member")
    KEY = "key", _("API key")


class BudgetPeriod(models.TextChoices):
    """The span, by UTC, after which a budget begins anew."""

    DAY = "day", _("Day")
    MONTH = "month", _("Month")


class Budget(Record):
    """A bound of what a workspace, a member or a key may spend in a day or a month, and what of it is used: spent, or held.

    `subject_id` is the id of whom it bounds. `used_nanousd` counts what was ordered since `starts_on`; a new span begins with the first
    order in it. The plan's row is made with the first order, and its bound is the workspace's own limit. Only the functions of migration
    0008 write what is used.
    """

    workspace = models.ForeignKey("accounts.Workspace", verbose_name=_("workspace"), on_delete=models.CASCADE, related_name="+")
    level = models.CharField(_("level"), max_length=16, choices=BudgetLevel.choices)
    subject_id = models.UUIDField(_("subject"))
    period = models.CharField(_("period"), max_length=8, choices=BudgetPeriod.choices)
    limit_nanousd = models.BigIntegerField(_("limit in nano-dollars"), null=True)
    used_nanousd = models.BigIntegerField(_("used in nano-dollars"), default=0)
    starts_on = models.DateField(_("starts on"))

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("budget")
        verbose_name_plural = _("budgets")
        constraints = [
            models.UniqueConstraint(fields=["workspace", "level", "subject_id", "period"], name="one_budget_per_subject_and_period"),
            models.CheckConstraint(condition=Q(used_nanousd__gte=0), name="budget_never_negative"),
            models.CheckConstraint(
                condition=Q(level=BudgetLevel.PLAN, limit_nanousd=None) | (~Q(level=BudgetLevel.PLAN) & Q(limit_nanousd__gte=0)),
                name="budget_limit_is_set_but_for_the_plan",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.level} {self.period}"


class AiAlertKind(models.TextChoices):
    """What people are told about AI by itself."""

    BUDGET_80 = "budget_80", _("80 % of a budget are used")
    BUDGET_95 = "budget_95", _("95 % of a budget are used")
    MEMBER_DAY = "member_day", _("A member spent much in a day")
    OVERALL_DAY = "overall_day", _("All together spent much in a day")
    SPIKE = "spike", _("A workspace spends much more than in the days before")
    MODEL_RETIRING = "model_retiring", _("A model is going to be retired")
    LEDGER_DRIFT = "ledger_drift", _("The ledger is not what its prices say")
    MINORS = "minors", _("Moderation found minors sexualized")


class AiAlert(Record):
    """When something was told last, so that it is not told again and again."""

    kind = models.CharField(_("kind"), max_length=16, choices=AiAlertKind.choices)
    subject_id = models.UUIDField(_("subject"))
    told_at = models.DateTimeField(_("told at"))

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        constraints = [models.UniqueConstraint(fields=["kind", "subject_id"], name="one_alert_per_kind_and_subject")]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id}"


_MONEY = kept("What was spent is proved by a chain of hashes: ids and amounts stay.")
personal.declare(
    LedgerEntry, person="member_id", workspace="workspace_id", fields=dict.fromkeys(("model", "previous_hash", "hash"), _MONEY)
)
personal.declare(Budget, workspace="workspace", person="subject_id", fields={"level": WITH_ROW})
personal.declare_impersonal(LedgerCheckpoint, reason="The hash and the signature of a chain.")
personal.declare_impersonal(AiAlert, reason="Kinds and ids.")

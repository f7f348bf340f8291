"""What people made of generations."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from ai.models.generations import Generation
from huntaze import personal
from huntaze.models import Record, WorkspaceQuerySet
from huntaze.personal import WITH_ROW


class FeedbackRating(models.TextChoices):
    """What a person did with the outputs: by it the acceptance of prompts and models is counted."""

    ACCEPTED = "accepted", _("Accepted")
    EDITED = "edited", _("Edited")
    DISCARDED = "discarded", _("Discarded")


class GenerationFeedback(Record):
    """What one person made of one generation; their second word replaces the first."""

    workspace = models.ForeignKey("accounts.Workspace", verbose_name=_("workspace"), on_delete=models.CASCADE, related_name="+")
    generation = models.ForeignKey(Generation, verbose_name=_("generation"), on_delete=models.CASCADE, related_name="feedback")
    person = models.ForeignKey("accounts.User", verbose_name=_("person"), on_delete=models.CASCADE, related_name="+")
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)
    rating = models.CharField(_("rating"), max_length=16, choices=FeedbackRating.choices)
    comment = models.CharField(_("comment"), max_length=1000, blank=True)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("feedback")
        verbose_name_plural = _("feedback")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["generation", "person"], name="one_feedback_per_generation_and_person"),
            models.CheckConstraint(condition=models.Q(rating__in=FeedbackRating.values), name="feedback_rating_exists"),
        ]

    def __str__(self) -> str:
        return f"{self.rating} {self.generation_id}"


personal.declare(GenerationFeedback, workspace="workspace", person="person", fields={"rating": WITH_ROW, "comment": WITH_ROW})

"""Store what people made of generations."""

from uuid import UUID

from django.db import transaction

from ai.errors import GenerationNotEnded
from ai.models import FINAL, Generation, GenerationFeedback
from huntaze import audit


def rate_generation(*, generation: Generation, person_id: UUID, rating: str, comment: str) -> tuple[GenerationFeedback, bool]:
    """Store what a person made of a generation, in place of what they said before; return it and whether it is their first. Audited.

    Raises GenerationNotEnded.
    """
    if generation.status not in FINAL:
        raise GenerationNotEnded
    with transaction.atomic():
        values = {"workspace_id": generation.workspace_id, "rating": rating, "comment": comment}
        rows = GenerationFeedback.objects.select_for_update()
        feedback: GenerationFeedback
        feedback, is_first = rows.get_or_create(generation_id=generation.pk, person_id=person_id, defaults=values)
        changes = {"rating": [None if is_first else feedback.rating, rating], "comment": [None if is_first else feedback.comment, comment]}
        if not is_first:
            feedback.rating, feedback.comment = rating, comment
            feedback.save()
        audit.record("generation.rate", workspace_id=generation.workspace_id, subject_id=generation.pk, changes=changes)
    return feedback, is_first

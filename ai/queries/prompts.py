"""How each version of each prompt does: what came of it, what people made of that, and what it cost."""

from dataclasses import dataclass, field
from datetime import datetime
from math import sqrt

from django.db.models import Avg, Count, Max, Min, Q

from ai import prompts
from ai.models import FINAL, FeedbackRating, Generation, GenerationFeedback, GenerationStatus

Z95 = 1.959963984540054


@dataclass(frozen=True)
class PromptVersion:
    """One version of a prompt with what ended of it; `ratings` counts what people said, one word of each person on each generation."""

    name: str
    hash: str
    generations: int
    succeeded: int
    mean_nanousd: int
    first_used_at: datetime
    last_used_at: datetime
    ratings: dict[str, int] = field(default_factory=dict)

    @property
    def is_current(self) -> bool:
        """Return whether this is the version that writes now."""
        return self.name in prompts.names() and prompts.load(self.name).hash == self.hash

    @property
    def rated(self) -> int:
        """Return how many words of people there are."""
        return sum(self.ratings.values())

    @property
    def accepted(self) -> int:
        """Return how many were taken as they were."""
        return self.ratings.get(FeedbackRating.ACCEPTED, 0)

    @property
    def acceptance(self) -> tuple[float, float, float] | None:
        """Return the share of the accepted in percent, with its 95 % interval; None where nobody said anything."""
        if not self.rated:
            return None
        low, high = wilson(self.accepted, self.rated)
        return 100 * self.accepted / self.rated, 100 * low, 100 * high

    @property
    def edited(self) -> int:
        """Return how many were taken with changes."""
        return self.ratings.get(FeedbackRating.EDITED, 0)

    @property
    def discarded(self) -> int:
        """Return how many were dropped."""
        return self.ratings.get(FeedbackRating.DISCARDED, 0)


def prompt_versions() -> list[PromptVersion]:
    """Return every version of which a generation has ended, by name, the one used last first. Makes two queries."""
    ended = Generation.objects.filter(status__in=FINAL).exclude(prompt_name="").values("prompt_name", "prompt_hash")
    rows = ended.annotate(
        generations=Count("*"),
        succeeded=Count("pk", filter=Q(status=GenerationStatus.SUCCEEDED)),
        mean=Avg("cost_nanousd"),
        first=Min("created_at"),
        last=Max("created_at"),
    ).order_by("prompt_name", "-last")
    said = GenerationFeedback.objects.values("generation__prompt_name", "generation__prompt_hash", "rating").annotate(count=Count("*"))
    ratings: dict[tuple[str, str], dict[str, int]] = {}
    for row in said.order_by():
        ratings.setdefault((row["generation__prompt_name"], row["generation__prompt_hash"]), {})[row["rating"]] = row["count"]
    return [
        PromptVersion(
            name=row["prompt_name"],
            hash=row["prompt_hash"],
            generations=row["generations"],
            succeeded=row["succeeded"],
            mean_nanousd=round(row["mean"]),
            first_used_at=row["first"],
            last_used_at=row["last"],
            ratings=ratings.get((row["prompt_name"], row["prompt_hash"]), {}),
        )
        for row in rows
    ]


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Return the 95 % interval of a share by Wilson's score (E. B. Wilson, JASA 22, 1927); `trials` is more than none."""
    share, spread = successes / trials, Z95 * Z95 / trials
    middle = (share + spread / 2) / (1 + spread)
    half = Z95 / (1 + spread) * sqrt(share * (1 - share) / trials + spread / (4 * trials))
    return max(0.0, middle - half), min(1.0, middle + half)

"""What the library does when the ai app has news."""

from typing import Any

from django.dispatch import receiver

from ai.models import Generation
from ai.signals import generation_finished
from content import services


@receiver(generation_finished)
def keep_first_variant(sender: type[Generation], generation: Generation, **kwargs: Any) -> None:
    """Put the first variant of a finished generation into the library."""
    services.keep_first_variant(generation=generation)

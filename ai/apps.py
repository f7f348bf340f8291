from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AiConfig(AppConfig):
    """Writing with AI models: text in, text out, blind to what becomes of it."""

    name = "ai"
    verbose_name = _("Writing")

    def ready(self) -> None:
        """Register the counter of the plan's monthly generations."""
        from accounts import limits
        from ai import queries

        limits.register("ai_generations", queries.count_generations_this_month)

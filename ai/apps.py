from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AiConfig(AppConfig):
    """Writing with AI models: text in, text out, blind to what becomes of it."""

    name = "ai"
    verbose_name = _("Writing")

    def ready(self) -> None:
        """Register the counter of the plan's monthly generations, the item of the checklist, and what erasure has to remove."""
        from accounts import limits
        from accounts.services import checklist_item
        from ai import queries, services
        from huntaze import personal

        limits.register("ai_generations", queries.count_generations_this_month)
        limits.register("ai_budget_microusd", queries.spent_of_plan_microusd)
        checklist_item("first_generation", queries.has_generated)
        personal.declare_store("ai.streams", services.erase_streams)

"""Errors of the ai app."""

from django.utils.translation import gettext_lazy as _

from huntaze.api.errors import Problem


class BudgetExceeded(Problem):
    status = 402
    code = "budget_exceeded"
    title = _("This would cost more than is allowed.")


class ProviderNotConfigured(Problem):
    status = 409
    code = "provider_not_configured"
    title = _("This AI provider is not set up.")


class GenerationNotEnded(Problem):
    status = 409
    code = "generation_not_ended"
    title = _("The generation has not ended yet.")


class GenerationNotOpen(Problem):
    status = 409
    code = "generation_not_open"
    title = _("The generation has already ended.")

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    """Plans and what they allow."""

    name = "billing"
    verbose_name = _("Billing")

    def ready(self) -> None:
        """Give each new workspace its plan."""
        from billing import receivers  # noqa: F401  (imported for its registrations)

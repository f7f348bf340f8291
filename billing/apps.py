from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    """Plans and what they allow."""

    name = "billing"
    verbose_name = _("Plans")

    def ready(self) -> None:
        """Give each new workspace its plan, keep the plans true across upgrades, and the owner of what is paid for."""
        from accounts.services import block_deletion
        from billing import receivers, services

        post_migrate.connect(receivers.apply_plans, sender=self)
        block_deletion(services.running_subscription)

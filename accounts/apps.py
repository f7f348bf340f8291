from django.apps import AppConfig, apps
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """People, their workspaces, and who may come in."""

    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        """Refuse a malformed AUTH_TOKEN_KEYS at the start, describe the access token to the OpenAPI document, listen to sign-ins."""
        from accounts import declarations, limits, queries, receivers, schema, tokens  # noqa: F401  (some for their registrations)
        from accounts.services import exports
        from huntaze import personal

        for label in ("account", "mfa", "socialaccount"):
            apps.get_app_config(label).verbose_name = str(_("Signing in"))  # what the admin calls allauth's apps
        limits.register("seats", queries.seats_taken)
        personal.declare_store("accounts.archives", exports.delete_archives)
        if settings.AUTH_TOKEN_KEYS:
            tokens.signing_key()

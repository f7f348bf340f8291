from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """People, their workspaces, and who may come in."""

    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        """Refuse a malformed AUTH_TOKEN_KEYS at the start, and describe the access token to the OpenAPI document."""
        from accounts import schema, tokens  # noqa: F401  (schema is imported for its registration)

        if settings.AUTH_TOKEN_KEYS:
            tokens.signing_key()

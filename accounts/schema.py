"""How the OpenAPI document describes what a caller shows."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the security scheme."""
        description = "An access token, or an API key (`hz_…`) with the scopes that the operation needs."
        return {"type": "http", "scheme": "bearer", "description": description}

"""An OpenID Connect provider for tests: `allauth.idp.oidc` in a process of its own, with a database of its own."""

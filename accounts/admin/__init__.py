"""Staff screens of people, of how they come in, of what they belong to, and of what they asked of their data."""

from accounts.admin import access, people, privacy, workspaces

__all__ = ["access", "people", "privacy", "workspaces"]

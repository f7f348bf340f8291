"""Staff screens of generations, of the catalogue of models and prices, of the ledger, and of what workspaces set."""

from ai.admin import catalogue, generations, ledger, workspaces

__all__ = ["catalogue", "generations", "ledger", "workspaces"]

"""Reads that span tables or aggregate."""

from ai.queries.catalogue import PricedModel, catalogue, model_in_charge
from ai.queries.generations import count_generations_this_month, has_generated

__all__ = ["PricedModel", "catalogue", "count_generations_this_month", "has_generated", "model_in_charge"]

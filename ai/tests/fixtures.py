"""Fixtures of the ai app that other apps' tests use too."""

import importlib

import pytest
from django.apps import apps
from django.db import connection

from ai.models import AiModel


@pytest.fixture
def catalogue(db):
    """Return the models that the migration seeds; tests that commit empty every table."""
    if not AiModel.objects.exists():
        for migration in ("0002_catalogue", "0005_catalogue_of_november"):
            importlib.import_module(f"ai.migrations.{migration}").seed(apps, connection.schema_editor())
    return AiModel.objects

"""Rows of the library for tests."""

from typing import Any

from accounts.models import Workspace
from content.models import ContentAsset


def make_asset(workspace: Workspace, **fields: Any) -> ContentAsset:
    """Return a stored draft post by a person, unless `fields` say otherwise."""
    values = {"title": "Behind the scenes", "content": "A look behind the scenes.", "type": "post", "provenance": {"origin": "person"}}
    return ContentAsset.objects.create(workspace=workspace, **{**values, **fields})

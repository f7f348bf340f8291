"""What a generation is to write: its order, with what the workspace has set of its writing."""

from dataclasses import replace
from datetime import datetime
from typing import cast
from uuid import UUID

from django.utils.functional import SimpleLazyObject

from accounts.models import Workspace
from ai import queries
from ai.composing import Composition
from ai.models import Generation, GenerationKind
from ai.replies.personalizing import Personalization
from ai.replies.suggesting import Suggestion
from ai.voice import Voice
from ai.writing import Assignment


def assignment_of(generation: Generation) -> Assignment:
    """Return what is to be written; for a reply by three statements, for a message to a fan by two.

    For a text of the library by one, which is made once a model is to be asked.
    """
    order, seed = generation.input, seed_of(generation)
    if generation.kind == GenerationKind.REPLY:
        replies = queries.quick_replies_of(generation.workspace_id)
        snippets = [{"title": reply.title, "text": reply.text} for reply in replies]
        return Suggestion(order=order, at=_at(order["at"]), seed=seed, voice=_voice_to_fans(generation.workspace_id), snippets=snippets)
    if generation.kind == GenerationKind.PERSONALIZE:
        return Personalization(order=order, at=_at(order["at"]), voice=_voice_to_fans(generation.workspace_id))
    voice = cast("Voice", SimpleLazyObject(lambda: _voice(generation.workspace_id)))
    return Composition(kind=generation.kind, order=order, seed=seed, voice=voice)


def seed_of(generation: Generation) -> int:
    """Return the number from which the choices of a generation are made: its order's, or one of its own."""
    return int(generation.input.get("seed", generation.id.int % 2**31))


def _at(stored: str) -> datetime:
    return datetime.fromisoformat(stored)


def _voice_to_fans(workspace_id: UUID) -> Voice:
    return replace(_voice(workspace_id), creator=Workspace.objects.values_list("name", flat=True).get(id=workspace_id))


def _voice(workspace_id: UUID) -> Voice:
    config = queries.config_of(workspace_id)
    return Voice(
        persona=config.persona,
        style=config.response_style,
        boundaries=config.boundaries,
        forbidden_words=tuple(config.forbidden_words),
        disclosure=config.disclosure_text,
    )

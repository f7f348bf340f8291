"""The exact cache: an order that was written before is answered by what was written then; its rows are the generations themselves."""

import hashlib
import json
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from ai.models import PERSONAL_KINDS, Generation, GenerationStatus
from ai.routing.router import Route
from ai.writing import Writing


def key_of(writing: Writing, route: Route) -> str:
    """Return what names an order in its workspace's cache, or nothing where it must be written anew.

    Of an order that names its `seed` the same text is expected again: the key is of the messages, the prompt's version, the models that
    are asked in turn, and every parameter. An order without a seed asks for a new draw, and a message to a fan is theirs alone.
    """
    assignment = writing.assignment
    if not settings.AI_CACHE_SECONDS or "seed" not in assignment.order or assignment.kind in PERSONAL_KINDS:
        return ""
    work = writing.work()
    asked = [(attempt.provider, attempt.model, attempt.role) for attempt in route.attempts if attempt.role != "shadow"]
    parameters = [work.max_output_tokens, assignment.prompt.temperature, assignment.order["seed"], work.times, work.language]
    named = json.dumps([assignment.kind, assignment.prompt.hash, asked, parameters, work.prompt])
    return hashlib.sha256(named.encode()).hexdigest()


def answer_for(generation: Generation) -> Generation | None:
    """Return the last generation that was written for the same order and is not too old, or None."""
    if not generation.cache_key:
        return None
    since = timezone.now() - timedelta(seconds=settings.AI_CACHE_SECONDS)
    same = Generation.objects.in_workspace(generation.workspace_id).filter(cache_key=generation.cache_key, finished_at__gte=since)
    return same.filter(status=GenerationStatus.SUCCEEDED, cache="").exclude(provider="template").order_by("-finished_at").first()

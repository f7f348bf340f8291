"""Judge texts and images by a provider's moderation, with our own thresholds; what nobody judged is never called safe."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from ai import providers, queries
from ai.providers.base import Moderation, Moderator, ProviderError
from ai.services import alerts

Verdict = Literal["safe", "warning", "danger", "unchecked"]
Thresholds = Mapping[str, tuple[float, float | None]]

ADULT = "sexual"  # the lawful trade of those who use this: alone it never blocks
MINORS = "sexual/minors"
MAX_CHARACTERS = 100_000  # the longest asset
MAX_IMAGE_BYTES = 8_000_000
MAX_ADDRESS_CHARACTERS = 4_000
TEXTS_A_CALL = 16
# The first bytes of the kinds of images that vendors read; a WebP's name follows its length.
IMAGE_TYPES: Mapping[bytes, str] = MappingProxyType(
    {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif", b"RIFF": "image/webp"}
)


@dataclass(frozen=True)
class Engine:
    """Who judged."""

    provider: str
    model: str


@dataclass(frozen=True)
class Unchecked:
    """Why nobody judged: `no_engine`, `privacy`, `empty`, `too_large`, `unsupported`, or the code of a ProviderError."""

    code: str
    detail: str


@dataclass(frozen=True)
class Judgement:
    """What was found in one text or image.

    `scores` has each of the engine's categories, from 0 to 1, and `concerns` those at or beyond their threshold, the gravest first.
    Exactly one of `engine` and `unchecked` is there.
    """

    verdict: Verdict
    scores: Mapping[str, float] = field(default_factory=dict)
    concerns: tuple[str, ...] = ()
    engine: Engine | None = None
    unchecked: Unchecked | None = None


def moderate(*, workspace_id: UUID, texts: Sequence[str] = (), images: Sequence[bytes | str] = ()) -> tuple[Judgement, ...]:
    """Return one judgement for each text, then one for each image, which is its bytes (PNG, JPEG, GIF, WebP) or its https address.

    The first configured provider that moderates is asked, if the workspace's privacy tier lets it read; a failure of one call leaves
    what it asked about `unchecked` and the rest is still judged. Tells the staff where minors are sexualized. Raises RuntimeError in a
    transaction.
    """
    with transaction.atomic(durable=True):
        engine = _engine(workspace_id)
    judged = [*_judge_texts(engine, list(texts)), *(_judge_image(engine, image) for image in images)]
    worst = [judgement for judgement in judged if MINORS in judgement.concerns]
    if worst:
        alerts.report_minors(workspace_id=workspace_id, found=len(worst), score=max(judgement.scores[MINORS] for judgement in worst))
    return tuple(judged)


def judge(finding: Moderation, *, provider: str, thresholds: Thresholds) -> Judgement:
    """Return what a provider's finding means.

    `thresholds` have for each category, and as `*` for all others, from where it is a warning and, if it ever is, a danger.
    Two categories have a rule above the thresholds: `sexual` never blocks, and what is flagged as `sexual/minors` always does.
    """
    weighed = {category: _weigh(category, score, finding, thresholds) for category, score in finding.scores.items()}
    concerns = sorted(
        (category for category, verdict in weighed.items() if verdict != "safe"),
        key=lambda category: (weighed[category] != "danger", category != MINORS, -finding.scores[category]),
    )
    return Judgement(weighed[concerns[0]] if concerns else "safe", finding.scores, tuple(concerns), Engine(provider, finding.model))


def _weigh(category: str, score: float, finding: Moderation, thresholds: Thresholds) -> Verdict:
    warning, danger = thresholds.get(category, thresholds["*"])
    if category == MINORS:  # nothing between: what is to be warned of is danger, and so is what the vendor flags
        return "danger" if score >= warning or category in finding.flagged else "safe"
    if danger is not None and score >= danger and category != ADULT:
        return "danger"
    return "warning" if score >= warning else "safe"


def _engine(workspace_id: UUID) -> Moderator | Unchecked:
    """Return who judges for this workspace, or why nobody does."""
    engine = providers.moderator()
    if engine is None:
        return Unchecked("no_engine", _("No provider that moderates is set up."))
    if not queries.may_read(workspace_id=workspace_id, provider=engine.name, model=engine.moderation_model):
        return Unchecked("privacy", _("The workspace's privacy tier lets no provider that moderates read this."))
    return engine


def _judge_texts(engine: Moderator | Unchecked, texts: list[str]) -> list[Judgement]:
    judged = {number: _unchecked(fault) for number, text in enumerate(texts) if (fault := _fault_of_text(text))}
    fit = [number for number in range(len(texts)) if number not in judged]
    for start in range(0, len(fit), TEXTS_A_CALL):
        numbers = fit[start : start + TEXTS_A_CALL]
        # Half a surrogate pair, which JSON can spell, is no text to a vendor.
        asked = [texts[number].encode("utf-8", "replace").decode() for number in numbers]
        judged |= dict(zip(numbers, _ask(engine, texts=asked), strict=True))
    return [judged[number] for number in range(len(texts))]


def _judge_image(engine: Moderator | Unchecked, image: bytes | str) -> Judgement:
    fault = _fault_of_address(image) if isinstance(image, str) else _fault_of_image(image)
    if fault:
        return _unchecked(fault)
    address = image if isinstance(image, str) else f"data:{_type_of(image)};base64,{base64.b64encode(image).decode()}"
    return _ask(engine, images=[address])[0]


def _ask(engine: Moderator | Unchecked, *, texts: Sequence[str] = (), images: Sequence[str] = ()) -> list[Judgement]:
    """Return the judgements of one call."""
    if isinstance(engine, Unchecked):
        return [_unchecked(engine)] * (len(texts) + len(images))
    try:
        findings = engine.moderate(texts, images)
    except ProviderError as error:
        return [_unchecked(Unchecked(error.code, error.detail))] * (len(texts) + len(images))
    return [judge(finding, provider=engine.name, thresholds=settings.AI_MODERATION_THRESHOLDS) for finding in findings]


def _fault_of_text(text: str) -> Unchecked | None:
    if not text.strip():
        return Unchecked("empty", _("There is no text."))
    return _too_large() if len(text) > MAX_CHARACTERS else None


def _fault_of_image(image: bytes) -> Unchecked | None:
    if len(image) > MAX_IMAGE_BYTES:
        return _too_large()
    return None if _type_of(image) else Unchecked("unsupported", _("This is no PNG, JPEG, GIF or WebP image."))


def _fault_of_address(address: str) -> Unchecked | None:
    if len(address) > MAX_ADDRESS_CHARACTERS:
        return _too_large()
    return None if urlsplit(address).scheme == "https" else Unchecked("unsupported", _("An image's address begins with https."))


def _type_of(image: bytes) -> str:
    """Return the media type that the first bytes say, empty for others."""
    return next(
        (kind for start, kind in IMAGE_TYPES.items() if image.startswith(start) and (start != b"RIFF" or image[8:12] == b"WEBP")), ""
    )


def _too_large() -> Unchecked:
    return Unchecked("too_large", _("This is more than is judged at once."))


def _unchecked(why: Unchecked) -> Judgement:
    return Judgement("unchecked", unchecked=why)

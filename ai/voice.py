"""How a workspace speaks."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from ai.readings import fold, readings


@dataclass(frozen=True, kw_only=True)
class Voice:
    """What a workspace has set of its writing; `creator` is the name that its snippets may hold."""

    creator: str = ""
    persona: str = ""
    style: str = ""
    boundaries: str = ""
    forbidden_words: tuple[str, ...] = ()
    disclosure: str = ""

    @property
    def told(self) -> Mapping[str, str]:
        """Return what models are told, by the names of the prompts' inputs."""
        return {"persona": self.persona, "style": self.style, "boundaries": self.boundaries}

    def forbids(self, text: str) -> bool:
        """Return whether one of the forbidden words stands in `text`, however it is spelt."""
        return self._forbidden is not None and any(map(self._forbidden.search, readings(text)))

    @property
    def words(self) -> str:
        """Return all that a model is told, which is not for fans as it stands."""
        return "\n".join(self.told.values())

    def disclosed(self, text: str) -> str:
        """Return a model's `text` with what tells its readers that it is one, where the workspace has set that."""
        return f"{text}\n\n{self.disclosure}" if self.disclosure else text

    @cached_property
    def _forbidden(self) -> re.Pattern[str] | None:
        words = [" ?".join(re.sub(r"[\W_]", " ", fold(word)).split()) for word in self.forbidden_words]
        return re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)") if words else None

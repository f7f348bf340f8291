"""What `manage.py up` tells the person at the terminal, and the same facts for tools."""

import os
from dataclasses import dataclass
from pathlib import Path

from huntaze import settings

DEMO_EMAIL = "demo@huntaze.local"
STAFF_EMAIL = "staff@huntaze.local"


@dataclass(frozen=True)
class Facts:
    """One running installation; the passwords are None without the demo."""

    address: str
    demo_password: str | None
    staff_password: str | None
    embedded: list[str]
    processes: dict[str, int]
    home: Path
    taken_port: int | None
    engine: str

    def as_json(self) -> dict[str, object]:
        """Return the facts for `up.json`."""
        accounts = {"demo": (DEMO_EMAIL, self.demo_password), "staff": (STAFF_EMAIL, self.staff_password)}
        return {
            "address": self.address,
            "docs": f"{self.address}/api/docs/",
            "admin": f"{self.address}/admin/",
            **{role: {"email": email, "password": password} if password else None for role, (email, password) in accounts.items()},
            "embedded": self.embedded,
            "engine": self.engine,
            "processes": self.processes,
        }

    def panel(self) -> str:
        """Return the lines for the terminal."""
        taken = f"   (port {self.taken_port} was taken)" if self.taken_port else ""
        no_demo = "no demo here: sign up with POST /api/v1/auth/signup"
        rows = {
            "Sign in": f"{DEMO_EMAIL}  {self.demo_password}" if self.demo_password else no_demo,
            "Staff": f"{STAFF_EMAIL}  {self.staff_password}" if self.staff_password else "none: run `manage.py createsuperuser`",
            "API docs": f"{self.address}/api/docs/",
            "Admin": f"{self.address}/admin/",
            "Writer": self.engine,
            "Logs": str(self.home / "logs"),
            "Stop": f"Ctrl-C, or `kill {os.getpid()}`",
        }
        rule = "─" * 78
        return "\n".join([rule, f"  Huntaze   {self.address}{taken}", *(f"  {name:<9} {text}" for name, text in rows.items()), rule])


def engine(*, local_model: bool) -> str:
    """Say in one line which engine writes, and how to have a better one."""
    if settings.OPENAI_API_KEY:
        return f"OpenAI at {settings.OPENAI_BASE_URL}"
    if settings.AZURE_OPENAI_ENDPOINT:
        return f"Azure OpenAI at {settings.AZURE_OPENAI_ENDPOINT}"
    if settings.ANTHROPIC_API_KEY:
        return f"Anthropic at {settings.ANTHROPIC_BASE_URL}"
    if settings.AI_BASE_URL:
        return f"the server at {settings.AI_BASE_URL}"
    better = "better: set OPENAI_API_KEY, AZURE_OPENAI_ENDPOINT, ANTHROPIC_API_KEY or AI_BASE_URL in .env"
    if not local_model:
        return f"templates only; {better}"
    if settings.HUNTAZE_LOCAL_MODEL:
        return f"the model in {settings.HUNTAZE_LOCAL_MODEL}; {better}"
    return f"the embedded SmolLM2-135M, small and often wrong; {better}, or HUNTAZE_LOCAL_MODEL"


def provider_configured() -> bool:
    """Tell whether a provider other than the embedded model is configured."""
    return bool(settings.OPENAI_API_KEY or settings.AZURE_OPENAI_ENDPOINT or settings.ANTHROPIC_API_KEY or settings.AI_BASE_URL)

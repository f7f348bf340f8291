"""What a device calls itself, in words that people know."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# The first mark that a User-Agent holds names it: every browser claims to be those below it too.
_BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "FxiOS": "Firefox",
    "Firefox": "Firefox",
    "CriOS": "Chrome",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Macintosh": "Mac",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


def name(user_agent: str) -> str | Promise:
    """Return what people call the device, such as `Firefox, Windows`; for a program its own name, such as `curl`."""
    browser = next((told for mark, told in _BROWSERS.items() if mark in user_agent), "")
    system = next((told for mark, told in _SYSTEMS.items() if mark in user_agent), "")
    product = user_agent.partition("/")[0].strip()[:40]
    told = ", ".join(part for part in (browser, system) if part) if browser else product
    return told or _("Unknown device")

"""How the admin looks."""

from collections.abc import Callable

from django.utils.translation import gettext_lazy as _


def page_file(name: str) -> Callable[[object], str]:
    """Return what gives the address of one of the pages' files, for a setting that takes a function of the request."""

    def address(_request: object) -> str:
        # The web server reads this module before gevent has patched the process: what Django builds on threads must come later.
        from django.templatetags.static import static

        return static(f"huntaze/{name}")

    return address


# The brand in the admin, from light to dark as django-unfold wants it: paper, line and ink, then the accent.
UNFOLD = {
    "SITE_TITLE": "Huntaze",
    "SITE_HEADER": "Huntaze",
    "SITE_SUBHEADER": _("Back office"),
    "SITE_URL": "/api/docs/",
    "SITE_ICON": page_file("mark.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": page_file("mark.svg")}],
    "STYLES": [page_file("admin.css"), page_file("charts.css")],
    "SHOW_HISTORY": True,
    "BORDER_RADIUS": "12px",
    "COLORS": {
        "base": {
            "50": "#fbfaf7", "100": "#f3f1eb", "200": "#e4e1d9", "300": "#cfcbc1", "400": "#a3a0ad", "500": "#6d6a75",
            "600": "#4b4853", "700": "#3a3844", "800": "#2c2a35", "900": "#131218", "950": "#0c0b10",
        },
        "primary": {
            "50": "#f5f3ff", "100": "#ece8ff", "200": "#d9d1ff", "300": "#bdafff", "400": "#b9acff", "500": "#a493ff",
            "600": "#5b3df5", "700": "#4a2ee0", "800": "#3d27b8", "900": "#332393", "950": "#1f1563",
        },
        "font": {
            "subtle-light": "#6d6a75", "subtle-dark": "#a3a0ad", "default-light": "#16151d", "default-dark": "#f2f0ea",
            "important-light": "#16151d", "important-dark": "#f2f0ea",
        },
    },
}  # fmt: skip

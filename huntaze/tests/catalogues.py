"""The French catalogues: what is to be translated, and their compiled form, without GNU gettext.

`python -m huntaze.tests.catalogues` (`make messages`) takes new words into each `.po` file, drops those that are gone, and compiles.
"""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from huntaze.env import BASE_DIR

# Whose words are translated so far, by the app that holds the catalogue.
SOURCES = {
    "huntaze": ["templates/huntaze/mail/*", "templates/huntaze/chart.html", "charts.py"],
    "ai": ["models/generations.py"],
    "content": ["templates/content/*.html", "forms.py", "models.py", "views/home.py"],
    "accounts": [
        "templates/accounts/mail/*",
        "templates/accounts/*.html",
        "templates/account/*.html",
        "templates/mfa/**/*.html",
        "templates/socialaccount/*.html",
        "adapters.py",
        "browsers.py",
        "devices.py",
        "forms.py",
        "models/sessions.py",
        "models/workspaces.py",
        "notices.py",
        "services/addresses.py",
        "services/challenges.py",
        "services/mfa/*.py",
        "services/passwords.py",
        "services/people.py",
        "validators.py",
        "views/oauth.py",
        "views/pages.py",
    ],
}
KEYWORDS = {"_": None, "gettext": None, "gettext_lazy": None}


def po_file(app: str) -> Path:
    return BASE_DIR / app / "locale" / "fr" / "LC_MESSAGES" / "django.po"


def words(app: str) -> Iterator[tuple[str, str]]:
    """Yield each text to translate with the file that it stands in."""
    for pattern in SOURCES[app]:
        for path in sorted((BASE_DIR / app).glob(pattern)):
            source = path.read_text(encoding="utf-8")
            code = source if path.suffix == ".py" else templatize(source, origin=str(path))
            for _line, message, _comments, _context in extract("python", BytesIO(code.encode()), KEYWORDS):
                yield str(message), str(path.relative_to(BASE_DIR))


def load(app: str) -> Catalog:
    with po_file(app).open("rb") as file:
        return read_po(file, locale="fr")


def compiled(catalogue: Catalog) -> bytes:
    target = BytesIO()
    write_mo(target, catalogue)
    return target.getvalue()


def update(app: str) -> None:
    """Write the catalogue of an app anew, with the translations that it has."""
    old = load(app) if po_file(app).exists() else Catalog(locale="fr")
    us = dict.fromkeys(("msgid_bugs_address", "last_translator", "language_team"), "Huntaze")
    header = {"project": "Huntaze", "version": "1", "creation_date": old.creation_date, "revision_date": old.creation_date, **us}
    new = Catalog(locale="fr", fuzzy=False, header_comment="# French words of Huntaze.", **header)
    places: dict[str, list[tuple[str, int | None]]] = {}
    for text, path in words(app):
        places.setdefault(text, []).append((path, None))
    for text, found in sorted(places.items()):
        known = old.get(text)
        new.add(text, known.string if known else "", locations=sorted(set(found)))
    target = po_file(app)
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        write_po(file, new, width=130, omit_header=False, include_lineno=False)
    target.with_suffix(".mo").write_bytes(compiled(new))


if __name__ == "__main__":
    for name in SOURCES:
        update(name)

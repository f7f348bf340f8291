"""Texts without what cannot be seen, and the ways in which people read one that is written to be misread by programs."""
# ruff: noqa: RUF001 - the look-alikes of letters are the subject

import itertools
import re
import unicodedata
from collections.abc import Iterator

# Drawn as nothing, besides what Unicode marks as control and format characters (zero-width, bidi, tags) or assigns to nobody.
_BLANKS = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs"})
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_EMOJI_STYLE = re.compile("(?<=[\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff])\ufe0f")
_STACKED_MARKS = re.compile("([\u0300-\u036f]{2})[\u0300-\u036f]+")
# Letters of other scripts, and drawn ones, that look like the Latin letter after each.
_PAIRS = (
    "аaвbгrеeёeіiкkмmнhоoпnрpсcтtуyхxѕsјjһhԁdԛqԝwьbαaβbγyεeηnιiκkνvοoρpτtυuχxωwɑaɡgɩiıiɪiʀrʙbɢgʜhʟlʏyꜰfꜱsᴀaᴄcᴅdᴇeᴊjᴋkᴍmɴnᴏoᴘpᴛtᴜuᴠvᴡwᴢz"
)
_ALPHABETS_OF_SIGNS = (0x1F150, 0x1F170, 0x1F1E6)
_LOOKALIKES = str.maketrans(
    {
        **dict(zip(_PAIRS[::2], _PAIRS[1::2], strict=True)),
        **{chr(first + place): chr(ord("a") + place) for first in _ALPHABETS_OF_SIGNS for place in range(26)},
    }
)
_SIGNS_FOR_LETTERS = {
    sign: str.maketrans({"0": "o", "1": sign, "!": "i", "|": "l", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "@": "a", "$": "s"})
    for sign in "il"
}
_MIXED = re.compile(r"(?=\S*[a-z])\S*[0-9!|@$]\S*")
_SINGLE_LETTERS = re.compile(r"\b(?:[a-z] ){2,}[a-z]\b")


def visible(text: str) -> str:
    """Return `text` with nothing that cannot be seen: no control, format (zero-width, bidi), private or blank characters.

    Line ends and tabs stay as one kind each; at most two marks stand on a letter. The style of an emoji stays; emoji that are
    joined by a zero-width joiner come apart.
    """
    text = unicodedata.normalize("NFC", re.sub("\r\n?|[\u0085\u2028\u2029\x0b\x0c]", "\n", text).replace("\t", " "))
    kept = "".join(each for each in text if each == "\n" or (unicodedata.category(each) not in _UNSEEN and each not in _BLANKS))
    styled = {match.start() for match in _EMOJI_STYLE.finditer(kept)}
    kept = "".join(each for place, each in enumerate(kept) if place in styled or not _SELECTORS.match(each))
    return re.sub(r"[^\S\n]", " ", _STACKED_MARKS.sub(r"\1", kept)).strip()


def fold(text: str) -> str:
    """Return `text` in lower-case letters without accents, look-alikes of other scripts taken for Latin letters, blanks as one space."""
    plain = unicodedata.normalize("NFKD", visible(unicodedata.normalize("NFKC", text)).casefold())
    bare = "".join(each for each in plain if unicodedata.category(each) != "Mn").translate(_LOOKALIKES)
    return " ".join(bare.split())


def readings(text: str) -> Iterator[str]:
    """Yield the ways to read a text, each once, of letters, digits and single spaces.

    As it stands; digits and signs within words taken for letters (`r3fund`); letters drawn out (`refuuund`); letters that stand
    apart joined to words (`s u e you`).
    """
    folded = fold(text)
    seen = set()
    for sign, repeats, apart in itertools.product(("", "i", "l"), (2, 1), (True, False)):
        read = _MIXED.sub(lambda match: match[0].translate(_SIGNS_FOR_LETTERS[sign]), folded) if sign else folded  # noqa: B023 - used at once
        read = re.sub(r"([a-z])\1{2,}", r"\1" * repeats, read)
        read = " ".join(re.sub(r"[\W_]", " ", read).split())
        if not apart:
            read = _SINGLE_LETTERS.sub(lambda match: match[0].replace(" ", ""), read)
        if read not in seen:
            seen.add(read)
            yield read

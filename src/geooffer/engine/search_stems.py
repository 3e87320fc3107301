"""Stems of words in German and English, and the parts of German compounds.

A query does not say its language, so a word has two stems, one by each Snowball stemmer, and two words are the same
if either stem is. The stems of the two languages are kept apart: English *Messing* → *mess* must not meet German
*Messer* → *mess*.
"""

from __future__ import annotations

from collections.abc import Container

from snowballstemmer import EnglishStemmer, GermanStemmer

Stems = tuple[str, str]
"""(German stem, English stem), marked `d` and `e` in front so that they never meet."""

LINKS = ("", "s", "es", "n", "en", "e", "er", "ns")
PART_LENGTH_MIN = 3
OPEN_HEAD_LENGTH_MIN = 4
"""A head after a part we do not know: *Trail|schuhe*. Shorter ones are chance: *Ba|rock*."""

_VOWELS = frozenset("aeiouy")

OPAQUE = (
    "handschuh", "kuhlschrank", "bildschirm", "regenschirm", "sonnenschirm", "fernseh", "staubsaug", "fahrrad",
    "motorrad", "handtuch", "bettwasch", "tischdeck", "tischtennis", "rucksack", "schlafsack", "gluhbirn",
    "erdnuss", "armband", "stirnband", "werkzeug", "spielzeug", "feuerzeug", "flugzeug", "wheelchair", "keyboard",
    "skateboard", "wallpap", "notebook", "facebook", "schwein", "headboard", "toilettenpapi", "taschentuch",
    "taschenmess", "strumpfhos", "kinderwag", "schuhcrem", "butterfly", "ketchup", "catwalk", "laptop",
)  # fmt: skip
"""Stems that look like a kind of their last part and are not: gloves (*Handschuhe*) are not shoes."""


class WordStems:
    """The two stemmers. They are pure Python and keep the last word they saw; `forget` overwrites it."""

    def __init__(self) -> None:
        self._german = GermanStemmer()
        self._english = EnglishStemmer()

    def of(self, word: str) -> Stems:
        """Both stems of a folded word."""
        return "d" + self._german.stemWord(word), "e" + self._english.stemWord(word)

    def forget(self) -> None:
        """Leave no search word behind in the stemmers' buffers."""
        self._german.stemWord("")
        self._english.stemWord("")


def is_opaque(stem: str) -> bool:
    """True if the stem (without mark) ends in a compound that is not a kind of its last part."""
    return stem.endswith(OPAQUE)


def heads(stem: str) -> list[str]:
    """Ends of a stem that could be its head, longest first, after a rest that could be a word.

    >>> heads("laufschuh")
    ['fschuh', 'schuh', 'chuh']
    """
    if is_opaque(stem):
        return []
    ends = range(PART_LENGTH_MIN, len(stem) - OPEN_HEAD_LENGTH_MIN + 1)
    return [stem[cut:] for cut in ends if not _VOWELS.isdisjoint(stem[:cut])]


def split(stem: str, mark: str, known: Container[str], depth: int = 3) -> list[str] | None:
    """Parts of a compound, all of them known stems (marked), head last; None if there is no such cut.

    `stem` comes without its mark. Between parts a linking element may stand: *Arbeit|s|schuh*, *Kind|er|schuh*. The
    longest known head wins.
    """
    if depth == 0 or is_opaque(stem):
        return None
    for cut in range(PART_LENGTH_MIN, len(stem) - PART_LENGTH_MIN + 1):
        head = mark + stem[cut:]
        if head not in known:
            continue
        rest = stem[:cut]
        for link in LINKS:
            part = rest.removesuffix(link) if link else rest
            if (link and part == rest) or len(part) < PART_LENGTH_MIN:
                continue
            if mark + part in known:
                return [mark + part, head]
            deeper = split(part, mark, known, depth - 1)
            if deeper is not None:
                return [*deeper, head]
    return None

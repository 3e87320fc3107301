"""How a text becomes words: folding, stop words, and the phrases a category's name stands for.

Folding makes ä = ae, ö = oe, ü = ue, ß = ss, é = e, and case disappear, so that *Möbel*, *MOEBEL* and (after stemming)
*Mobel* meet. What says nothing about the kind of goods is dropped: numbers, sizes, measures, colours, and the words
shoppers put around what they want. The lists are short on purpose: a rare word harms little, a wrong entry hides a
category.
"""

from __future__ import annotations

import re
import unicodedata

WORD_LENGTH_MAX = 48
"""Longer runs of letters are no words; the bound also bounds the work."""

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "æ": "ae", "ø": "oe", "å": "a", "œ": "oe", "’": "'"})
_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_LONE_LETTER = re.compile(r"\b([^\W\d_])-(?=[^\W\d_]{2})")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FILLERS = _words(
    """
    a an and any are at be buy by can cheap deal deals do from get good great i idea ideas im in into is it its large
    like looking me medium my near need new nice of off offer offers on one online or our price prices sale shop
    small some store than that the their there these thing this to two under up want where which you your best big
    ab als am an auch auf aus bei bestellen beste bestes billig das dem den der des die ein eine einem einen einer
    eines es etwas fuer ganz gebraucht gerne gross grosse grosser grosses guenstig guenstige guenstiger gut gute
    guter gutes ich im ist kaufen klein kleine kleiner kleines man mein meine mich mir moechte neu neue neuer neues
    nicht nur ob oder preis preise preiswert shop sich sie sind so suche suchen und unter vom von wie wir zu zum zur
    """
)
"""Words around the wish, not the wish. English and German together: a query does not say its language."""

MEASURES = _words(
    """
    size sizes groesse groessen gr xs xl xxl xxxl inch inches zoll cm mm km kg gr mg ml cl ltr liter litre ft feet
    foot oz lb lbs qt gal watt volt pc pcs pack piece pieces stueck stk tlg er teilig
    eu uk us
    """
)
COLOURS = _words(
    """
    black white red green blue yellow orange purple pink brown grey gray beige navy teal turquoise gold silver cream
    schwarz schwarze schwarzer schwarzes weiss weisse weisser weisses rot rote roter rotes gruen gruene gruener
    gruenes blau blaue blauer blaues gelb gelbe gelber gelbes lila rosa braun braune brauner braunes grau graue
    grauer graues tuerkis silber bunt bunte dunkelblau hellblau dunkelgrau hellgrau
    """
)
AUDIENCES = _words(
    """
    women womens woman men mens man ladies gents girl girls boy boys kid kids child children baby unisex adult
    damen dame herren herr frau frauen mann maenner maedchen jungen kind kinder unisex erwachsene
    """
)
QUALIFIERS = FILLERS | COLOURS | AUDIENCES
"""Say nothing by themselves; each counts again where a category's name has it (*Kids Beds*)."""
BREAKS = _words("for with without fuer mit ohne aus in im from by between over under to unter ueber")
"""What stands after one of these describes; what stands before it is wanted: *sofa with ottoman* is a sofa."""

_LISTED = re.compile(r"\s*(?:,|/|&|\+|\band\b|\bund\b|\boder\b|\bor\b)\s*")


def folded(text: str) -> str:
    """The text without case, umlauts and accents; *t-shirt* loses its hyphen, other hyphens stay."""
    plain = unicodedata.normalize("NFKC", text).casefold().translate(_UMLAUTS)
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(letter))
    return _LONE_LETTER.sub(r"\1", plain)


def tokens(plain: str) -> list[str]:
    """Runs of letters and digits of a folded text; an English genitive loses its 's."""
    found = []
    for token in _TOKEN.findall(plain):
        stem, mark, ending = token.partition("'")
        found.append(stem if mark and ending == "s" else stem + ending)
    return found


def is_word(token: str) -> bool:
    """True for what may name goods: letters only (*xl*, *43*, *w003096809* and *18x18* do not)."""
    return 2 <= len(token) <= WORD_LENGTH_MAX and token.isalpha() and token not in MEASURES


def content_words(plain: str) -> list[str]:
    """Words of a folded catalog text, without fillers; colours and names with digits (*ps5*) stay."""
    return [
        token
        for token in tokens(plain)
        if token not in FILLERS and (is_word(token) or (not token.isdigit() and token[:1].isalpha() and len(token) > 1))
    ]


def _is_plural(word: str) -> bool:
    return len(word) > 3 and word.endswith("s") and not word.endswith("ss")


def name_phrases(name: str) -> list[tuple[str, ...]]:
    """What a name stands for, each as words: *Coffee & Cocktail Tables* → (coffee, tables), (cocktail, tables).

    A singular before the last part shares its noun (*Wall & Accent Mirrors*); a lone noun after a longer part shares
    its adjective (*Bath Rugs & Mats*); a plural stands for itself (*Sheets and Sheet Sets*).
    """
    parts = [words for words in (content_words(part) for part in _LISTED.split(folded(name))) if words]
    phrases: list[tuple[str, ...]] = []
    for index, words in enumerate(parts):
        later, earlier = parts[index + 1 :], [part for part in parts[:index] if len(part) > 1]
        if len(words) == 1 and later and len(later[-1]) > 1 and not _is_plural(words[0]):
            words = [*words, later[-1][-1]]
        elif len(words) == 1 and earlier:
            words = [*earlier[-1][:-1], *words]
        phrases.append(tuple(dict.fromkeys(words)))
    return phrases

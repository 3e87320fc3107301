"""What an assortment's words say: built once, read by engine/search_text.py.

    phrases      a name or synonym, split into slots, one a word:  Running Shoes → [running][shoes]
    stem → slots                where names and synonyms have the word
    head → slots                where a name's word ends so:       Schuhe finds Laufschuhe
    stem → (category, share)    how far the titles with this word are of one category, in thousandths
    word → stems                every known word, so that a known word of a query need not be stemmed

All numbers are integers and sums of integers: the order of the input cannot change a score.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from geooffer.engine.search_stems import Stems, WordStems, heads
from geooffer.engine.search_typos import NearStems
from geooffer.engine.search_words import content_words, folded, name_phrases

ONE = 1_000
"""Evidence is counted in thousandths."""
NAME_WEIGHT, SYNONYM_WEIGHT, TITLE_WEIGHT = 1_000, 950, 900
TITLE_SUPPORT = 2
"""A word seen in n titles of a category counts n / (n + this): one title proves little."""
TITLE_SMOOTHING = 4
"""Titles added to each category's count, so that one with a single title is not certain of all its words."""
SHARE_FLOOR = ONE // 32
"""A category with less of a word's titles than this is not listed under it."""


@dataclass(frozen=True, slots=True)
class CategoryWords:
    """Texts by which a category is known, in any language: its names, its synonyms, titles of its products."""

    category_id: str
    names: tuple[str, ...]
    synonyms: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()


def log2_64ths(numerator: int, denominator: int) -> int:
    """64 × log₂(numerator / denominator), rounded down, from integers alone; the ratio is at least 1."""
    return (numerator**64 // denominator**64).bit_length() - 1


@dataclass(slots=True)
class Lexicon:
    """The built tables. A phrase is a number, a slot is a number, a category is its place in `category_ids`."""

    category_ids: list[str]
    slot_phrase: list[int] = field(default_factory=list)
    slot_mass: list[int] = field(default_factory=list)
    phrase_category: list[int] = field(default_factory=list)
    phrase_weight: list[int] = field(default_factory=list)
    phrase_mass: list[int] = field(default_factory=list)
    phrase_slots: list[int] = field(default_factory=list)
    stem_slots: dict[str, tuple[int, ...]] = field(default_factory=dict)
    head_slots: dict[str, tuple[int, ...]] = field(default_factory=dict)
    title_shares: dict[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    stem_mass: dict[str, int] = field(default_factory=dict)
    word_stems: dict[str, Stems] = field(default_factory=dict)
    unknown_mass: int = 0
    near_stems: NearStems = field(default_factory=lambda: NearStems(()))


def build_lexicon(categories: Iterable[CategoryWords], stems: WordStems) -> Lexicon:
    """The lexicon of an assortment; texts of a category given in several parts are joined."""
    by_id: dict[str, list[CategoryWords]] = defaultdict(list)
    for category in categories:
        by_id[category.category_id].append(category)
    lexicon = Lexicon(sorted(by_id))
    name_slots: dict[str, set[int]] = defaultdict(set)
    title_counts: list[tuple[int, Counter[str]]] = []
    for number, category_id in enumerate(lexicon.category_ids):
        given = by_id[category_id]
        weights: dict[tuple[str, ...], int] = {}
        for weight, texts in (
            (SYNONYM_WEIGHT, [text for words in given for text in words.synonyms]),
            (NAME_WEIGHT, [text for words in given for text in words.names]),
        ):
            weights.update((phrase, weight) for text in texts for phrase in name_phrases(text))
        _add_phrases(lexicon, number, weights, name_slots, stems)
        title_counts.append(_count_titles([title for words in given for title in words.titles]))
    lexicon.stem_slots = {stem: tuple(sorted(slots)) for stem, slots in name_slots.items()}
    _add_heads(lexicon)
    _add_titles(lexicon, title_counts, stems)
    _weigh(lexicon, title_counts)
    lexicon.near_stems = NearStems(lexicon.stem_mass)
    return lexicon


def _known(lexicon: Lexicon, word: str, stems: WordStems) -> Stems:
    found = lexicon.word_stems.get(word)
    if found is None:
        found = lexicon.word_stems[word] = stems.of(word)
    return found


def _add_phrases(
    lexicon: Lexicon,
    category: int,
    weights: Mapping[tuple[str, ...], int],
    name_slots: dict[str, set[int]],
    stems: WordStems,
) -> None:
    for phrase, weight in sorted(weights.items()):
        number = len(lexicon.phrase_category)
        lexicon.phrase_category.append(category)
        lexicon.phrase_weight.append(weight)
        lexicon.phrase_slots.append(len(phrase))
        for word in phrase:
            slot = len(lexicon.slot_phrase)
            lexicon.slot_phrase.append(number)
            for stem in _known(lexicon, word, stems):
                name_slots[stem].add(slot)


def _add_heads(lexicon: Lexicon) -> None:
    ends: dict[str, set[int]] = defaultdict(set)
    for stem, slots in lexicon.stem_slots.items():
        if stem[0] == "d":
            for end in heads(stem[1:]):
                if len(end) > 3:
                    ends["d" + end].update(slots)
    lexicon.head_slots = {end: tuple(sorted(slots)) for end, slots in ends.items()}


def _count_titles(titles: list[str]) -> tuple[int, Counter[str]]:
    words: Counter[str] = Counter()
    for title in titles:
        words.update(set(content_words(folded(title))))
    return len(titles), words


def _add_titles(lexicon: Lexicon, title_counts: list[tuple[int, Counter[str]]], stems: WordStems) -> None:
    counts: dict[str, dict[int, int]] = defaultdict(dict)
    for category, (_, words) in enumerate(title_counts):
        for word, count in words.items():
            for stem in _known(lexicon, word, stems):
                counts[stem][category] = counts[stem].get(category, 0) + count
    for stem, by_category in counts.items():
        rates = {c: _rate(count, title_counts[c][0]) for c, count in by_category.items()}
        total = max(1, sum(rates.values()))
        shares = []
        for category, rate in sorted(rates.items()):
            share = rate * ONE // total
            if share >= SHARE_FLOOR:
                count = by_category[category]
                shares.append((category, share * count // (count + TITLE_SUPPORT)))
        lexicon.title_shares[stem] = tuple(shares)


def _rate(count: int, title_count: int) -> int:
    """Millionths of a category's titles that have a word."""
    return min(count, title_count) * 1_000_000 // (title_count + TITLE_SMOOTHING)


def _weigh(lexicon: Lexicon, title_counts: list[tuple[int, Counter[str]]]) -> None:
    """How much a word tells: log₂(1 + categories / categories that have it), as BM25's inverse frequency.

    A category that has a word in a name counts whole, one that has it in titles by its share of the largest.
    """
    count = len(lexicon.category_ids)
    lexicon.unknown_mass = log2_64ths(1 + count, 1) if count else 0
    for stem in sorted(lexicon.stem_slots.keys() | lexicon.title_shares.keys()):
        holders = {lexicon.phrase_category[lexicon.slot_phrase[slot]]: ONE for slot in lexicon.stem_slots.get(stem, ())}
        shares = lexicon.title_shares.get(stem, ())
        largest = max((share for _, share in shares), default=1) or 1
        for category, share in shares:
            holders[category] = max(holders.get(category, 0), share * ONE // largest)
        spread = max(ONE, sum(holders.values()))
        lexicon.stem_mass[stem] = log2_64ths(spread + count * ONE, spread)
    lexicon.phrase_mass = [0] * len(lexicon.phrase_category)
    masses = [0] * len(lexicon.slot_phrase)
    for stem, slots in lexicon.stem_slots.items():
        for slot in slots:
            masses[slot] = max(masses[slot], lexicon.stem_mass[stem])
    lexicon.slot_mass = masses
    for slot, phrase in enumerate(lexicon.slot_phrase):
        lexicon.phrase_mass[phrase] += masses[slot]

"""Search text → category: the table of cases, silence, and what holds for any text (S-2)."""

from __future__ import annotations

import gc
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_cases import ANSWERS, ASSORTMENT

from geooffer.engine.search_lexicon import log2_64ths
from geooffer.engine.search_text import CategoryWords, SearchIndex

INDEX = SearchIndex.build(ASSORTMENT)
IDS = {category.category_id for category in ASSORTMENT}


@pytest.mark.parametrize(("text", "wanted"), ANSWERS)
def test_a_search_finds_its_category_or_none(text: str, wanted: str | None) -> None:
    assert INDEX.category_of(text) == wanted


def test_the_table_has_enough_of_both() -> None:
    silent = [text for text, wanted in ANSWERS if wanted is None]
    assert len(silent) >= 15
    assert len(ANSWERS) - len(silent) >= 40


def test_every_name_finds_its_own_category() -> None:
    for category in ASSORTMENT:
        for name in category.names:
            assert INDEX.category_of(name) in (category.category_id, None), name


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=600))
def test_any_text_gives_a_category_or_none(text: str) -> None:
    assert INDEX.category_of(text) in IDS | {None}


WORDS = sorted({word for text, _ in ANSWERS for word in text.split()})


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=12), st.integers(0, 2**32))
def test_the_order_of_the_assortment_does_not_matter(words: list[str], seed: int) -> None:
    text = " ".join(words)
    order = np.random.default_rng(seed)
    shuffled = [
        CategoryWords(
            category.category_id,
            tuple(order.permutation(category.names)),
            tuple(order.permutation(category.synonyms)),
            tuple(order.permutation(category.titles)),
        )
        for category in (ASSORTMENT[int(place)] for place in order.permutation(len(ASSORTMENT)))
    ]
    assert SearchIndex.build(shuffled).category_of(text) == INDEX.category_of(text)


def test_a_category_given_in_parts_is_one() -> None:
    parts = (CategoryWords("beds", ("Beds",)), CategoryWords("beds", ("Betten",)), CategoryWords("sofas", ("Sofas",)))
    assert SearchIndex.build(parts).category_of("Bett") == SearchIndex.build(parts).category_of("bed") == "beds"


def test_an_empty_assortment_is_silent() -> None:
    assert SearchIndex.build(()).category_of("Schuhe") is None
    assert SearchIndex.build((CategoryWords("x", ()),)).category_of("Schuhe") is None


def test_two_categories_of_one_name_are_silent() -> None:
    twins = (CategoryWords("a", ("Lamps",)), CategoryWords("b", ("Lamps",)), CategoryWords("c", ("Rugs",)))
    index = SearchIndex.build(twins)
    assert (index.category_of("lamps"), index.category_of("rug")) == (None, "c")


def test_a_text_is_at_most_512_characters() -> None:
    assert INDEX.category_of("Laufschuhe".ljust(512)) == "running-shoes"
    assert INDEX.category_of("Laufschuhe".ljust(513)) is None


def test_hundreds_of_words_are_read_in_part() -> None:
    assert INDEX.category_of("ab " * 170) is None
    assert INDEX.category_of("q" * 512) is None


def test_nothing_of_the_text_is_kept() -> None:
    index = SearchIndex.build(ASSORTMENT)
    before = _strings_reachable(index)
    for text in ("Geheimniskraemerei", "xylophonlaufschuhe secretword", "Ultrageheim-Schuhe"):
        index.category_of(text)
    assert _strings_reachable(index) - before <= {""}


def _strings_reachable(root: object) -> set[str]:
    seen: set[int] = set()
    found: set[str] = set()
    waiting = [root]
    while waiting:
        item = waiting.pop()
        if id(item) in seen or isinstance(item, type):
            continue
        seen.add(id(item))
        if isinstance(item, str):
            found.add(item)
        waiting.extend(gc.get_referents(item))
    return found


def test_the_logarithm_is_the_nearest_below() -> None:
    for numerator, denominator in ((1, 1), (2, 1), (3, 1), (301, 300), (1_000_001, 1_000)):
        found = log2_64ths(numerator, denominator)
        assert 2**found * denominator**64 <= numerator**64 < 2 ** (found + 1) * denominator**64
    assert all(low <= high for low, high in pairwise(log2_64ths(n, 7) for n in range(7, 500)))

"""Folding, names as phrases, stems, compounds and words one edit away."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geooffer.engine.search_stems import WordStems, heads, split
from geooffer.engine.search_typos import NearStems, within_one_edit
from geooffer.engine.search_words import folded, is_word, name_phrases, tokens


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Mäntel", ["maentel"]),
        ("Ma\u0308ntel", ["maentel"]),
        ("MÄNTEL", ["maentel"]),
        ("Größe", ["groesse"]),
        ("Wall Décor", ["wall", "decor"]),
        ("Damen-Laufschuhe", ["damen", "laufschuhe"]),
        ("T-Shirt", ["tshirt"]),
        ("women's shoes", ["women", "shoes"]),
        ("women’s", ["women"]),
        ("o'neill", ["oneill"]),
        ("18x18 42,5", ["18x18", "42", "5"]),
        ("ﬁne ＳＨＯＥ", ["fine", "shoe"]),
        ("__ -- 🙂", []),
    ],
)
def test_texts_are_folded_to_words(text: str, wanted: list[str]) -> None:
    assert tokens(folded(text)) == wanted


@given(st.text())
def test_folding_twice_is_folding_once_for_words(text: str) -> None:
    once = tokens(folded(text))
    assert tokens(folded(" ".join(once))) == once


@pytest.mark.parametrize(
    ("token", "counts"), [("schuhe", True), ("xl", False), ("43", False), ("ps5", False), ("a", False)]
)
def test_sizes_and_numbers_are_no_words(token: str, counts: bool) -> None:
    assert is_word(token) is counts


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("Running Shoes", [("running", "shoes")]),
        ("Coffee & Cocktail Tables", [("coffee", "tables"), ("cocktail", "tables")]),
        ("Bath Rugs & Mats", [("bath", "rugs"), ("bath", "mats")]),
        ("Sheets And Sheet Sets", [("sheets",), ("sheet", "sets")]),
        ("Dressers & Chests", [("dressers",), ("chests",)]),
        ("Schuhe und Stiefel", [("schuhe",), ("stiefel",)]),
        ("", []),
        ("&, /", []),
    ],
)
def test_a_name_stands_for_phrases(name: str, wanted: list[tuple[str, ...]]) -> None:
    assert name_phrases(name) == wanted


def test_forms_of_a_word_share_a_stem_in_their_language() -> None:
    stems = WordStems()
    for mark, forms in (("d", ("maentel", "mantel")), ("d", ("schuhe", "schuh")), ("e", ("shoes", "shoe"))):
        place = "de".index(mark)
        assert len({stems.of(form)[place] for form in forms}) == 1
    # one language's stem of a word never meets the other's of another
    assert not set(stems.of("messing")) & set(stems.of("messer"))


def test_compounds_are_cut_where_all_parts_are_known() -> None:
    known = {"dlauf", "dschuh", "dkind", "darbeit", "dbett", "ebar", "estool"}
    assert split("laufschuh", "d", known) == ["dlauf", "dschuh"]
    assert split("kinderschuh", "d", known) == ["dkind", "dschuh"]
    assert split("arbeitsschuh", "d", known) == ["darbeit", "dschuh"]
    assert split("kinderlaufschuh", "d", known) == ["dkind", "dlauf", "dschuh"]
    assert split("barstool", "e", known) == ["ebar", "estool"]
    assert split("trailschuh", "d", known) is None
    assert split("handschuh", "d", known | {"dhand"}) is None  # gloves
    assert split("schuh", "d", known) is None


def test_an_open_head_follows_something_that_could_be_a_word() -> None:
    assert "schuh" in heads("trailschuh")
    assert "wein" not in heads("schwein")
    assert heads("handschuh") == []
    assert heads("hut") == []


def slow_one_edit(left: str, right: str) -> bool:
    letters = set(right)
    near = {left}
    for cut in range(len(left) + 1):
        near.add(left[:cut] + left[cut + 1 :])
        near.add(left[:cut] + left[cut + 1 : cut + 2] + left[cut : cut + 1] + left[cut + 2 :])
        near |= {left[:cut] + letter + left[cut + 1 :] for letter in letters}
        near |= {left[:cut] + letter + left[cut:] for letter in letters}
    return right in near


SHORT = st.text("abc", max_size=7)


@given(SHORT, SHORT)
def test_one_edit_is_what_trying_all_edits_finds(left: str, right: str) -> None:
    assert within_one_edit(left, right) == slow_one_edit(left, right)


MARKED = st.builds(str.__add__, st.sampled_from("de"), st.text("abc", min_size=1, max_size=8))


@given(st.sets(MARKED, max_size=60), MARKED)
def test_near_stems_are_all_within_one_edit(known: set[str], stem: str) -> None:
    wanted = sorted(
        other
        for other in known
        if min(len(other), len(stem)) > 4 and other[:2] == stem[:2] and slow_one_edit(other, stem)
    )
    assert NearStems(known).near(stem) == wanted

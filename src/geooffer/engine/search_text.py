"""Free search text → the category of the assortment it is about, or None (semantics S-2).

A wrong category would become a wrong offer, so the answer is None unless one category stands out. Nothing of the
text is kept: no cache, no counter, no error carries a word of it. docs/search-text.md has the picture and figures.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from geooffer.engine.search_lexicon import ONE, TITLE_WEIGHT, CategoryWords, Lexicon, build_lexicon
from geooffer.engine.search_stems import PART_LENGTH_MIN, Stems, WordStems, heads, split
from geooffer.engine.search_typos import TYPO_LENGTH_MIN
from geooffer.engine.search_words import BREAKS, FILLERS, QUALIFIERS, folded, is_word, tokens
from geooffer.model.limits import TEXT_LENGTH_MAX

__all__ = ["CategoryWords", "SearchIndex"]

ENDINGS = ("s", "n", "en", "e")
"""Plurals tried on two joined words; cheaper than two stems for every pair."""
QUERY_WORD_COUNT_MAX = 16
"""Words read of a query; the rest of a longer one is ignored."""

STEM_QUALITY, HEAD_QUALITY, TYPO_QUALITY = 1_000, 800, 900
"""How sure a hit is, in thousandths: the same stem, the head of a compound, one edit away."""
HEAD_PERCENT, CONTEXT_PERCENT, PLAIN_PERCENT, PART_PERCENT = 150, 50, 100, 40
UNKNOWN_PERCENT, UNKNOWN_HEAD_PERCENT = 10, 100
"""Weights of a word: the noun asked for, what stands after *with* or *for*, any other, a compound's first part, and
one we never saw (a brand, or as the noun itself a thing not sold here)."""
PARTIAL = 250
"""Thousandths of a phrase's evidence that do not depend on how much of the phrase the query names."""

CONFIDENT_SCORE = 640
"""Least share of what the query says, in thousandths, that must speak for the answer."""
RIVAL_PERCENT = 82
"""The second best must stay under this share of the best."""


@dataclass(slots=True)
class _Clue:
    """One word of the query: its weight, and what it points at."""

    weight: int
    slots: dict[int, int] = field(default_factory=dict)
    titles: dict[int, int] = field(default_factory=dict)


class SearchIndex:
    """Immutable after `build`. One thread at a time may ask (the stemmers have state)."""

    def __init__(self, lexicon: Lexicon, stems: WordStems) -> None:
        self._lexicon = lexicon
        self._stems = stems

    @classmethod
    def build(cls, categories: Iterable[CategoryWords]) -> SearchIndex:
        """Index the texts of an assortment; 100,000 titles take some seconds. The order does not matter."""
        stems = WordStems()
        return cls(build_lexicon(categories, stems), stems)

    def category_of(self, text: str) -> str | None:
        """The category a search is about, or None if none stands out. Never raises; over 512 characters → None."""
        if len(text) > TEXT_LENGTH_MAX:
            return None
        clues = self._clues(text)
        self._stems.forget()
        ranked = self._ranked(clues)
        if not ranked or ranked[0][0] < CONFIDENT_SCORE:
            return None
        if len(ranked) > 1 and ranked[1][0] * 100 >= ranked[0][0] * RIVAL_PERCENT:
            return None
        return self._lexicon.category_ids[-ranked[0][1]]

    def _ranked(self, clues: list[_Clue]) -> list[tuple[int, int]]:
        """(score in thousandths of the query's weight, −category), best first."""
        total = sum(clue.weight for clue in clues)
        if not total:
            return []
        cover = self._cover(clues)
        scores: dict[int, int] = {}
        for clue in clues:
            for category, evidence in self._evidence(clue, cover).items():
                scores[category] = scores.get(category, 0) + clue.weight * evidence
        return sorted(((score // total, -category) for category, score in scores.items()), reverse=True)

    def _cover(self, clues: list[_Clue]) -> dict[int, int]:
        """Thousandths of each phrase's mass that the query names."""
        best: dict[int, int] = {}
        for clue in clues:
            for slot, quality in clue.slots.items():
                best[slot] = max(best.get(slot, 0), quality)
        lexicon = self._lexicon
        found: dict[int, int] = {}
        for slot, quality in best.items():
            phrase = lexicon.slot_phrase[slot]
            found[phrase] = found.get(phrase, 0) + lexicon.slot_mass[slot] * quality
        return {phrase: mass // max(1, lexicon.phrase_mass[phrase]) for phrase, mass in found.items()}

    def _evidence(self, clue: _Clue, cover: dict[int, int]) -> dict[int, int]:
        """What one word says for each category, in thousandths: its best phrase, or its share of titles."""
        lexicon = self._lexicon
        best = {category: share * TITLE_WEIGHT // ONE for category, share in clue.titles.items()}
        for slot, quality in clue.slots.items():
            phrase = lexicon.slot_phrase[slot]
            category = lexicon.phrase_category[phrase]
            evidence = (
                lexicon.phrase_weight[phrase]
                * quality
                * (PARTIAL * ONE + (ONE - PARTIAL) * cover[phrase])
                // (ONE * ONE * ONE)
            )
            best[category] = max(best.get(category, 0), evidence)
        return best

    # -- from text to clues ---------------------------------------------------------------------------------------

    def _clues(self, text: str) -> list[_Clue]:
        wanted: list[str] = []
        context: list[str] = []
        broken = False
        for token in self._joined(tokens(folded(text))):
            if token in BREAKS and wanted:
                broken = True
            elif self._counts(token):
                (context if broken else wanted).append(token)
        wanted = wanted[:QUERY_WORD_COUNT_MAX]
        head = self._head(wanted)
        clues: list[_Clue] = []
        for index, word in enumerate(wanted):
            self._add(clues, word, HEAD_PERCENT if index == head else PLAIN_PERCENT)
        for word in context[: QUERY_WORD_COUNT_MAX - len(wanted)]:
            self._add(clues, word, CONTEXT_PERCENT)
        return clues

    def _head(self, words: list[str]) -> int:
        """Place of the noun asked for: the last word, but what only titles know (*Schuhe Leder*) describes."""
        for index in range(len(words) - 1, -1, -1):
            if words[index] not in self._lexicon.word_stems or self._is_named(words[index]):
                return index
        return len(words) - 1

    def _counts(self, token: str) -> bool:
        """True for a word that may say what is wanted. A name's own words count whatever they look like."""
        return self._is_named(token) or (is_word(token) and token not in QUALIFIERS)

    def _is_named(self, word: str) -> bool:
        return any(stem in self._lexicon.stem_slots for stem in self._lexicon.word_stems.get(word, ()))

    def _joined(self, words: list[str]) -> list[str]:
        """*night stand* → *nightstand*, *t shirt* → *tshirt*, where a name writes it as one."""
        joined: list[str] = []
        for word in words:
            both = joined[-1] + word if joined and joined[-1] not in FILLERS else ""
            forms = (both, *(both + ending for ending in ENDINGS)) if len(both) > PART_LENGTH_MIN else ()
            known = next((form for form in forms if self._is_named(form)), "")
            if known:
                joined[-1] = known
            else:
                joined.append(word)
        return joined

    def _add(self, clues: list[_Clue], word: str, percent: int) -> None:
        """Append what a word says: as it stands, as a compound, as the head of one, as a misspelling."""
        lexicon = self._lexicon
        stems = lexicon.word_stems.get(word) or self._stems.of(word)
        clue = self._of_stems(stems, STEM_QUALITY, percent)
        if not clue.slots:
            self._add_compound(clues, clue, stems, percent)
        if not clue.slots and not clue.titles and len(word) >= TYPO_LENGTH_MIN:
            near = tuple(known for stem in stems for known in lexicon.near_stems.near(stem))
            clue = self._of_stems(near, TYPO_QUALITY, percent)
        if not clue.weight:
            unknown_percent = UNKNOWN_HEAD_PERCENT if percent == HEAD_PERCENT else UNKNOWN_PERCENT
            clue.weight = lexicon.unknown_mass * unknown_percent // 100
        clues.append(clue)

    def _add_compound(self, clues: list[_Clue], clue: _Clue, stems: Stems, percent: int) -> None:
        """Let `clue` say what the last part of the word says, and append what the parts before it say."""
        for stem in stems:
            parts = split(stem[1:], stem[0], self._lexicon.stem_mass)
            if not parts:
                continue
            for part in parts[:-1]:
                clues.append(self._of_stems((part,), STEM_QUALITY, percent * PART_PERCENT // 100))
            head = self._of_stems((parts[-1],), STEM_QUALITY, percent)
            clue.weight = max(clue.weight, head.weight)
            clue.slots = head.slots
            clue.titles = clue.titles or head.titles
            return
        self._add_open_heads(clue, stems[0], percent)

    def _of_stems(self, stems: tuple[str, ...], quality: int, percent: int) -> _Clue:
        lexicon = self._lexicon
        clue = _Clue(max((lexicon.stem_mass.get(stem, 0) for stem in stems), default=0) * percent // 100)
        for stem in stems:
            for slot in lexicon.stem_slots.get(stem, ()):
                clue.slots[slot] = quality
            for category, share in lexicon.title_shares.get(stem, ()):
                clue.titles[category] = max(clue.titles.get(category, 0), share * quality // ONE)
        return clue

    def _add_open_heads(self, clue: _Clue, german_stem: str, percent: int) -> None:
        """*Trail|schuhe* where only *Schuhe* is known, and *Schuhe* where only *Laufschuhe* is."""
        lexicon = self._lexicon
        for slot in lexicon.head_slots.get(german_stem, ()):
            clue.slots[slot] = HEAD_QUALITY
        for head in heads(german_stem[1:]):
            for slot in lexicon.stem_slots.get("d" + head, ()):
                if len(head) > 3 and lexicon.phrase_slots[lexicon.slot_phrase[slot]] == 1:
                    clue.slots.setdefault(slot, HEAD_QUALITY)
            if clue.slots:
                break
        if clue.slots and not clue.weight:
            clue.weight = max(lexicon.slot_mass[slot] for slot in clue.slots) * percent // 100

"""How good an index is on labelled queries, beside a naive rival: precision of its answers, and how many it gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from geooffer.engine.search_text import CategoryWords, SearchIndex

Labelled = Sequence[tuple[str, str]]
"""(query, category)"""


@dataclass(frozen=True)
class Quality:
    """Counts over one set of queries."""

    asked: int
    answered: int
    right: int

    @property
    def precision(self) -> float:
        return self.right / max(1, self.answered)

    @property
    def coverage(self) -> float:
        return self.answered / self.asked

    @property
    def accuracy(self) -> float:
        """Right answers of all questions (top 1)."""
        return self.right / self.asked

    def __str__(self) -> str:
        return f"precision {self.precision:.3f} coverage {self.coverage:.3f} top-1 {self.accuracy:.3f} of {self.asked}"


def measure(answer: Callable[[str], str | None], queries: Labelled) -> Quality:
    answers = [(answer(query), wanted) for query, wanted in queries]
    given = [(found, wanted) for found, wanted in answers if found is not None]
    return Quality(len(queries), len(given), sum(found == wanted for found, wanted in given))


def naive(categories: Iterable[CategoryWords]) -> Callable[[str], str | None]:
    """The rival: the category that shares most words, as written, with the query; None on a tie or on nothing."""
    words = {
        category.category_id: {
            word for text in (*category.names, *category.synonyms, *category.titles) for word in text.lower().split()
        }
        for category in categories
    }

    def answer(text: str) -> str | None:
        wanted = set(text.lower().split())
        shared = sorted(((len(wanted & held), category) for category, held in words.items()), reverse=True)
        if not shared or shared[0][0] == 0 or (len(shared) > 1 and shared[1][0] == shared[0][0]):
            return None
        return shared[0][1]

    return answer


def by_name(queries: Labelled) -> list[CategoryWords]:
    """Categories known by nothing but their names."""
    return [CategoryWords(name, (name,)) for name in sorted({category for _, category in queries})]


def half_of(query: str) -> int:
    """0 or 1, by hash: the same half on every machine."""
    return sha256(query.encode()).digest()[0] & 1


def by_half(queries: Labelled, half: int, field: str) -> list[CategoryWords]:
    """Categories known by their names and, as `titles` or `synonyms`, by one half of the queries."""
    seen: dict[str, list[str]] = {category: [] for _, category in queries}
    for query, category in queries:
        if half_of(query) == half:
            seen[category].append(query)
    return [CategoryWords(name, (name,), **{field: tuple(texts)}) for name, texts in sorted(seen.items())]


def both_halves(queries: Labelled, field: str) -> tuple[Quality, Quality]:
    """Each half asked of an index that learned from the other: (ours, naive), counts of both halves added."""
    found = []
    for build in (lambda words: SearchIndex.build(words).category_of, naive):
        parts = [
            measure(build(by_half(queries, half, field)), [row for row in queries if half_of(row[0]) != half])
            for half in (0, 1)
        ]
        found.append(Quality(*(sum(counts) for counts in zip(*map(_counts, parts), strict=True))))
    return found[0], found[1]


def _counts(quality: Quality) -> tuple[int, int, int]:
    return quality.asked, quality.answered, quality.right

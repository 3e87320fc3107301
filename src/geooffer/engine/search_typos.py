"""Stems one edit away: a neighbourhood of deletions in two sorted arrays.

Two words are within one edit (a letter added, missing, changed, or two neighbours swapped) only if they meet after
deleting at most one letter from each. So each known stem leaves the hashes of itself and of its deletions; the stem of
a query's word looks up its own. Stems, not words: *waschmachine* is one edit from the stem of *Waschmaschinen*. Hits
are verified, so a hash that meets by chance costs time and changes nothing. 8 bytes a deletion, about 85 bytes a stem;
a dictionary of strings would take ten times that.
"""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

import numpy as np

from geooffer.model.columns import Int32Array

TYPO_LENGTH_MIN = 5
"""Shorter words have too many real neighbours (Hose, Dose, Rose)."""
STEM_LENGTH_MIN = 4
"""The stem of such a word may be a letter shorter."""


def within_one_edit(left: str, right: str) -> bool:
    """True if one insertion, deletion, substitution or swap of neighbours makes them equal (or they are)."""
    if abs(len(left) - len(right)) > 1:
        return False
    start = 0
    shortest = min(len(left), len(right))
    while start < shortest and left[start] == right[start]:
        start += 1
    a, b = left[start:], right[start:]
    if len(a) == len(b):
        return a[1:] == b[1:] or (len(a) > 1 and a[0] == b[1] and a[1] == b[0] and a[2:] == b[2:])
    return a[1:] == b if len(a) > len(b) else a == b[1:]


def _keys(stem: str) -> list[int]:
    # the mark and the first letter stay: hardly anyone mistypes it, and the nearest real words differ there
    shorter = {stem, *(stem[:cut] + stem[cut + 1 :] for cut in range(2, len(stem)))}
    return sorted(crc32(form.encode()) for form in shorter)


class NearStems:
    """Known marked stems, to be found by one that is an edit away, of the same language and first letter."""

    def __init__(self, stems: Iterable[str]) -> None:
        self._stems = sorted(stem for stem in set(stems) if len(stem) > STEM_LENGTH_MIN)
        keys: list[int] = []
        numbers: list[int] = []
        for number, stem in enumerate(self._stems):
            found = _keys(stem)
            keys.extend(found)
            numbers.extend([number] * len(found))
        unsorted = np.array(keys, dtype=np.uint32)
        order = np.argsort(unsorted, kind="stable")
        self._keys = unsorted[order]
        self._numbers: Int32Array = np.array(numbers, dtype=np.int32)[order]

    @property
    def nbytes(self) -> int:
        """Bytes of the two arrays, without the stems themselves."""
        return self._keys.nbytes + self._numbers.nbytes

    def near(self, stem: str) -> list[str]:
        """Known stems within one edit of a marked stem, sorted; empty for short ones."""
        if len(stem) <= STEM_LENGTH_MIN:
            return []
        wanted = np.array(_keys(stem), dtype=np.uint32)
        low = np.searchsorted(self._keys, wanted, "left")
        high = np.searchsorted(self._keys, wanted, "right")
        numbers = {int(n) for start, stop in zip(low, high, strict=True) for n in self._numbers[start:stop]}
        found = [self._stems[number] for number in sorted(numbers)]
        return [known for known in found if known[:2] == stem[:2] and within_one_edit(known, stem)]

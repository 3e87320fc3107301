"""Copies spans of rows one after the other: what is left of append-only arrays when a merge drops the rest."""

from __future__ import annotations

from numba import types

from geooffer.kernels.compile import entry
from geooffer.kernels.types import I4
from geooffer.model.columns import Int32Array

_WORDS = types.Array(types.int32, 2, "C")


@entry(lambda: types.void(_WORDS, I4, I4, _WORDS), in_threads=True)
def gather_spans(source: Int32Array, starts: Int32Array, counts: Int32Array, target: Int32Array) -> None:
    """Rows [starts[i], starts[i] + counts[i]) of `source`, for each i in order, to the beginning of `target`.

    source, target: shape (n, words of a row): rows of any layout seen as int32. Holds no GIL: for use in a thread.
    """
    end = 0
    for span in range(len(starts)):
        for row in range(starts[span], starts[span] + counts[span]):
            for word in range(source.shape[1]):
                target[end, word] = source[row, word]
            end += 1

"""The hash table of devices against a dict, with removals, at every load the engine lets it reach."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from geooffer.kernels.hashing import hash_find, hash_put, hash_remove

CAPACITY = 16
KEY = st.one_of(st.integers(-8, 8), st.integers(-(2**63), 2**63 - 1)).filter(bool)
#: few distinct keys, so that runs form, wrap around and are closed again
KEYS = st.lists(KEY, min_size=1, max_size=CAPACITY - 1, unique=True)


@given(KEYS, st.data())
def test_a_table_is_a_dict(keys: list[int], data: st.DataObject) -> None:
    table_keys = np.zeros(CAPACITY, dtype=np.int64)
    table_values = np.zeros(CAPACITY, dtype=np.int32)
    model: dict[int, int] = {}
    steps = data.draw(st.lists(st.tuples(st.booleans(), st.sampled_from(keys), st.integers(0, 99)), max_size=60))
    for puts, key, value in steps:
        if puts:
            hash_put(table_keys, table_values, key, value)
            model[key] = value
        else:
            hash_remove(table_keys, table_values, key)
            model.pop(key, None)
        assert {key: hash_find(table_keys, table_values, key) for key in keys} == {
            key: model.get(key, -1) for key in keys
        }
        assert np.count_nonzero(table_keys) == len(model)


def test_many_keys_at_half_load() -> None:
    rng = np.random.default_rng(3)
    keys = np.unique(rng.integers(-(2**63), 2**63 - 1, 32_768, dtype=np.int64))
    table_keys = np.zeros(65_536, dtype=np.int64)
    table_values = np.zeros(65_536, dtype=np.int32)
    for value, key in enumerate(keys.tolist()):
        hash_put(table_keys, table_values, key, value)
    for key in keys[::2].tolist():
        hash_remove(table_keys, table_values, key)
    found = [hash_find(table_keys, table_values, key) for key in keys.tolist()]
    assert found == [value if value % 2 else -1 for value in range(len(keys))]


def test_small_numbers_do_not_pile_up() -> None:
    """Device keys may be 1, 2, 3 …: their homes must spread, else a probe walks the whole run."""
    table_keys = np.zeros(4_096, dtype=np.int64)
    table_values = np.zeros(4_096, dtype=np.int32)
    for key in range(1, 2_049):
        hash_put(table_keys, table_values, key, 0)
    used = table_keys != 0
    longest = max(len(run) for run in "".join("x" if cell else " " for cell in used.tolist()).split())
    assert longest < 64

"""A person's contacts against a plain list: added, found, given back and pruned, through the pool's free slots."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from geooffer.engine.people import People
from geooffer.kernels.contacts import contact_add, contact_find, contact_prune, contact_remove
from geooffer.model.catalog import Customer
from geooffer.model.tables import CONTACT_FREE_COUNT, CONTACT_MESSAGE, CONTACT_OFFER, NEVER_MS

KIND = st.sampled_from([CONTACT_OFFER, CONTACT_MESSAGE])
TIME = st.integers(0, 20)
STEP = st.one_of(
    st.tuples(st.just("add"), KIND, TIME, st.integers(0, 5), st.one_of(st.none(), TIME)),
    st.tuples(st.just("remove"), st.integers(0, 30)),
    st.tuples(st.just("prune"), TIME),
)


class Both:
    """The pool, and a list of (kind, key, slot, latest time), newest first."""

    def __init__(self) -> None:
        self.people = People()
        self.people.put_customer(5, Customer("ann", ()))
        self.people.put_customer(6, Customer("bob", ()))
        self.people.make_room(0, 64)
        contact_add(self.people.view, 1, CONTACT_OFFER, 0)
        self.free_count = self.free()
        self.held: list[tuple[int, int, int, int]] = []

    def free(self) -> int:
        return int(self.people.view.free[CONTACT_FREE_COUNT])

    def add(self, kind: int, time_ms: int, key: int, ended_ms: int | None) -> None:
        slot = contact_add(self.people.view, 0, kind, time_ms)
        row = self.people.view.contacts[slot]
        assert [int(row[name]) for name in ("delivered_ms", "displayed_ms", "ended_ms")] == [NEVER_MS] * 3
        assert [int(row[name]) for name in ("store_number", "offer_number", "category_number")] == [-1] * 3
        row["decision_key"] = key
        if ended_ms is not None:
            row["ended_ms"] = ended_ms
        self.held.insert(0, (kind, key, slot, max(time_ms, ended_ms or 0)))

    def remove(self, index: int) -> None:
        slot = self.held.pop(index)[2] if index < len(self.held) else 10**6
        assert contact_remove(self.people.view, 0, slot) == (slot != 10**6)

    def prune(self, before_ms: int) -> None:
        kept = [item for item in self.held if item[3] >= before_ms]
        assert contact_prune(self.people.view, 0, before_ms) == len(self.held) - len(kept)
        self.held = kept

    def check(self) -> None:
        view = self.people.view
        slots = []
        slot = int(view.persons["contact_head"][0])
        while slot >= 0:
            slots.append(slot)
            slot = int(view.contacts["next"][slot])
        assert slots == [item[2] for item in self.held]
        assert self.free() == self.free_count - len(self.held)
        for kind in (CONTACT_OFFER, CONTACT_MESSAGE):
            for key in range(6):
                found = [item[2] for item in self.held if item[:2] == (kind, key)]
                assert contact_find(view, 0, kind, key) == (found[0] if found else -1)


@given(st.lists(STEP, max_size=40))
def test_contacts_are_those_of_the_list(steps: list[tuple[object, ...]]) -> None:
    both = Both()
    for name, *values in steps:
        getattr(both, str(name))(*values)
    both.check()

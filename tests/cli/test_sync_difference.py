"""The difference of a full feed of nouns, against the rule written out id by id."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from geooffer.cli.sync_difference import Difference, changed_fields, noun_difference
from geooffer.v1 import resources_pb2 as pb

IDS = st.sampled_from("abcdef")
CATALOGS = st.dictionaries(IDS, st.integers(0, 2))
REFUSED = st.sets(st.one_of(IDS.map(lambda identifier: (identifier,)), st.just(())), max_size=3)


def category(identifier: str, variation: int) -> pb.Category:
    names = [pb.LocalizedText(language_code="en", text=f"name {variation}")] if variation else []
    return pb.Category(category_id=identifier, names=names)


def afterwards(identifier: str, held: dict[str, int], wanted: dict[str, int], refused: set[tuple[str, ...]]) -> int:
    """What an id is once the feed was applied, −1 = not there: the rule, slow and obvious."""
    if (identifier,) in refused:
        return held.get(identifier, -1)
    if identifier in wanted:
        return wanted[identifier]
    return held.get(identifier, -1) if () in refused else -1


@given(CATALOGS, CATALOGS, REFUSED)
def test_applied_it_gives_what_the_rule_says(
    held: dict[str, int], wanted: dict[str, int], refused: set[tuple[str, ...]]
) -> None:
    def difference(now: dict[str, int]) -> Difference:
        before = {name: category(name, variation) for name, variation in now.items()}
        after = {name: category(name, variation) for name, variation in wanted.items()}
        return noun_difference("categories", before, after, refused)

    told = difference(held)
    result = {name: variation for name, variation in held.items() if name not in told.of("deleted")}
    result |= {name: wanted[name] for name in (*told.of("created"), *told.of("changed"))}
    ids = {*held, *wanted}
    assert {name: result.get(name, -1) for name in ids} == {
        name: afterwards(name, held, wanted, refused) for name in ids
    }
    # every id once; one that is not held and named by a refused row is nowhere but among the refused
    named = [name for rows in told.rows.values() for name in rows]
    assert sorted(named) == sorted(name for name in ids if name in held or (name,) not in refused)
    assert set(told.of("changed").values()) <= {"names"}
    again = difference(result)
    assert {happens for happens, rows in again.rows.items() if rows} <= {"unchanged", "kept"}
    assert not again.removes_too_much


def test_changed_fields_are_named_in_the_order_of_the_message() -> None:
    size = pb.Size(system="EU", value="43")
    product = pb.Product(product_id="p", category_id="c", sizes=[size], stock_tracked=True)
    other = pb.Product(product_id="p", category_id="d", sizes=[size, size])
    assert changed_fields(product, other) == ("category_id", "sizes", "stock_tracked")
    assert changed_fields(product, product) == ()
    # set to its default is not the same as unset
    assert changed_fields(pb.Product(stock_tracked=False), pb.Product()) == ("stock_tracked",)


def test_more_than_a_tenth_is_too_much() -> None:
    def removing(count: int, of: int, happens: str = "deleted") -> bool:
        difference = Difference("products", of)
        for number in range(count):
            difference.add(happens, str(number))
        return difference.removes_too_much

    assert not removing(10, 100)
    assert removing(11, 100)
    assert removing(1, 9)
    assert not removing(0, 0)
    assert removing(11, 100, "zeroed")
    assert not removing(100, 100, "missing")

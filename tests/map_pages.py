"""Reading a page back as a browser would: its data block, and packed numbers by an obvious decoder."""

from __future__ import annotations

import base64
import json
from html.parser import HTMLParser
from typing import Any


class PageReader(HTMLParser):
    """Elements by tag with their attributes, and the text of scripts; fails on an element that is not closed."""

    VOID = frozenset(("meta", "input", "br", "link", "img"))

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.styles: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)
        if self.open and self.open[-1] == "style":
            self.styles.append(data)


def read_page(page: str) -> PageReader:
    """The page parsed; every element closed."""
    reader = PageReader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def data_of(page: str) -> Any:
    """The object of the page's data block."""
    return json.loads(read_page(page).scripts[0])


def numbers_of(packed: str) -> list[int]:
    """Zigzag varints, one octet after the other."""
    numbers = []
    value = shift = 0
    for octet in base64.b64decode(packed):
        value |= (octet & 127) << shift
        shift += 7
        if octet < 128:
            numbers.append((value >> 1) ^ -(value & 1))
            value = shift = 0
    assert shift == 0
    return numbers


Ring = list[tuple[int, int]]


def shapes_of(packed: str) -> list[tuple[int, int, int] | list[list[Ring]]]:
    """(latitude_e7, longitude_e7, radius_cm) of a circle, rings by part of a polygon."""
    numbers = iter(numbers_of(packed))
    at = [0, 0]

    def point() -> tuple[int, int]:
        at[0] += next(numbers)
        at[1] += next(numbers)
        return at[0], at[1]

    shapes: list[tuple[int, int, int] | list[list[Ring]]] = []
    for part_count in numbers:
        if part_count == 0:
            latitude_e7, longitude_e7 = point()
            shapes.append((latitude_e7, longitude_e7, next(numbers)))
        else:
            shapes.append(
                [[[point() for _ in range(next(numbers))] for _ in range(next(numbers))] for _ in range(part_count)]
            )
    return shapes

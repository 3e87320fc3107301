"""The words of the demo city: categories, invented brands, kinds of shops and their opening hours.

Pure tables. Brands and shop names are made up; a likeness to a real one would be chance.
"""

from __future__ import annotations

from typing import NamedTuple


class CategoryWords(NamedTuple):
    """A category: names, size system ('' = no sizes), range of regular prices in minor units."""

    category_id: str
    english: str
    german: str
    size_system: str
    price_low_minor: int
    price_high_minor: int
    demand: int
    """Relative weight among what people look for."""
    repurchase_preset: str = ""
    """A name of model/repurchase.py; '' = bought again at any time."""


CATEGORIES: tuple[CategoryWords, ...] = (
    CategoryWords("running-shoes", "Running shoes", "Laufschuhe", "EU", 8_990, 17_990, 6, "running_shoes"),
    CategoryWords("sneakers", "Sneakers", "Sneaker", "EU", 5_990, 13_990, 4, "shoes"),
    CategoryWords("hiking-boots", "Hiking boots", "Wanderstiefel", "EU", 9_990, 24_990, 2),
    CategoryWords("jackets", "Jackets", "Jacken", "INT", 7_990, 29_990, 3),
    CategoryWords("dresses", "Dresses", "Kleider", "INT", 3_990, 14_990, 3),
    CategoryWords("jumpers", "Jumpers", "Pullover", "INT", 2_990, 9_990, 2),
    CategoryWords("backpacks", "Backpacks", "Rucksäcke", "", 4_990, 15_990, 2),
    CategoryWords("headphones", "Headphones", "Kopfhörer", "", 3_990, 34_990, 4),
    CategoryWords("smartwatches", "Smartwatches", "Smartwatches", "", 9_990, 39_990, 2, "electronics"),
    CategoryWords("coffee-machines", "Coffee machines", "Kaffeemaschinen", "", 5_990, 69_990, 3, "electronics"),
    CategoryWords("cookware", "Cookware", "Kochgeschirr", "", 2_490, 19_990, 2),
    CategoryWords("lamps", "Lamps", "Leuchten", "", 2_990, 24_990, 1),
    CategoryWords("coffee", "Coffee", "Kaffee", "", 790, 2_490, 2, "coffee"),
    CategoryWords("perfume", "Perfume", "Parfum", "", 3_490, 12_990, 3, "perfume"),
    CategoryWords("skincare", "Skincare", "Hautpflege", "", 1_290, 7_990, 2, "cosmetics"),
    CategoryWords("novels", "Novels", "Romane", "", 1_200, 2_600, 2, "books"),
    CategoryWords("board-games", "Board games", "Brettspiele", "", 1_990, 6_990, 2),
    CategoryWords("running-analysis", "Running analysis", "Laufanalyse", "", 3_900, 6_900, 1),
)

#: Taxed at the lower rate.
REDUCED_TAX_CATEGORY_IDS = frozenset({"novels", "coffee"})

#: Done by people, not taken from a shelf: no size, no stock.
SERVICE_CATEGORY_IDS = frozenset({"running-analysis"})

SIZE_VALUES: dict[str, tuple[str, ...]] = {
    "EU": tuple(str(size) for size in range(36, 48)),
    "INT": ("XS", "S", "M", "L", "XL", "XXL"),
}

#: How often each size is worn, per cent; what is worn often sells out first.
SIZE_SHARES: dict[str, tuple[int, ...]] = {
    "EU": (4, 7, 11, 13, 12, 11, 11, 12, 9, 6, 3, 1),
    "INT": (8, 20, 30, 24, 13, 5),
}

BRANDS = ("Veltra", "Lunaro", "Nordhaug", "Aspera", "Kestrin", "Morvana", "Tiliq", "Brunnlei", "Ozelio")
MODELS = ("Glide", "Aero", "Terra", "Nova", "Pulse", "Drift", "Alto", "Vista", "Echo", "Lumen", "Strato")


class ShopKind(NamedTuple):
    """A kind of shop: the noun in its name, what it sells, its share of all shops, its colour on the map."""

    kind: str
    noun: str
    category_ids: tuple[str, ...]
    share: int
    colour: str


SHOP_KINDS: tuple[ShopKind, ...] = (
    ShopKind(
        "sports", "Sport", ("running-shoes", "sneakers", "backpacks", "running-analysis"), 16, "#2f9e44",
    ),
    ShopKind("shoes", "Schuhe", ("running-shoes", "sneakers", "hiking-boots"), 14, "#1971c2"),
    ShopKind("outdoor", "Outdoor", ("hiking-boots", "jackets", "backpacks"), 8, "#5c940d"),
    ShopKind("fashion", "Mode", ("dresses", "jumpers", "jackets"), 20, "#c2255c"),
    ShopKind("electronics", "Elektro", ("headphones", "smartwatches", "coffee-machines"), 12, "#6741d9"),
    ShopKind("home", "Wohnen", ("cookware", "lamps", "coffee", "coffee-machines"), 10, "#a66908"),
    ShopKind("beauty", "Parfümerie", ("perfume", "skincare"), 10, "#9c36b5"),
    ShopKind("books", "Buch & Spiel", ("novels", "board-games"), 8, "#0b7285"),
    ShopKind(
        "department", "Kaufhaus",
        ("running-shoes", "sneakers", "dresses", "jumpers", "perfume", "coffee", "cookware", "headphones", "novels"),
        2, "#495057",
    ),
)  # fmt: skip

SHOP_NAMES = (
    "Arkade", "Bergmann", "Castell", "Delvin", "Eichhorn", "Falkner", "Gerlach", "Hollmann", "Ilse", "Jorgen",
    "Kaspar", "Lorenz", "Marbach", "Nestler", "Ottilie", "Paulsen", "Quandt", "Rosental", "Sander", "Thiele",
    "Ulmer", "Vogt", "Wieland", "Xaver", "Yorck", "Ziegler",
)  # fmt: skip


#: (share, opening hours): most shops open at nine or ten; boutiques late; some rest on Tuesday or at lunch.
OPENING_HOURS: tuple[tuple[int, str], ...] = (
    (46, "Mo-Sa 09:00-20:00; PH off"),
    (28, "Mo-Sa 10:00-19:00; PH off"),
    (12, "Mo-Sa 11:00-18:30; PH off"),
    (8, "Mo-Fr 09:00-12:30,14:00-18:00; PH off"),
    (6, "Mo,We-Sa 10:00-18:00; PH off"),
)

"""When goods are bought again: a waiting time per kind of goods, and how far she is due (product S2).

Presets are starting points a network may change per category. They are trade knowledge put down as round numbers, not
measured from data: the shared transaction data are a 5 % sample, from which intervals would come out too long.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from geooffer.errors import InvalidArgumentError
from geooffer.model.policy import DAY_MS

DUE_FULL_POINTS = 1_000
WAIT_DAYS_MAX = 7_300
"""20 years: nothing a shop sells lasts longer in its plans."""


@dataclass(frozen=True, slots=True)
class RepurchaseRule:
    """How long a purchase silences its category, and whether it comes due again.

    `wait_days` 0..7300 (0 = no waiting; a consumable needs at least 1). `is_consumable`: it is used up, so after the
    wait she is due. `search_lifts_wait`: a new search says she wants another one now.
    """

    wait_days: int
    is_consumable: bool = False
    search_lifts_wait: bool = False

    def __post_init__(self) -> None:
        low = 1 if self.is_consumable else 0
        if not low <= self.wait_days <= WAIT_DAYS_MAX:
            raise InvalidArgumentError(f"wait_days must be {low}..{WAIT_DAYS_MAX}", field="wait_days")


_USED_UP, _LASTS = True, False
_SEARCH_LIFTS, _SEARCH_WAITS = True, False

# name: (days, used up?, does a search lift the wait?)                      why
_TABLE = {
    # groceries and household
    "coffee": (21, _USED_UP, _SEARCH_LIFTS),  # a 1 kg bag serves two people about three weeks
    "tea": (45, _USED_UP, _SEARCH_LIFTS),  # a box lasts six weeks, and people try others beside it
    "groceries": (7, _USED_UP, _SEARCH_LIFTS),  # the weekly shop
    "wine": (21, _USED_UP, _SEARCH_LIFTS),  # bought by the bottle or the box, never for good
    "detergent": (45, _USED_UP, _SEARCH_WAITS),  # a pack of 40 washes at six a week
    "toilet_paper": (28, _USED_UP, _SEARCH_WAITS),  # a large pack for a household of two
    "diapers": (14, _USED_UP, _SEARCH_LIFTS),  # a monthly box runs out early, and the size changes
    "baby_food": (10, _USED_UP, _SEARCH_LIFTS),  # bought in small stocks, the child's taste changes
    "pet_food": (28, _USED_UP, _SEARCH_WAITS),  # a 10 kg sack for a middle-sized dog
    # care
    "perfume": (75, _USED_UP, _SEARCH_WAITS),  # 50 ml in daily use: two to three months (product S2)
    "cosmetics": (60, _USED_UP, _SEARCH_LIFTS),  # creams last two months; another product is another wish
    "shampoo": (45, _USED_UP, _SEARCH_WAITS),  # 250 ml in daily use
    "toothpaste": (35, _USED_UP, _SEARCH_WAITS),  # 75 ml, one person, twice a day
    "razor_blades": (60, _USED_UP, _SEARCH_WAITS),  # a pack of eight, a week each
    "sunscreen": (120, _USED_UP, _SEARCH_LIFTS),  # seasonal; a search means that the journey is near
    "contact_lenses": (84, _USED_UP, _SEARCH_WAITS),  # three months' supply, reminded a week early
    "vitamins": (55, _USED_UP, _SEARCH_WAITS),  # 60 capsules; the class may be a special one (D1.5)
    # supplies
    "printer_ink": (120, _USED_UP, _SEARCH_LIFTS),  # about 200 pages a cartridge; empty always comes too soon
    "batteries": (120, _USED_UP, _SEARCH_LIFTS),  # a pack feeds a few things for a season
    "water_filters": (28, _USED_UP, _SEARCH_WAITS),  # makers tell to change monthly
    "vacuum_bags": (180, _USED_UP, _SEARCH_WAITS),  # a pack of four or five
    "light_bulbs": (365, _LASTS, _SEARCH_LIFTS),  # LEDs last for years; a search means another lamp
    # wear and leisure
    "running_shoes": (180, _USED_UP, _SEARCH_LIFTS),  # worn out after 600 to 800 km: half a year for who trains
    "shoes": (90, _LASTS, _SEARCH_LIFTS),  # a pair a season; she may want another kind
    "clothing": (30, _LASTS, _SEARCH_LIFTS),  # bought often, but not the same again
    "books": (14, _LASTS, _SEARCH_LIFTS),  # read first; a search is for another title
    "toys": (30, _LASTS, _SEARCH_LIFTS),  # birthdays come in crowds
    "bicycle": (1_460, _LASTS, _SEARCH_WAITS),  # four years; who looks again compares what she has
    # things that last
    "electronics": (365, _LASTS, _SEARCH_LIFTS),  # a mixed kind: a search is mostly for another device
    "smartphone": (730, _LASTS, _SEARCH_WAITS),  # two years, a contract's length
    "laptop": (1_095, _LASTS, _SEARCH_WAITS),  # three years
    "television": (1_825, _LASTS, _SEARCH_WAITS),  # five years
    "furniture": (365, _LASTS, _SEARCH_LIFTS),  # a flat is furnished piece by piece
    "mattress": (2_920, _LASTS, _SEARCH_WAITS),  # eight years is what makers recommend
    "washing_machine": (2_920, _LASTS, _SEARCH_WAITS),  # eight to ten years; advertising one next week is the joke
    "refrigerator": (3_650, _LASTS, _SEARCH_WAITS),  # ten years
    "glasses": (730, _LASTS, _SEARCH_WAITS),  # eyes are tested every two years
    # no goods
    "services": (28, _USED_UP, _SEARCH_LIFTS),  # a haircut, a car wash: about monthly
    "none": (0, _LASTS, _SEARCH_LIFTS),  # no waiting at all: the default of a category that says nothing
}

PRESETS: Mapping[str, RepurchaseRule] = MappingProxyType({name: RepurchaseRule(*row) for name, row in _TABLE.items()})
"""Rules by kind of goods."""


def due_points(bought_ms: int, now_ms: int, rule: RepurchaseRule) -> int:
    """How far she is due to buy again, 0..1000, from integers alone; the oracle of the kernel that ranks by it.

         points
    1000 |          ________________
         |         /                |
         |        /                 |
       0 |_______/                  |______ days since the purchase
                1 × wait  1.5 ×     3 × wait

    0 until the wait is over (and at that very moment), then rising in a straight line to full at 1.5 × wait, full
    until 3 × wait inclusive, and 0 after: who has not come by then buys elsewhere. Always 0 if not consumable.
    """
    wait_ms = rule.wait_days * DAY_MS
    age_ms = now_ms - bought_ms
    if not rule.is_consumable or age_ms <= wait_ms or age_ms > 3 * wait_ms:
        return 0
    if 2 * age_ms >= 3 * wait_ms:
        return DUE_FULL_POINTS
    return 2 * DUE_FULL_POINTS * (age_ms - wait_ms) // wait_ms

"""Each CSV table: its nouns, the columns it wants, and why a line is refused (never quoting what it holds)."""

from __future__ import annotations

from pathlib import Path

import pytest

from geooffer.errors import InvalidArgumentError
from geooffer.importers.campaign_lines import AudienceMember, read_cap_rule
from geooffer.importers.csv_files import read_table
from geooffer.importers.tables import TABLES
from geooffer.model.catalog import (
    Audience,
    Campaign,
    Category,
    Customer,
    Geofence,
    Offer,
    Price,
    Product,
    Size,
    StockFigure,
    Store,
)
from geooffer.model.consent import Notice
from geooffer.model.frequency import CapRule
from geooffer.model.keys import device_key
from geooffer.model.kinds import (
    AccountKind,
    CapEvent,
    CapScope,
    CapWindow,
    CapZone,
    Channel,
    IdentityKind,
)
from geooffer.model.repurchase import RepurchaseRule
from geooffer.model.shapes import Circle
from geooffer.model.signals import ConsentEvent, Identity, IdentityLink, Touchpoint
from geooffer.model.verdicts import OfferTrigger, Purpose, TouchpointKind

NOON = "2026-03-03T12:00:00Z"
NOON_MS = 1_772_539_200_000

GOOD = {
    "stores": (
        "store_id,latitude,longitude,time_zone,name,opening_hours,country,region,tags,is_online\n"
        "s1,52.5,13.4,Europe/Berlin,Mitte,Mo 09:00-10:00,DE,DE-BE,flagship|city,yes\n",
        Store(
            "s1", "Mitte", 525_000_000, 134_000_000, "Europe/Berlin", "Mo 09:00-10:00",
            country="DE", region="DE-BE", tags=("city", "flagship"), is_online=True,
        ),
    ),
    "fences": (
        "geofence_id,latitude,longitude,radius_m,store_id,dwell_s\nf1,52.5,-0.5,30,s1,120\n",
        Geofence("f1", Circle(525_000_000, -5_000_000, 3_000), "s1", "", 120_000),
    ),
    "categories": (
        "category_id;name_de;name_en;synonyms_en;synonyms_de;size_chart;repurchase_preset;wait_days;is_consumable;"
        "search_lifts_wait;is_special\n"
        "shoes;Laufschuhe;Running shoes;trainers|joggers;Turnschuhe;shoes_men;coffee;90;yes;no;no\n",
        Category(
            "shoes", (("de", "Laufschuhe"), ("en", "Running shoes")),
            (("de", "Turnschuhe"), ("en", "joggers"), ("en", "trainers")), "shoes_men", "coffee",
            RepurchaseRule(90, is_consumable=True), is_special=False,
        ),
    ),
    "products": (
        "product_id,category_id,title_en,sizes,stock_tracked,safety_stock_count,is_sold_online,vat_percent\n"
        "p1,shoes,Swift 3,EU 42|EU 43.5,no,3,yes,8.1\n",
        Product(
            "p1", "shoes", (("en", "Swift 3"),), (Size("EU", "42"), Size("EU", "43.5")), stock_tracked=False,
            safety_stock_count=3, is_sold_online=True, vat_basis_points=810,
        ),
    ),
    "prices": (
        f"product_id,amount_minor,currency,valid_from_time,store_id\np1,7990,EUR,{NOON},\n",
        Price("p1", 7990, "EUR", NOON_MS),
    ),
    "audiences": ("audience_id,name\nrunners,Runners\n", Audience("runners", "Runners")),
    "audience_members": ("audience_id,customer_id\nrunners,c1\n", AudienceMember("runners", "c1")),
    "campaigns": (
        "campaign_id,name,paused,budget_count,minimum_tier,account_kinds,channels,audience_id,cap_rules,"
        "held_out_percent,score_floor,is_open_when_hours_unknown,offers_other_branch,offers_shipping\n"
        "spring,Spring,no,500,2,business,in-app|push,runners,person 3 24h|CAMPAIGN_TOTAL 9 CALENDAR_WEEK,"
        "2.5,100,yes,no,1\n",
        Campaign(
            "spring", "Spring", False, 500, 2, AccountKind.BUSINESS.bit, Channel.IN_APP.bit | Channel.PUSH.bit,
            "runners",
            (
                CapRule(CapScope.PERSON, 3),
                CapRule(CapScope.CAMPAIGN_TOTAL, 9, CapWindow.CALENDAR_WEEK, zone=CapZone.UTC),
            ),
            250, 100, True, False, True,
        ),
    ),
    "offers": (
        "offer_id,product_id,valid_from_time,valid_until_time,store_ids,trigger,minimum_price_cut_percent,"
        f"required_purposes,campaign_id\no1,p1,{NOON},2026-04-01T00:00:00+02:00,s2|s1|s2,dwell,20,push_marketing,spring\n",
        Offer(
            "o1", "p1", NOON_MS, 1_774_994_400_000, ("s1", "s2"), 20, OfferTrigger.DWELL, False,
            Purpose.PUSH_MARKETING.bit, "spring",
        ),
    ),
    "stock": (
        f"store_id,product_id,available_count,as_of_time,size\ns1,p1,2,{NOON},EU 43\n",
        StockFigure("s1", "p1", Size("EU", "43"), 2, NOON_MS),
    ),
    "customers": (
        "customer_id,device_keys,language,time_zone\nc1,7|phone-a,de,Europe/Lisbon\n",
        Customer("c1", tuple(sorted((7, device_key("phone-a")))), "de", "Europe/Lisbon"),
    ),
    "identities": (
        "customer_id,device_key,web_id,loyalty_id\nc1,,,card-77\n",
        IdentityLink("c1", Identity(IdentityKind.LOYALTY, "card-77")),
    ),
    "touchpoints": (
        f"customer_id,kind,event_time,category_id,product_id,size\nc1,search,{NOON},shoes,,EU 43\n",
        Touchpoint("c1", TouchpointKind.SEARCH, NOON_MS, "shoes", "", Size("EU", "43")),
    ),
    "consents": (
        "customer_id,purposes,granted,event_time,notice_version\n"
        f"c1,PRECISE_LOCATION_FOR_OFFERS|search-intent-use,true,{NOON},v1\n",
        ConsentEvent("c1", 0b101, True, NOON_MS, "v1"),
    ),
    "notices": (
        "notice_version,effective_time,purposes,controller,withdrawal_method,sha256_de,sha256_en,recipients\n"
        f"v1,{NOON},PUSH_MARKETING,Shop AG,in the app,{'ab' * 32},{'CD' * 32},Post|Bank\n",
        Notice(
            "v1", NOON_MS, 16, (("de", "ab" * 32), ("en", "cd" * 32)), "Shop AG", ("Post", "Bank"), "in the app"
        ),
    ),
}  # fmt: skip


def write(tmp_path: Path, text: str, name: str = "a.csv") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def test_every_table_has_an_example() -> None:
    assert GOOD.keys() == TABLES.keys()


@pytest.mark.parametrize("kind", TABLES)
def test_a_good_line_becomes_its_noun(tmp_path: Path, kind: str) -> None:
    text, expected = GOOD[kind]
    found = read_table(write(tmp_path, text), kind)
    assert found.refusals == []
    assert found.items == [expected]
    assert [row.place for row in found.rows] == ["line 2"]


@pytest.mark.parametrize("kind", TABLES)
def test_a_missing_column_is_named(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path, "whatever\n1\n")
    with pytest.raises(InvalidArgumentError) as caught:
        read_table(path, kind)
    for column in TABLES[kind].required:
        assert column in caught.value.message
    assert str(path) in caught.value.message


@pytest.mark.parametrize("kind", TABLES)
def test_an_unknown_column_is_named(tmp_path: Path, kind: str) -> None:
    header, good = GOOD[kind][0].splitlines()
    delimiter = ";" if ";" in header else ","
    with pytest.raises(InvalidArgumentError, match="unknown column colour "):
        read_table(write(tmp_path, f"{header}{delimiter}colour\n{good}{delimiter}red\n"), kind)


@pytest.mark.parametrize(("kind", "line"), [("customers", "anna,77123"), ("fences", "f,47.3769,8.5417,30,47.3769")])
def test_a_missing_header_is_said_and_its_data_not_quoted(tmp_path: Path, kind: str, line: str) -> None:
    with pytest.raises(InvalidArgumentError, match="first line") as caught:
        read_table(write(tmp_path, f"{line}\n{line}\n"), kind)
    for cell in line.split(",")[:3]:
        assert len(cell) == 1 or cell not in caught.value.message


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_without_a_line_is_an_error(tmp_path: Path, kind: str) -> None:
    header = GOOD[kind][0].splitlines()[0]
    with pytest.raises(InvalidArgumentError, match="holds a header and no line"):
        read_table(write(tmp_path, header), kind)


@pytest.mark.parametrize("kind", TABLES)
def test_an_empty_required_cell_refuses_the_line_alone(tmp_path: Path, kind: str) -> None:
    header, good = GOOD[kind][0].splitlines()
    blank = (";" if ";" in header else ",") * (len(header.replace(";", ",").split(",")) - 1)
    # a line of nothing but delimiters is blank; one filled optional cell makes it a line
    found = read_table(write(tmp_path, f"{header}\n{blank}\n{good}\n"), kind)
    assert len(found.rows) == 1
    assert found.refusals == []


BAD_CELLS = [
    ("stores", "52.5", "abc", "latitude: not a number"),
    ("stores", "52.5", "nan", "latitude: not a number"),
    ("stores", "52.5", "91", "latitude: outside -90..90"),
    ("stores", "52.5", "1e400", "latitude: not a"),
    ("stores", "52.5", "", "latitude: is missing"),
    ("stores", "13.4", "181", "longitude: outside -180..180"),
    ("stores", "s1", "s 1", "store_id: an id is"),
    ("stores", "s1", "x" * 129, "store_id: an id is"),
    ("stores", "Europe/Berlin", "../../etc/passwd", "time_zone: not an IANA"),
    ("stores", "Europe/Berlin", "localtime", "time_zone: not an IANA"),
    ("stores", "Europe/Berlin", "Berlin", "time_zone: not an IANA"),
    ("stores", "Mitte", "M" * 513, "name: longer than 512"),
    ("stores", "Mo 09:00-10:00", "often", "opening_hours: not OpenStreetMap opening hours"),
    ("stores", "Mo 09:00-10:00", "Mo " * 200, "opening_hours: longer than 512"),
    ("stores", ",DE,", ",Germany,", "country: not an ISO 3166-1"),
    ("stores", "DE-BE", "B" * 129, "region: longer than 128"),
    ("stores", "flagship|city", "city|city", "tags: names a tag twice"),
    ("stores", "flagship|city", "city centre", "tags: an id is"),
    ("stores", ",yes", ",perhaps", "is_online: neither true nor false"),
    ("fences", ",30,", ",0.5,", "the radius must"),
    ("fences", ",30,", ",1e9,", "the radius must"),
    ("fences", "120", "x", "dwell_s: not a whole number"),
    ("categories", "shoes;", ";", "category_id: is missing"),
    ("categories", "|joggers", "|trainers", "synonyms_en: names a word twice"),
    ("categories", "|joggers", "".join(f"|w{number}" for number in range(64)), "synonyms: more than 64"),
    ("categories", "shoes_men", "shoes", "size_chart: not one of shoes_women"),
    ("categories", "coffee", "Coffee", "repurchase_preset: not one of coffee"),
    ("categories", ";90;", ";7301;", "wait_days: outside 1..7300"),
    ("categories", ";90;", ";0;", "wait_days: outside 1..7300"),
    ("categories", ";90;", ";;", "is_consumable: needs wait_days"),
    ("products", ",3,", ",-1,", "safety_stock_count: outside"),
    ("products", ",yes,", ",soon,", "is_sold_online: neither true nor false"),
    ("products", "8.1", "8.125", "vat_percent: not a percentage"),
    ("products", "8.1", "100.01", "vat_percent: not a percentage"),
    ("products", "8.1", "-1", "vat_percent: not a percentage"),
    ("audiences", "runners", "the runners", "audience_id: an id is"),
    ("audience_members", "c1", "c 1", "customer_id: an id is"),
    ("campaigns", ",500,", ",-1,", "budget_count: outside"),
    ("campaigns", ",2,", ",10,", "minimum_tier: outside 0..9"),
    ("campaigns", "business", "robot", "account_kinds: not one of CONSUMER"),
    ("campaigns", "push", "radio", "channels: not one of IN_APP"),
    ("campaigns", "2.5", "101", "held_out_percent: not a percentage"),
    ("campaigns", ",100,", ",100001,", "score_floor: outside"),
    ("campaigns", "person 3 24h", "person 3", "cap_rules: a cap rule is SCOPE"),
    ("campaigns", "person 3 24h", "person 3 24h UTC", "cap_rules: a cap rule is SCOPE"),
    ("campaigns", "person 3 24h", "person 3 24h DECIDED UTC", "cap_rules: a cap rule is SCOPE"),
    ("campaigns", "person 3 24h", "people 3 24h", "cap_rules: not one of PERSON"),
    ("campaigns", "person 3 24h", "person x 24h", "cap_rules: not a whole number"),
    ("campaigns", "person 3 24h", "person 3 CALENDAR_YEAR", "cap_rules: not one of CALENDAR_DAY"),
    ("campaigns", "person 3 24h", "person 3 32d", "cap_rules: a sliding window lasts"),
    ("campaigns", "person 3 24h", "campaign-total 3 24h displayed", "cap_rules: a campaign's total counts decisions"),
    ("campaigns", "person 3 24h|", "person 3 24h|" * 16, "cap_rules: more than 16"),
    ("offers", ",spring", ",the spring", "campaign_id: an id is"),
    ("products", "Swift 3", "", "title: no title"),
    ("products", "EU 42|", "EU 43.5|", "sizes: names a size twice"),
    ("products", "EU 42|", "42|", "sizes: a size is"),
    ("products", ",no", ",maybe", "stock_tracked: neither true nor false"),
    ("prices", "7990", "79.90", "amount_minor: not a whole number"),
    ("prices", "7990", "0", "amount_minor: outside"),
    ("prices", "7990", "9" * 30, "amount_minor: not a whole number"),
    ("prices", "EUR", "€", "currency: not an ISO 4217"),
    ("prices", NOON, "2026-03-03 12:00", "valid_from_time: a time needs a zone"),
    ("prices", NOON, "1066-10-14T00:00:00Z", "valid_from_time: a time must lie"),
    ("offers", "2026-04-01T00:00:00+02:00", NOON, "valid_until_time: is not after"),
    ("offers", "dwell", "exit", "trigger: not one of ENTER, DWELL"),
    ("offers", ",20,", ",100,", "minimum_price_cut_percent: outside 0..99"),
    ("offers", "push_marketing", "spying", "required_purposes: not one of"),
    ("offers", "s2|s1", "s2||s1", "store_ids: is missing"),
    ("stock", ",2,", ",-1,", "available_count: outside 0..1000000000"),
    ("customers", "7|phone-a", "7|7", "device_keys: names a device twice"),
    ("customers", "7|phone-a", "|".join(map(str, range(1, 40))), "device_keys: more than 32"),
    ("customers", ",de", ",german", "language: not an ISO 639-1"),
    ("touchpoints", "search", "stare", "kind: not one of SEARCH"),
    ("customers", "Europe/Lisbon", "Lisbon", "time_zone: not an IANA"),
    ("identities", "card-77", "", "device_key: exactly one"),
    ("identities", ",,,card-77", ",9,,card-77", "device_key: exactly one"),
    ("identities", ",,,card-77", ",0,,", "device_key: 0 is no device key"),
    ("identities", "card-77", "a@b", "loyalty_id: an id is"),
    ("touchpoints", "c1", "", "customer_id: exactly one"),
    ("touchpoints", "shoes,,", "shoes,p1,", "category_id: name one of"),
    ("touchpoints", "shoes,,", ",,", "category_id: a touchpoint of kind SEARCH needs"),
    ("touchpoints", "search", "return", "size: a touchpoint of kind RETURN has no size"),
    ("touchpoints", "search", "preference", ""),
    ("touchpoints", "EU 43", "43", "size: a size is"),
    ("consents", "search-intent-use", "everything", "purposes: not one of"),
    ("consents", ",true,", ",perhaps,", "granted: neither"),
    ("consents", ",true,", ",,", "granted: is missing"),
    ("consents", ",v1", ",", "notice_version: needed"),
]


@pytest.mark.parametrize(("kind", "old", "new", "reason"), BAD_CELLS)
def test_a_bad_cell_refuses_its_line(tmp_path: Path, kind: str, old: str, new: str, reason: str) -> None:
    header, good = GOOD[kind][0].splitlines()
    assert old in good
    bad = good.replace(old, new, 1)
    found = read_table(write(tmp_path, f"{header}\n{bad}\n"), kind)
    if not reason:
        assert found.refusals == []
        return
    assert found.rows == []
    assert [refusal.place for refusal in found.refusals] == ["line 2"]
    assert found.refusals[0].reason.startswith(reason)


def test_reasons_never_quote_persons_or_places(tmp_path: Path) -> None:
    text = f"customer_id,kind,event_time,category_id\nsecret-person,secret-kind,{NOON},secret-search\n"
    reasons = [item.reason for item in read_table(write(tmp_path, text), "touchpoints").refusals]
    twice = "customer_id,device_keys\nsecret-person,77123\nsecret-person,77124\n"
    reasons += [item.reason for item in read_table(write(tmp_path, twice), "customers").refusals]
    place = "geofence_id,latitude,longitude,radius_m\nf,95.1234567,13.7654321,30\n"
    reasons += [item.reason for item in read_table(write(tmp_path, place), "fences").refusals]
    assert len(reasons) == 3
    for word in ("secret", "77123", "77124", "95.1", "13.7"):
        assert not any(word in reason for reason in reasons)


@pytest.mark.parametrize("kind", sorted(TABLES.keys() - {"touchpoints", "consents"}))
def test_a_second_line_of_one_identity_is_refused(tmp_path: Path, kind: str) -> None:
    header, good = GOOD[kind][0].splitlines()
    path = write(tmp_path, f"{header}\n{good}\n{good}\n")
    found = read_table(path, kind)
    assert len(found.rows) == 1
    assert f"as line 2 of {path}" in found.refusals[0].reason


@pytest.mark.parametrize("kind", ["touchpoints", "consents"])
def test_signals_may_repeat(tmp_path: Path, kind: str) -> None:
    header, good = GOOD[kind][0].splitlines()
    assert len(read_table(write(tmp_path, f"{header}\n{good}\n{good}\n"), kind).rows) == 2


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("PERSON 0 90min", CapRule(CapScope.PERSON, 0, window_ms=5_400_000)),
        ("person-store 1 7D", CapRule(CapScope.PERSON_STORE, 1, window_ms=604_800_000)),
        ("PERSON 2 24h contacted", CapRule(CapScope.PERSON, 2, event=CapEvent.CONTACTED)),
        (
            "PERSON_CAMPAIGN 1 CALENDAR_DAY STORE DISPLAYED",
            CapRule(CapScope.PERSON_CAMPAIGN, 1, CapWindow.CALENDAR_DAY, zone=CapZone.STORE, event=CapEvent.DISPLAYED),
        ),
        (
            "PERSON_CATEGORY 1 calendar_month delivered",
            CapRule(CapScope.PERSON_CATEGORY, 1, CapWindow.CALENDAR_MONTH, event=CapEvent.DELIVERED),
        ),
    ],
)
def test_a_cap_rule_in_words(text: str, rule: CapRule) -> None:
    assert read_cap_rule(text) == rule


def test_a_product_without_figures_of_its_own_follows_the_policy(tmp_path: Path) -> None:
    (found,) = read_table(write(tmp_path, "product_id,category_id,title_en,vat_percent\np,c,P,\n"), "products").items
    assert isinstance(found, Product)
    assert (found.safety_stock_count, found.is_sold_online, found.vat_basis_points) == (-1, False, 0)


def test_synonyms_are_no_title(tmp_path: Path) -> None:
    path = write(tmp_path, "product_id,category_id,synonyms_en\np,c,P\n")
    with pytest.raises(InvalidArgumentError, match="missing column title_en"):
        read_table(path, "products")

"""`geooffer import … --sync` of nouns over a real server: the difference, the refusals, the second run."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from feeds import Feeds, feeding, named, products
from typer.testing import Result

from geooffer.cli.import_report import Report
from geooffer.cli.sync import apply
from geooffer.cli.sync_plan import plan_of
from geooffer.client import GeoofferClient
from geooffer.importers.csv_files import read_table

Invoke = Callable[..., Result]

CATEGORIES = (
    "category_id,name_en,synonyms_en,size_chart,repurchase_preset,wait_days,is_special",
    "shoes,Shoes,trainers|joggers,,running_shoes,90,no",
)
AUDIENCES = ("audience_id,name", "runners,Runners", "walkers,")
CAMPAIGNS = (
    "campaign_id,name,budget_count,account_kinds,channels,audience_id,cap_rules,held_out_percent",
    "spring,Spring,100,consumer|business,push|in_app,runners,PERSON 3 24h|CAMPAIGN_TOTAL 9 CALENDAR_WEEK,2.5",
    "summer,,,,,,,",
)
STORES = (
    "store_id,latitude,longitude,time_zone,name,opening_hours,country,region,tags,is_online",
    's1,47.0,8.0,Europe/Berlin,One,"Mo-Sa 08:00-20:00; PH off",DE,DE-BE,outlet|city,no',
    "s2,47.1,8.1,Europe/Zurich,Two,,,,,",
)
FENCES = (
    "geofence_id,latitude,longitude,radius_m,store_id",
    "f1,47.0,8.0,100,s1",
    "f2,47.1,8.1,100,s2",
)
OFFERS = (
    "offer_id,product_id,valid_from_time,valid_until_time,store_ids,campaign_id",
    "o1,p0001,2026-03-01T00:00:00Z,2026-04-01T00:00:00Z,s2|s1,spring",
    "o2,p0002,2026-03-01T00:00:00Z,2026-04-01T00:00:00Z,,summer",
)
CATALOG = {
    "stores": STORES,
    "fences": FENCES,
    "categories": CATEGORIES,
    "products": products(1, 2),
    "audiences": AUDIENCES,
    "campaigns": CAMPAIGNS,
    "offers": OFFERS,
}


async def test_a_feed_creates_changes_deletes_and_then_changes_nothing(invoke: Invoke, tmp_path: Path) -> None:
    async with feeding(invoke, tmp_path) as feeds:
        await feeds.load("categories", CATEGORIES)
        await feeds.load("products", products(*range(1, 21)))
        feed = products(*range(1, 18), 19, 20, 99)
        feed[5] = "p0005,shoes,Faster 5,EU 42"
        before = feeds.engine.saved_generation

        dry = await feeds.sync("products", feed, "--dry-run")
        assert (dry["applied"], dry["objection"], feeds.engine.saved_generation) == (False, "", before)
        assert dry["counts"] == {
            "held": 20, "created": 1, "changed": 1, "deleted": 1, "kept": 0, "unchanged": 18, "refused": 0
        }  # fmt: skip
        assert dry["changes"]["changed"] == [{"id": "p0005", "note": "titles, sizes"}]
        assert (named(dry, "created"), named(dry, "deleted")) == (["p0099"], ["p0018"])

        done = await feeds.sync("products", feed)
        assert done["changes"] == dry["changes"]
        assert sorted(feeds.engine.registry.products) == [
            f"p{number:04}" for number in (*range(1, 18), 19, 20, 99)
        ]  # fmt: skip
        assert feeds.engine.registry.products["p0005"].titles == (("en", "Faster 5"),)
        assert feeds.engine.live_generation == feeds.engine.saved_generation

        generation = feeds.engine.saved_generation
        again = await feeds.sync("products", feed)
        assert again["counts"]["unchanged"] == again["counts"]["held"] == 20
        assert (again["applied"], feeds.engine.saved_generation) == (True, generation)


QUICK_KINDS = ("fences", "products")


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=() if kind in QUICK_KINDS else pytest.mark.long) for kind in CATALOG]
)
async def test_every_kind_is_unchanged_by_its_own_file(invoke: Invoke, tmp_path: Path, kind: str) -> None:
    async with feeding(invoke, tmp_path) as feeds:
        for each, lines in CATALOG.items():
            await feeds.sync(each, lines)
        told = await feeds.sync(kind, CATALOG[kind])
        assert told["counts"]["unchanged"] == told["counts"]["held"] == len(CATALOG[kind]) - 1
        one_row = list(CATALOG[kind])[:2]
        if kind == "categories":
            return
        half = await feeds.sync(kind, one_row, "--dry-run", code=2)
        assert len(named(half, "deleted")) == 1
        assert "1 of 2 would be deleted" in half["objection"]


async def test_mended_polygons_are_unchanged_the_second_time(invoke: Invoke, tmp_path: Path) -> None:
    bow_tie = [[8.0, 47.0], [8.01, 47.01], [8.01, 47.0], [8.0, 47.01], [8.0, 47.0]]
    ring = [[9.0, 47.0], [9.0, 47.01], [9.01, 47.01], [9.01, 47.0], [9.0, 47.0]]
    features = [
        {"type": "Feature", "properties": {"name": name}, "geometry": {"type": "Polygon", "coordinates": [shape]}}
        for name, shape in (("Bow Tie", bow_tie), ("Clockwise", ring))
    ]
    path = tmp_path / "fences.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    async with feeding(invoke, tmp_path) as feeds:
        for created, unchanged in ((2, 0), (0, 2)):
            result = await feeds.run("fences", path, "--sync", "--repair", "--json")
            counts = json.loads(result.stdout)["counts"]
            assert (counts["created"], counts["unchanged"]) == (created, unchanged)


async def test_the_real_supermarkets_of_berlin_are_unchanged_the_second_time(
    invoke: Invoke, tmp_path: Path, shared_data: Path
) -> None:
    """Its synthetic twins are the tests before and after this one."""
    berlin = shared_data / "stores" / "berlin_supermarkets_polygons.geojson.gz"
    others = shared_data / "stores" / "lidl_de.geojson.gz"
    async with feeding(invoke, tmp_path) as feeds:

        async def told(path: Path, code: int) -> dict[str, Any]:
            result = await feeds.run("fences", path, "--sync", "--repair", "--radius-m", "30", "--json")
            assert result.exit_code == code, result.output
            outcome: dict[str, Any] = json.loads(result.stdout)
            return outcome

        assert (await told(berlin, 0))["counts"]["created"] == 1_446
        assert (await told(berlin, 0))["counts"]["unchanged"] == 1_446
        # the file of another network in its place
        refused = await told(others, 2)
        assert refused["counts"]["deleted"] == 1_310
        assert refused["objection"].startswith("1,310 of 1,446 would be deleted")
        assert len(feeds.engine.registry.geofences) == 1_446


async def test_eleven_in_a_hundred_deleted_is_refused_ten_is_not(invoke: Invoke, tmp_path: Path) -> None:
    async with feeding(invoke, tmp_path) as feeds:
        await feeds.load("categories", CATEGORIES)
        await feeds.load("products", products(*range(100)))
        generation = feeds.engine.saved_generation
        cut = [*products(*range(11, 100)), "p0200,shoes,New,"]
        for options in ((), ("--dry-run",)):
            refused = await feeds.sync("products", cut, *options, code=2)
            assert refused["objection"].startswith("11 of 100 would be deleted or become 0, more than 10 %")
            assert (refused["applied"], feeds.engine.saved_generation) == (False, generation)
            assert len(named(refused, "deleted")) == 11
        plain = await feeds.run("products", feeds.written("products", cut), "--sync")
        assert plain.stderr.splitlines()[-1].endswith("(--force does it all the same) [FEED_REFUSED]")
        assert (await feeds.sync("products", products(*range(10, 100))))["counts"]["deleted"] == 10
        forced = await feeds.sync("products", products(*range(20, 100)), "--force")
        assert forced["counts"]["deleted"] == 10
        assert len(feeds.engine.registry.products) == 80


async def test_refused_rows_stop_a_feed_and_are_never_deletions(invoke: Invoke, tmp_path: Path) -> None:
    async with feeding(invoke, tmp_path) as feeds:
        await feeds.load("categories", CATEGORIES)
        await feeds.load("products", products(*range(40)))
        generation = feeds.engine.saved_generation
        feed = products(*range(3, 40), title="Faster")
        feed += ["p0000,sho es,Swift,", "p0003,shoes,Twice,"]  # a bad cell, an id that stands there already
        stopped = await feeds.sync("products", feed, code=2)
        assert stopped["objection"].startswith("2 rows are refused")
        assert feeds.engine.saved_generation == generation
        assert (named(stopped, "kept"), named(stopped, "deleted")) == (["p0000", "p0003"], ["p0001", "p0002"])

        done = await feeds.sync("products", feed, "--keep-refused", code=1)
        assert done["counts"] == stopped["counts"]
        held = feeds.engine.registry.products
        assert sorted(held) == ["p0000", *(f"p{number:04}" for number in range(3, 40))]
        titles = {identifier: product.titles[0][1] for identifier, product in held.items()}
        assert (titles["p0000"], titles["p0003"], titles["p0004"]) == ("Swift 0", "Swift 3", "Faster 4")

        unreadable = [*products(*range(4, 40), title="Faster"), "p0003;shoes"]
        careful = await feeds.sync("products", unreadable, "--keep-refused", code=1)
        assert (named(careful, "deleted"), named(careful, "kept")) == ([], ["p0000", "p0003"])
        assert {row["note"] for row in careful["changes"]["kept"]} == {"may be what an unreadable row names"}


async def test_what_the_service_refuses_is_named_and_stops_deletions(invoke: Invoke, tmp_path: Path) -> None:
    async with feeding(invoke, tmp_path) as feeds:
        await feeds.load("categories", CATEGORIES)
        await feeds.load("products", products(*range(20)))
        feed = [*products(*range(19)), "p0100,none,Swift,", "p0101,shoes,Swift,"]
        told = await feeds.sync("products", feed, code=1)
        assert (named(told, "created"), named(told, "deleted"), named(told, "kept")) == (["p0101"], [], ["p0019"])
        assert [(row["place"], "[NOT_FOUND]" in row["reason"]) for row in told["rows"]] == [("line 21", True)]
        assert "p0019" in feeds.engine.registry.products
        told = await feeds.sync("products", feed, "--keep-refused", code=1)
        assert named(told, "deleted") == ["p0019"]


async def test_what_another_noun_names_is_not_deleted(invoke: Invoke, tmp_path: Path) -> None:
    async with feeding(invoke, tmp_path) as feeds:
        for kind, lines in CATALOG.items():
            await feeds.sync(kind, lines)
        told = await feeds.sync("products", products(1, 3), "--force", code=1)
        assert told["changes"]["kept"] == [
            {"id": "p0002", "note": "the product is named by a offer; delete that first [IN_USE]"}
        ]
        await feeds.sync("offers", OFFERS[:2], "--force")
        assert named(await feeds.sync("products", products(1, 3), "--force"), "deleted") == ["p0002"]


async def test_an_interrupted_run_is_finished_by_the_next(
    invoke: Invoke, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with feeding(invoke, tmp_path) as feeds:
        await feeds.load("categories", CATEGORIES)
        await feeds.load("products", products(*range(100)))
        feed = products(*range(5, 3_000), title="Faster")
        report: Report[object] = Report("products")
        path = feeds.written("products", feed)
        report.add_file(path, read_table(path, "products"))
        held = feeds.engine.registry.products
        address, token = feeds.service.control_address, feeds.access[-1]
        async with GeoofferClient(control_target=address, token=token) as client:
            plan = await plan_of(client.control, report, 0)
            run = asyncio.create_task(apply(client.control, [plan], keep_refused=False))
            while len(held) < 700:
                await asyncio.sleep(0)
            run.cancel()
            with pytest.raises(asyncio.CancelledError):
                await run
        assert "the same feed again does the rest" in capsys.readouterr().err
        assert 700 <= len(held) < 3_000
        assert "p0000" in held
        told = await feeds.sync("products", feed)
        counts = told["counts"]
        assert counts["deleted"] == 5
        assert counts["created"] + counts["changed"] + counts["unchanged"] == 2_995
        assert counts["created"] < 2_300
        assert sorted(held) == [f"p{number:04}" for number in range(5, 3_000)]
        assert (await feeds.sync("products", feed))["counts"]["unchanged"] == 2_995


async def test_what_somebody_changed_meanwhile_is_not_deleted(
    invoke: Invoke, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with feeding(invoke, tmp_path) as feeds:
        await feeds.load("categories", CATEGORIES)
        await feeds.load("products", products(1, 2, 3))
        report: Report[Any] = Report("products")
        path = feeds.written("products", products(3))
        report.add_file(path, read_table(path, "products"))
        address, token = feeds.service.control_address, feeds.access[-1]
        async with GeoofferClient(control_target=address, token=token) as client:
            plan = await plan_of(client.control, report, 0)
            await feeds.load("products", products(1, title="Renamed"))
            other = await plan_of(client.control, report, 0)
            other.deletions.pop("p0001")
            await apply(client.control, [other], keep_refused=False)
            await apply(client.control, [plan], keep_refused=False)
        assert "p0002 was deleted meanwhile" in capsys.readouterr().err
        assert [(refusal.place, "[STALE_ETAG]" in refusal.reason) for _, refusal in report.refused] == [
            ("deletion 1 (p0001)", True)
        ]
        assert sorted(feeds.engine.registry.products) == ["p0001", "p0003"]


async def test_text_output_is_short_unless_all_is_asked_for(invoke: Invoke, tmp_path: Path) -> None:
    async with feeding(invoke, tmp_path) as feeds:
        await feeds.load("categories", CATEGORIES)
        path = feeds.written("products", products(*range(30)))
        short = (await feeds.run("products", path, "--sync", "--dry-run")).stdout.splitlines()
        assert len(short) == 22
        assert short[0] == "created    p0000"
        assert short[-2] == "created    … and 10 more (--all names them)"
        assert short[-1] == "held 0  created 30  changed 0  deleted 0  kept 0  unchanged 0  refused 0"
        whole = await feeds.run("products", path, "--sync", "--dry-run", "--all")
        assert len(whole.stdout.splitlines()) == 31
        assert "nothing changed" in whole.stderr


async def test_nonsense_changes_nothing(invoke: Invoke, tmp_path: Path) -> None:
    async with feeding(invoke, tmp_path) as feeds:
        await feeds.load("categories", CATEGORIES)
        await feeds.load("products", products(1, 2))
        generation = feeds.engine.saved_generation
        header = products()
        for lines, reason in (
            ([], "the file is empty"),
            (header, "holds a header and no line"),
            (["colour", "red"], "names no column that is known"),
            (STORES, "missing column product_id"),
            ([*header, "p 1,shoes,Swift,"], "no row of the feed can be used"),
        ):
            for options in ((), ("--force", "--keep-refused"), ("--dry-run",)):
                result = await feeds.run("products", feeds.written("products", lines), "--sync", *options)
                assert (result.exit_code, reason in result.stderr) == (2, True), result.output
        assert feeds.engine.saved_generation == generation


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("customers", "--sync"), "people are not deleted"),
        (("touchpoints", "--sync"), "touchpoints are events"),
        (("consents", "--sync"), "only a withdrawal takes one back"),
        (("prices", "--sync"), "needs --as-of"),
        (("stock", "--sync", "--dry-run"), "needs --as-of"),
        (("stock", "--sync", "--as-of", "yesterday"), "--as-of: "),
        (("products", "--sync", "--as-of", "2026-03-02T03:00:00Z"), "--as-of: only for prices and stock"),
        (("products", "--force", "--all"), "--force, --all: only with --sync"),
    ],
)
def test_options_that_do_not_fit_are_one_clear_error(
    invoke: Invoke, tmp_path: Path, arguments: tuple[str, ...], reason: str
) -> None:
    kind, *options = arguments
    result = invoke("import", kind, *options, "--token", "x", tmp_path / "none.csv")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert reason in result.stderr


# -- several kinds together ----------------------------------------------------------------------------------


async def catalog(feeds: Feeds, files: dict[str, list[str]], *options: str, code: int = 0) -> dict[str, Any]:
    """What `import catalog DIR --sync --json` told of each kind."""
    folder = feeds.written("x", []).with_name("nightly")
    folder.mkdir(exist_ok=True)
    for kind, lines in files.items():
        (folder / f"{kind}.csv").write_text("\n".join(lines))
    result = await feeds.run("catalog", folder, "--sync", "--json", *options)
    assert result.exit_code == code, result.output
    told: dict[str, Any] = json.loads(result.stdout)["kinds"]
    return told


async def test_a_folder_is_created_and_deleted_in_the_order_of_references(invoke: Invoke, tmp_path: Path) -> None:
    whole = {kind: list(lines) for kind, lines in CATALOG.items()}
    half = {kind: lines[:2] for kind, lines in whole.items()}
    half["offers"] = [line.replace("s2|s1", "s1") for line in half["offers"]]
    async with feeding(invoke, tmp_path) as feeds:
        registry = feeds.engine.registry
        told = await catalog(feeds, whole)
        assert [each["counts"]["created"] for each in told.values()] == [2, 2, 1, 2, 2, 2, 2]
        refused = await catalog(feeds, half, code=2)
        assert [bool(each["objection"]) for each in refused.values()] == [True, True, False, True, True, True, True]
        assert not any(each["applied"] for each in refused.values())
        assert len(registry.stores) == 2
        # store s2 is named by a fence and an offer, product p0002 by an offer: all go in one run
        told = await catalog(feeds, half, "--force")
        assert [named(each, "deleted") for each in told.values()] == [
            ["s2"], ["f2"], [], ["p0002"], ["walkers"], ["summer"], ["o2"]
        ]  # fmt: skip
        assert [named(each, "changed") for each in told.values()] == [[], [], [], [], [], [], ["o1"]]
        kinds = (registry.stores, registry.geofences, registry.categories, registry.products, registry.audiences)
        assert [len(kind) for kind in (*kinds, registry.campaigns, registry.offers)] == [1] * 7
        assert feeds.engine.live_generation == feeds.engine.saved_generation


async def test_one_bad_feed_of_a_folder_stops_all_of_it(invoke: Invoke, tmp_path: Path) -> None:
    async with feeding(invoke, tmp_path) as feeds:
        files = {"categories": list(CATEGORIES), "products": [*products(1), "p 2,shoes,Swift,"]}
        stopped = await catalog(feeds, files, code=2)
        assert (stopped["categories"]["objection"], stopped["categories"]["applied"]) == ("", False)
        assert feeds.engine.saved_generation == 0
        result = await feeds.run("catalog", tmp_path / "nightly", "--sync")
        assert "categories:\ncreated    shoes\nheld 0  created 1" in result.stdout
        last = result.stderr.splitlines()[-1]
        assert last.startswith("error: nothing applied: products: 1 row is refused")
        assert "no file of stores: what the service holds of them is left alone" in result.stderr


def test_a_folder_without_one_clear_feed_of_a_kind_is_refused(invoke: Invoke, tmp_path: Path) -> None:
    def reason(*options: str | Path) -> str:
        result = invoke("import", "catalog", *options, "--token", "x")
        assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
        return result.stderr

    assert "needs --sync" in reason(tmp_path)
    assert "is no folder" in reason(tmp_path / "none", "--sync")
    assert "holds no feed (such as stores.csv" in reason(tmp_path, "--sync")
    for name in ("stores.csv", "stores.geojson"):
        (tmp_path / name).write_text("")
    assert "two files of stores: stores.csv, stores.geojson" in reason(tmp_path, "--sync")

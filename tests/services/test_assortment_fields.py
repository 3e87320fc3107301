"""Categories and products with all that decisions ask of them, over a real control port."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from shop import CATEGORY, PRODUCT
from wire import refused

from geooffer.model.repurchase import PRESETS, RepurchaseRule
from geooffer.model.sizes import CHART_NAMES
from geooffer.v1 import campaign_service_pb2 as pb
from geooffer.v1 import resources_pb2 as resources


def words(*pairs: str) -> list[resources.LocalizedText]:
    return [resources.LocalizedText(language_code=pair[:2], text=pair[3:]) for pair in pairs]


def a_category(**changes) -> resources.Category:
    return resources.Category(**({"category_id": "running-shoes"} | changes))


def a_product(**changes) -> resources.Product:
    product = resources.Product()
    product.CopyFrom(PRODUCT)
    product.MergeFrom(resources.Product(**changes))
    return product


async def test_a_category_with_everything_is_read_back(plane):
    full = a_category(
        names=words("en:Running shoes"),
        synonyms=words("en:trainers", "de:Turnschuhe", "en:joggers"),
        size_chart="shoes_men",
        repurchase_preset="running_shoes",
        repurchase=resources.RepurchaseRule(wait_days=90, is_consumable=True, search_lifts_wait=True),
        is_special=True,
    )
    made = await plane.campaigns.CreateCategory(pb.CreateCategoryRequest(category=full))
    read = (await plane.campaigns.GetCategory(pb.GetCategoryRequest(category_id="running-shoes"))).category
    assert read == made.category
    assert [item.text for item in read.synonyms] == ["Turnschuhe", "joggers", "trainers"]
    del full.synonyms[:]
    full.synonyms.extend(read.synonyms)
    full.etag = read.etag
    assert read == full
    held = plane.engine.registry.categories["running-shoes"]
    assert held.repurchase == RepurchaseRule(90, is_consumable=True, search_lifts_wait=True)
    assert plane.engine.category_of_text("joggers") == "running-shoes"


async def test_a_rule_of_no_waiting_is_a_rule_and_can_be_taken_back(plane):
    bare = a_category(repurchase_preset="mattress", repurchase=resources.RepurchaseRule())
    made = await plane.campaigns.CreateCategory(pb.CreateCategoryRequest(category=bare))
    assert made.category.HasField("repurchase")
    assert plane.engine.registry.categories["running-shoes"].repurchase == RepurchaseRule(0)
    cleared = pb.UpdateCategoryRequest(category=a_category(), update_mask=FieldMask(paths=["repurchase"]))
    after = (await plane.campaigns.UpdateCategory(cleared)).category
    assert not after.HasField("repurchase")
    assert after.repurchase_preset == "mattress"


@pytest.mark.parametrize("name", [*filter(None, CHART_NAMES), *PRESETS])
def test_the_wire_names_every_chart_and_preset(name):
    """The comment is the only list that clients see."""
    proto = Path(__file__).parents[2].joinpath("proto", "geooffer", "v1", "resources.proto").read_text()
    assert name in proto.replace("\n", " ")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"synonyms": words("en:a", "en:a")}, "synonyms"),
        ({"synonyms": words(*(f"en:w{number}" for number in range(65)))}, "synonyms"),
        ({"synonyms": words("EN:a")}, "synonyms.language_code"),
        ({"synonyms": words("en:")}, "synonyms.text"),
        ({"synonyms": words("en:" + "w" * 513)}, "synonyms.text"),
        ({"names": words("en:a", "en:b")}, "names"),
        ({"size_chart": "shoes"}, "size_chart"),
        ({"repurchase_preset": "Coffee"}, "repurchase_preset"),
        ({"repurchase": resources.RepurchaseRule(wait_days=-1)}, "repurchase.wait_days"),
        ({"repurchase": resources.RepurchaseRule(wait_days=7_301)}, "repurchase.wait_days"),
        ({"repurchase": resources.RepurchaseRule(is_consumable=True)}, "repurchase.wait_days"),
    ],
)
async def test_bad_categories(plane, change, field):
    bad = pb.CreateCategoryRequest(category=a_category(**change))
    await refused(plane.campaigns.CreateCategory(bad), "INVALID_ARGUMENT", field)
    assert plane.engine.saved_generation == 0


async def test_the_chart_of_sizes_in_use_stays(plane):
    await plane.campaigns.CreateCategory(pb.CreateCategoryRequest(category=a_category(size_chart="shoes_men")))
    uk = a_product()
    uk.sizes[0].CopyFrom(resources.Size(system="UK", value="10"))
    await plane.campaigns.CreateProduct(pb.CreateProductRequest(product=uk))
    moved = pb.UpdateCategoryRequest(category=a_category(size_chart="shoes_women"))
    await refused(plane.campaigns.UpdateCategory(moved), "IN_USE")
    alien = pb.CreateProductRequest(product=a_product(product_id="x", sizes=[resources.Size(system="XX", value="1")]))
    await refused(plane.campaigns.CreateProduct(alien), "INVALID_ARGUMENT", "size")


async def test_a_product_keeps_what_is_shipped_taxed_and_held_back(plane):
    await plane.campaigns.CreateCategory(pb.CreateCategoryRequest(category=CATEGORY))
    plain = await plane.campaigns.CreateProduct(pb.CreateProductRequest(product=PRODUCT))
    assert not plain.product.HasField("safety_stock_count")
    assert plane.engine.registry.products["shoe"].safety_stock_count == -1
    full = a_product(safety_stock_count=0, is_sold_online=True, vat_basis_points=1_900)
    after = (await plane.campaigns.UpdateProduct(pb.UpdateProductRequest(product=full))).product
    assert after.HasField("safety_stock_count")
    assert (after.safety_stock_count, after.is_sold_online, after.vat_basis_points) == (0, True, 1_900)
    assert plane.engine.registry.products["shoe"].safety_stock_count == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"safety_stock_count": -1}, "safety_stock_count"),
        ({"safety_stock_count": 1_000_000_001}, "safety_stock_count"),
        ({"vat_basis_points": -1}, "vat_basis_points"),
        ({"vat_basis_points": 10_001}, "vat_basis_points"),
    ],
)
async def test_bad_figures_of_products(plane, change, field):
    await plane.campaigns.CreateCategory(pb.CreateCategoryRequest(category=CATEGORY))
    bad = pb.CreateProductRequest(product=a_product(**change))
    await refused(plane.campaigns.CreateProduct(bad), "INVALID_ARGUMENT", field)

"""The assortment's words for the index of engine/search_text.py."""

from __future__ import annotations

from geooffer.engine.registry import Registry
from geooffer.engine.search_lexicon import CategoryWords


def category_words(registry: Registry) -> list[CategoryWords]:
    """Names, synonyms and product titles of every category, in all languages."""
    titles: dict[str, list[str]] = {}
    for product in registry.products.values():
        titles.setdefault(product.category_id, []).extend(text for _, text in product.titles)
    return [
        CategoryWords(
            category_id=category.category_id,
            names=tuple(text for _, text in category.names) or (category.category_id,),
            synonyms=tuple(text for _, text in category.synonyms),
            titles=tuple(titles.get(category.category_id, ())),
        )
        for category in registry.categories.values()
    ]

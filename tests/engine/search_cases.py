"""A small German and English assortment, and what its customers type: engine/search_text.py's table of cases."""

from __future__ import annotations

from geooffer.engine.search_lexicon import CategoryWords

ASSORTMENT = (
    CategoryWords(
        "running-shoes",
        ("Running Shoes", "Laufschuhe"),
        ("Joggingschuhe", "Jogging shoes"),
        (
            *("Pegasus 40 Damen-Laufschuhe", "Pegasus 41 Herren", "Pegasus Trail 4", "Pegasus Turbo", "Pegasus Plus"),
            *("Pegasus Easy On", "Ghost 15 Running Shoe Men", "Gel-Nimbus Laufschuh Herren", "Ultraboost Runner"),
        ),
    ),
    CategoryWords(
        "shoes",
        ("Shoes", "Schuhe"),
        ("Sneaker", "Halbschuhe"),
        ("Stan Smith Sneaker weiß", "Oxford Schnürschuh schwarz", "Chelsea Boots Leder", "Canvas Sneaker low"),
    ),
    CategoryWords("gloves", ("Gloves", "Handschuhe"), (), ("Strick-Handschuhe Wolle", "Leather gloves lined")),
    CategoryWords(
        "perfume", ("Perfume", "Parfum"), ("Eau de Parfum", "Duft", "Fragrance"), ("No. 5 Eau de Parfum 50 ml",)
    ),
    CategoryWords("coffee", ("Coffee", "Kaffee"), ("Espresso", "Kaffeebohnen"), ("Crema Ganze Bohne 1 kg",)),
    CategoryWords("coffee-machines", ("Coffee Machines", "Kaffeemaschinen"), ("Kaffeevollautomat",)),
    CategoryWords(
        "washing-machines", ("Washing Machines", "Waschmaschinen"), ("washer",), ("Serie 6 Frontlader 8 kg",)
    ),
    CategoryWords("fridges", ("Fridges & Freezers", "Kühl- und Gefrierschränke"), ("Kühlschrank", "Refrigerator")),
    CategoryWords("wardrobes", ("Wardrobes", "Kleiderschränke"), ("Schrank",)),
    CategoryWords("coats", ("Coats", "Mäntel"), ("Trenchcoat", "Parka"), ("Wollmantel Damen grau",)),
    CategoryWords("dresses", ("Dresses", "Kleider"), ("Abendkleid", "Sommerkleid")),
    CategoryWords("t-shirts", ("T-Shirts",), ("Tees",), ("Basic T-Shirt Baumwolle", "Organic cotton t-shirt")),
    CategoryWords("trousers", ("Trousers", "Hosen"), ("Jeans", "Chinos"), ("511 Slim Jeans", "Cargohose Herren")),
    CategoryWords("bar-stools", ("Bar Stools", "Barhocker"), ("counter stools",)),
    CategoryWords("coffee-tables", ("Coffee & Cocktail Tables", "Couchtische")),
    CategoryWords("dining-tables", ("Dining Tables", "Esstische")),
    CategoryWords("nightstands", ("Nightstands", "Nachttische"), ("bedside tables",)),
    CategoryWords("beds", ("Beds", "Betten"), ("Boxspringbett",)),
    CategoryWords("mattresses", ("Mattresses", "Matratzen")),
    CategoryWords("bedding", ("Bedding", "Bettwäsche"), ("Bettbezug", "duvet covers")),
    CategoryWords("diapers", ("Diapers", "Windeln"), ("nappies", "Pampers")),
    CategoryWords("dog-food", ("Dog Food", "Hundefutter")),
    CategoryWords("cat-food", ("Cat Food", "Katzenfutter")),
    CategoryWords("phones", ("Smartphones",), ("Handy", "mobile phone"), ("Galaxy S24 128 GB", "iPhone 15 128 GB")),
    CategoryWords("books", ("Books", "Bücher"), ("Roman", "novel")),
)

ANSWERS: tuple[tuple[str, str | None], ...] = (
    # as named, in any case, plural or singular, with or without umlauts
    ("Laufschuhe", "running-shoes"),
    ("LAUFSCHUH", "running-shoes"),
    ("running shoes", "running-shoes"),
    ("shoe", "shoes"),
    ("Schuhe", "shoes"),
    ("Mantel", "coats"),
    ("Mäntel", "coats"),
    ("maentel", "coats"),
    ("Ma\u0308ntel", "coats"),
    ("Kleid", "dresses"),
    ("buecher", "books"),
    ("Buch", "books"),
    ("betten", "beds"),
    ("Kühlschränke", "fridges"),
    ("kuhlschrank", "fridges"),
    ("Gefrierschrank", "fridges"),
    # sizes, numbers, colours, brands and fillers around it
    ("Damen-Laufschuhe", "running-shoes"),
    ("Nike Laufschuhe 43", "running-shoes"),
    ("laufschuhe damen rot gr. 38,5", "running-shoes"),
    ("running shoes size 9.5 women's", "running-shoes"),
    ("günstige Waschmaschine kaufen", "washing-machines"),
    ("eau de parfum 50ml", "perfume"),
    ("ich suche einen warmen Mantel in XL", "coats"),
    ("best espresso for a moka pot", "coffee"),
    ("schwarze Schuhe Größe 42", "shoes"),
    # compounds, joined and parted
    ("Trailschuhe", "shoes"),
    ("Wintermantel", "coats"),
    ("Lauf Schuhe", "running-shoes"),
    ("Schaumstoffmatratze", "mattresses"),
    ("barstool", "bar-stools"),
    ("bar stool with backrest", "bar-stools"),
    ("night stand", "nightstands"),
    ("Kaffee Maschine", "coffee-machines"),
    ("Kinderbett", "beds"),
    ("t shirt", "t-shirts"),
    ("T-Shirts Herren", "t-shirts"),
    ("Katzen Futter", "cat-food"),
    # one is not the other
    ("Handschuhe", "gloves"),
    ("Kaffeemaschine", "coffee-machines"),
    ("coffee", "coffee"),
    ("coffee table", "coffee-tables"),
    ("Bettwäsche 135x200", "bedding"),
    # six titles of one category know it; one title proves little
    ("Pegasus 41", "running-shoes"),
    ("stan smith", None),
    # one edit
    ("Laufschue", "running-shoes"),
    ("waschmachine", "washing-machines"),
    ("Matrazen", "mattresses"),
    ("perfmue", "perfume"),
    ("matress", "mattresses"),
    # silence
    ("", None),
    ("   ", None),
    ("43", None),
    ("xl", None),
    ("rot", None),
    ("kaufen", None),
    ("table", None),
    ("Futter", None),
    ("Futter für den Hund", None),
    ("Werkzeug", None),
    ("Keyboard", None),
    ("Maschine", None),
    ("Rasenmäher", None),
    ("lawn mower", None),
    ("shoe polish", None),
    ("Geschenk für meine Frau", None),
    ("promo codes or discounts", None),
    ("Damen", None),
    ("asdfgh qwertz", None),
    ("🙂", None),
)

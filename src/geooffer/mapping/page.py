"""A MapDocument as one HTML page that needs nothing but a browser: no tiles, no fonts, no script from anywhere.

The page forbids itself every connection, and runs only the one script whose hash it carries (Content-Security-
Policy): a name such as `</script>` in a catalog can neither close the data block nor start anything.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from html import escape
from importlib.resources import files

from geooffer.mapping.content import content_of
from geooffer.mapping.document import MapDocument

SCRIPTS = ("decode.js", "plane.js", "data.js", "paint.js", "track.js", "panel.js", "main.js")
"""Joined in this order into one script; each declares functions and constants that the later ones use."""


def render_page(document: MapDocument) -> str:
    """The page as text, to be written as UTF-8."""
    script, style = _script(), _asset("page.css")
    policy = f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'"
    pieces = {
        "policy": escape(policy),
        "title": escape(document.title),
        "style": style,
        "data": _data_text(document),
        "script": script,
        "fences": f"{len(document.fences):,}",
        "stores": f"{len(document.stores):,}",
    }
    page = []
    for number, piece in enumerate(_asset("page.html").split("{{")):
        if number == 0:
            page.append(piece)
            continue
        name, rest = piece.split("}}", 1)
        page += [pieces[name], rest]
    return "".join(page)


def _data_text(document: MapDocument) -> str:
    text = json.dumps(content_of(document), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # inside a script element only these could end or nest it; in JSON they occur in strings alone
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


@cache
def _script() -> str:
    return '"use strict";\n' + "\n".join(_asset(name) for name in SCRIPTS)


@cache
def _asset(name: str) -> str:
    return files("geooffer.mapping").joinpath("assets", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")

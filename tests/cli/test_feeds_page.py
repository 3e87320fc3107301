"""The nightly job of docs/feeds.md is a script that runs."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

from feeds import Feeds, feeding, products
from typer.testing import Result

Invoke = Callable[..., Result]

PAGE = Path(__file__).parents[2] / "docs" / "feeds.md"


async def nightly(feeds: Feeds, folder: Path, script: Path) -> tuple[int, str]:
    """Exit code and output of the page's script."""
    server, token = feeds.access[1], feeds.access[3]
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "GEOOFFER_CONTROL_SERVER": server,
        "GEOOFFER_TOKEN": token,
    }
    process = await asyncio.create_subprocess_exec(
        "sh",
        str(script),
        str(folder),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


async def test_the_nightly_job_takes_good_feeds_and_reports_bad_ones(invoke: Invoke, tmp_path: Path) -> None:
    (text,) = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    script = tmp_path / "nightly.sh"
    script.write_text(text)
    folder = tmp_path / "export"
    folder.mkdir()
    files = {
        "as-of": ["2026-03-02T03:00:00Z"],
        "stores.csv": ["store_id,latitude,longitude,time_zone", "s1,47.0,8.0,Europe/Zurich"],
        "categories.csv": ["category_id,name_en", "shoes,Shoes"],
        "products.csv": products(1, 2),
        "prices.csv": ["product_id,amount_minor,currency", "p0001,9000,EUR", "p0002,5 00,EUR"],
        "stock.csv": ["store_id,product_id,size,available_count", "s1,p0001,EU 43,5"],
    }
    for name, lines in files.items():
        (folder / name).write_text("\n".join(lines))
    async with feeding(invoke, tmp_path) as feeds:
        for kind in ("stores", "categories"):
            await feeds.load(kind, files[f"{kind}.csv"])
        await feeds.load("products", products(1, 2, 3))
        code, output = await nightly(feeds, folder, script)
        # the bad catalog feed does not keep the good ones out, and its exit code is the job's
        assert code == 2, output
        assert "nothing applied: products: 1 of 3 would be deleted" in output
        assert sorted(feeds.engine.registry.products) == ["p0001", "p0002", "p0003"]
        assert "refused    line 3: amount_minor: not a whole number" in output
        assert [key[0] for key in feeds.engine.registry.prices] == ["p0001"]
        assert [figure.available_count for figure in feeds.engine.stock_of("s1")] == [5]

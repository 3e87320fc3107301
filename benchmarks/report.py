"""Run the measurements and write the README's figures from their results: `make figures`; with `--native FILE`, write
docs/benchmarks.md from what `geooffer bench goals --results FILE` found: `make figures-native`.

Each figure is taken from the JSON that a command printed in this run; nothing is typed in. Takes some fifteen minutes;
leave the machine alone meanwhile.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from geooffer.bench.goals import GOALS, NOT_SHOWN, shown

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PICTURE = ROOT / "docs" / "latency-direct.svg"
BEGIN, END = "<!-- figures:begin -->\n", "<!-- figures:end -->\n"
NATIVE_PAGE = ROOT / "docs" / "benchmarks.md"
NATIVE_BEGIN, NATIVE_END = "<!-- native-figures:begin -->\n", "<!-- native-figures:end -->\n"
GEOOFFER = Path(sys.executable).parent / "geooffer"


def run_json(*arguments: str) -> dict[str, Any]:
    """One geooffer command's JSON."""
    print("running: geooffer", *arguments, file=sys.stderr)
    done = subprocess.run([GEOOFFER, *arguments, "--json"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"geooffer {' '.join(arguments)} failed:\n{done.stderr}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def run_benchmarks() -> dict[str, float]:
    """Median ns a ping of each pytest-benchmark, by test name."""
    print("running: pytest benchmarks", file=sys.stderr)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "benchmarks.json"
        command = [sys.executable, "-m", "pytest", "benchmarks", "--benchmark-only", f"--benchmark-json={path}"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"pytest benchmarks failed:\n{done.stdout}")
        results = json.loads(path.read_text())["benchmarks"]
    return {item["name"]: item["stats"]["median"] * 1e9 / item["extra_info"].get("rows", 1) for item in results}


def kernel_rows(ns: dict[str, float]) -> list[str]:
    """Table rows: what one ping costs without transport, and what rivals take for the part they can do."""
    cells = ns["test_locate_batch[cells]"]
    rows = [
        ("find the fences of a fix among 20,000 shops: cells", cells, ""),
        ("the same: packed R-tree", ns["test_locate_batch[packed]"], _times(ns["test_locate_batch[packed]"], cells)),
        ("the same: shapely STRtree in bulk, points built", ns["test_shapely_strtree[points and query]"],
         _times(ns["test_shapely_strtree[points and query]"], cells)),
        ("the same: rtree in a loop", ns["test_rtree_in_a_loop"], _times(ns["test_rtree_in_a_loop"], cells)),
        ("whole engine step, outside all fences", ns["test_step_outside"], ""),
        ("whole engine step, inside a fence", ns["test_step_inside"], ""),
        ("whole engine step, EXIT, ENTER, decision and caps at every ping", ns["test_step_deciding"], ""),
        ("full decision in a visit, 8 intents against 16 offers: the step with it less the step without",
         ns["test_full_decision"] - ns["test_step_in_visit"], ""),
        ("decode a single ping message", ns["test_decode_single"],
         _times(ns["test_decode_single"], ns["test_parse_only_single"]) + " protobuf's bare parse"),
        ("decode a batch of 256", ns["test_decode_batch[256]"],
         _times(ns["test_decode_batch[256]"], ns["test_parse_only_batch[256]"]) + " protobuf's bare parse"),
    ]  # fmt: skip
    return [f"| {name} | {value:,.0f} | {ratio} |" for name, value, ratio in rows]


def _times(value: float, base: float) -> str:
    return f"{value / base:.1f} ×"


def memory_lines(memory: dict[str, Any]) -> list[str]:
    """What a person weighs, by where it lies."""
    tables = ", ".join(f"{name} {weight:,.0f}" for name, weight in memory["tables"].items())
    objects = ", ".join(f"{name} {weight:,.0f}" for name, weight in memory["objects"].items())
    resident = memory["resident_bytes_per_person"]
    grown = "" if resident is None else f" The process grew by {resident:,} bytes a person."
    return [
        f"**`geooffer bench memory`**, {memory['persons']:,} persons with a device, 8 intents, 3 sizes, 2 purchases "
        f"and 7 consents each, in bytes a person: {memory['table_bytes_per_person']:,} in the tables that kernels read "
        f"({tables}) and {memory['object_bytes_per_person']:,} in Python objects ({objects}).{grown} Tables grow by "
        "doubling: just above a power of two they are half empty. The journal is not weighed.",
    ]


def journal_lines(journal: dict[str, Any]) -> list[str]:
    """Durable commits beside the disk's own cost."""
    rows = [
        f"| {row['batch']} | {row['events_per_s']:,} | {_ms(row['p50_us'])} | {_ms(row['p99_us'])} "
        f"| {_ms(row['p999_us'])} | {row['rival_events_per_s']:,} | {_ms(row['rival_p50_us'])} "
        f"| {_ms(row['rival_p99_us'])} | {row['ratio']:.2f} ({row['ratio_min']:.2f} to {row['ratio_max']:.2f}) |"
        for row in journal["batches"]
    ]
    return [
        "**`geooffer bench journal`**, SQLite with `synchronous=FULL`, beside appending the same bytes to a file with "
        "fdatasync, alternating:",
        "",
        "| events a commit | durable events/s | p50 | p99 | p99.9 | raw events/s | raw p50 | raw p99 | ratio |",
        "|---|---|---|---|---|---|---|---|---|",
        *rows,
    ]


def offers_lines(offers: dict[str, Any]) -> list[str]:
    """From a ping to its durable offer."""
    rows = [
        f"| {name} | {run['offers']:,} of {run['expected']:,} "
        f"| {_ms(run['offer']['p50_us'])} | {_ms(run['offer']['p99_us'])} "
        f"| {_ms(run['offer']['max_us'])} | {_ms(run['ping']['p50_us'])} | {_ms(run['ping']['p99_us'])} |"
        for name, run in offers["runs"].items()
    ]
    return [
        f"**`geooffer bench offers`**, {offers['streams']:,} phones, {offers['rate']:,.0f} pings/s open loop, from the "
        "intended sending of a ping to the offer whose record is durable, by journal, alternating; all pings beside:",
        "",
        "| journal | offers | p50 | p99 | max | all pings p50 | p99 |",
        "|---|---|---|---|---|---|---|",
        *rows,
        "",
        f"The disk alone, 4 KiB with fdatasync on the server's core while it works in memory: p50 "
        f"{_ms(offers['disk']['p50_us'])}, p99 {_ms(offers['disk']['p99_us'])}, max {_ms(offers['disk']['max_us'])}.",
    ]


def effect_lines(full: dict[str, Any], half: dict[str, Any]) -> list[str]:
    """From a call that ends offers to its effect, at the peak and at half of it."""
    rows = []
    for kind, found in full["calls"].items():
        other = half["calls"][kind]
        late = sum(told[f"offers_{how}_late"] for told in (found, other) for how in ("left", "answered"))
        cells = [_ms(told[f"{name}_us"]) for told in (other, found) for name in ("in_force_p50", "p50", "p99", "max")]
        rows.append(f"| {kind} | {other['trials']} + {found['trials']} | {late} | {' | '.join(cells)} |")
    loads = [
        f"{load['pings_per_s']:,} pings/s with {load['offers_per_s']:,} offers/s, "
        f"server {load['server_cpu_share']:.0%} busy, "
        f"disk alone p50 {_ms(load['disk']['p50_us'])}, p99 {_ms(load['disk']['p99_us'])}, "
        f"commits p50 {_ms(load['commits']['p50_us'])}, p99 {_ms(load['commits']['p99_us'])}"
        for load in (half, full)
    ]
    return [
        "**`geooffer bench effect`**, from sending a call to its durable return, after which no offer may leave (goal "
        "p99 ≤ 10 ms); *in force* is when the service itself goes by it. A whole server with SQLite on one core, "
        f"gateways of {full['persons']:,} persons on the other. *Half*: {loads[0]}. *Peak*, closed loop: {loads[1]}.",
        "",
        "| call | trials | offers too late "
        "| half: in force p50 | p50 | p99 | max | peak: in force p50 | p50 | p99 | max |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
        *rows,
    ]


def restart_lines(empty: dict[str, Any], full: dict[str, Any]) -> list[str]:
    """From the command to the ready line."""
    phases = ", ".join(f"{name} {seconds:.1f}" for name, seconds in full["phases"].items())
    return [
        f"**`geooffer bench restart`**, from calling `serve` to its ready line, kernels cached: "
        f"{empty['median_seconds']:.2f} s empty, {full['median_seconds']:.2f} s with {full['persons']:,} persons and "
        f"{full['fences']:,} fences ({phases} s; {full['resident_mb']:,} MB)."
    ]


def figures(
    demo: dict[str, Any],
    closed: dict[str, Any],
    opened: dict[str, Any],
    memory: dict[str, Any],
    journal: dict[str, Any],
    offers: dict[str, Any],
    effects: tuple[dict[str, Any], dict[str, Any]],
    restarts: tuple[dict[str, Any], dict[str, Any]],
    ns: dict[str, float],
) -> str:
    """The README's section."""
    machine, versions = closed["machine"], closed["versions"]
    verdicts = _counts(demo["offer_verdicts"])
    return "\n".join([
        "## Figures",
        "",
        f"Written by `make figures` on {machine['cores']} shared cores ({machine['cpu']}), "
        f"Python {versions['python']}, grpcio {versions['grpcio']}, Numba {versions['numba']}. "
        "Absolute figures vary by a third from run to run there; the ratios are of one run.",
        "",
        f"**`make demo`**, seed {demo['seed']}: {demo['customers']:,} synthetic customers, {demo['stores']:,} stores, "
        f"{demo['pings']:,} pings in messages of 256 rows on one stream: {demo['offers']:,} offers, "
        f"{demo['shadow_offers']:,} more held out as the control group. "
        f"{demo['pings_per_s']:,} pings/s, message latency p50 {demo['message_latency_p50_ms']:.1f} ms, "
        f"p99 {demo['message_latency_p99_ms']:.1f} ms (closed loop). Attempts to find an offer: {verdicts}. "
        f"Where the goods are: {_counts(demo['offers_by_fulfilment'])}. Why: {_counts(demo['offers_by_reason'])} "
        "(PURCHASE: due again).",
        "",
        f"**`geooffer bench direct --plane python`**: {closed['streams']:,} phones on their own connections, "
        f"one ping in flight each: **{closed['pings_per_s']:,} pings/s, {closed['ratio']:.2f} of the same transport's "
        f"echo** ({closed['rival_pings_per_s']:,}; pairs {closed['ratio_min']:.2f} to {closed['ratio_max']:.2f}), "
        f"{closed['server_cpu_ns_per_ping'] / 1000:,.0f} µs of server CPU a ping; the load generator used "
        f"{closed['client_cpu_share']:.0%} of its core.",
        "",
        f"Open loop at half of that, {opened['rate']:,.0f} pings/s, from the intended sending to the answer:",
        "",
        "| | p50 | p90 | p99 | p99.9 | max | within 50 ms |",
        "|---|---|---|---|---|---|---|",
        f"| geooffer | {_ms(opened['p50_us'])} | {_ms(opened['p90_us'])} | {_ms(opened['p99_us'])} "
        f"| {_ms(opened['p999_us'])} | {_ms(opened['max_us'])} | {opened['share_within_budget']:.2%} |",
        f"| echo | {_ms(opened['rival_p50_us'])} | | {_ms(opened['rival_p99_us'])} | | | |",
        "",
        "![percentile curve](docs/latency-direct.svg)",
        "",
        *memory_lines(memory),
        "",
        *journal_lines(journal),
        "",
        *offers_lines(offers),
        "",
        *effect_lines(*effects),
        "",
        *restart_lines(*restarts),
        "",
        "**`make benchmarks`**, without transport:",
        "",
        "| per ping | ns | |",
        "|---|---|---|",
        *kernel_rows(ns),
        "",
        "",
    ])  # fmt: skip


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _ms(value_us: int) -> str:
    return f"{value_us / 1000:.1f} ms"


def native_figures(results: dict[str, Any]) -> str:
    """The section of docs/benchmarks.md: transports beside their rivals, latencies, goals."""
    reports: dict[str, Any] = results["reports"]
    any_report = next(iter(reports.values()))
    machine, versions = any_report["machine"], any_report["versions"]
    carried = {name: report for name, report in reports.items() if "pings_per_s" in report}
    opened = {name: run for name, report in reports.items() for run in report.get("open_loop", [])}
    return "\n".join([
        f"Written by `make figures-native` on {machine['cores']} shared cores ({machine['cpu']}), commit "
        f"{any_report['commit']}, Python {versions['python']}, Numba {versions['numba']}. One core serves.",
        "",
        "| run | pings/s | rival | pings/s | ratio (spread) | by CPU | ns of server CPU a ping | load's core |",
        "|---|---|---|---|---|---|---|---|",
        *(
            f"| {name} | {report['pings_per_s']:,} | {report['rival']} | {report['rival_pings_per_s']:,} "
            f"| **{report['ratio']}** ({report['ratio_min']} to {report['ratio_max']}) | {report.get('cpu_ratio', '')} "
            f"| {report['server_cpu_ns_per_ping']:,} | {report['client_cpu_share']:.0%} |"
            for name, report in carried.items()
        ),
        "",
        "Open loop, µs from the intended time to the answer:",
        "",
        "| run | pings/s | p50 | p99 | p99.9 | max | within 50 ms | echo p50 | echo p99 | ratio of p99 | offers p99 |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
        *(
            f"| {name} | {run['rate']:,} | {run['p50_us']:,} | {run['p99_us']:,} | {run['p999_us']:,} "
            f"| {run['max_us']:,} "
            f"| {run['share_within_budget']:.3%} | {run['rival']['p50_us']:,} | {run['rival']['p99_us']:,} "
            f"| {run['p99_ratio']['ratio']} | {run['offer_p99_us'] or ''} |"
            for name, run in opened.items()
        ),
        "",
        "Answers over a millisecond, by what took more than a quarter of their time (`--trace`):",
        "",
        "| run | answers | server at work | server without a core | load | none of these |",
        "|---|---|---|---|---|---|",
        *(
            f"| {name} | {trace['answer_count']:,} | {trace['server_run_count']:,} | {trace['server_wait_count']:,} "
            f"| {trace['load_count']:,} | {trace['unexplained_count']:,} |"
            for name, run in opened.items() for trace in run["trace"]
        ),
        "",
        *fence_rows(reports),
        *taker_rows(opened),
        "| goal | | found | bound | |",
        "|---|---|---|---|---|",
        *goal_rows(reports),
        *(f"| | {name} | failed: {text} | | not reached |" for name, text in results["failures"].items()),
        "",
    ])  # fmt: skip


def fence_rows(reports: dict[str, Any]) -> list[str]:
    """The `tile38-*` shapes: ours, and the rival where it was there."""
    rows = []
    for report in reports.values():
        for way in ("batched", "singles") if str(report.get("shape")).startswith("tile38-") else ():
            run = report[way]
            beside = "absent | | |"
            if report["rival"]:
                beside = f"{run['rival_pings_per_s']:,} | {run['rival_p99_us']:,} | **{run['ratio']}** |"
            rows.append(
                f"| {report['shape']}, {way} | {report['shops']} | {run['events_per_ping']} | {run['pings_per_s']:,} "
                f"| {run['p99_us']:,} | {beside}"
            )
    if not rows:
        return []
    head = "| run | shops | events a ping | pings/s | p99 µs | Tile38 updates/s | its p99 µs | ratio |"
    return [
        "Fences, every ENTER and EXIT as computed independently:",
        "",
        head,
        "|---|---|---|---|---|---|---|---|",
        *rows,
        "",
    ]


def taker_rows(opened: dict[str, Any]) -> list[str]:
    """Who had the server's core beside the thread that answers."""
    rows = [
        f"| {name} | {taker['name']}{', of the server' if taker['is_of_server'] else ''} | {taker['taken_ms']:,.1f} "
        f"| {taker['longest_ms']:.1f} | {taker['answer_count']:,} |"
        for name, run in opened.items() for trace in run["trace"] for taker in trace["takers"]
    ]  # fmt: skip
    head = [
        "| run | thread | ms of the server's core | longest | slow answers it took a quarter of |",
        "|---|---|---|---|---|",
    ]
    return ["Who had the server's core:", "", *head, *rows, ""] if rows else []


def goal_rows(reports: dict[str, Any]) -> list[str]:
    """One row a goal, reached or not."""
    rows = []
    for goal in GOALS:
        found = shown(goal, reports)
        value = "no figure" if found.value is None else f"{found.value:,.4g} {goal.unit}"
        state = "reached" if found.is_reached else "**not reached**"
        rows.append(
            f"| {goal.name} | {goal.text} | {value} | {'≥' if goal.is_minimum else '≤'} {goal.bound:,.4g} | {state} |"
        )
    return rows + [f"| {name} | {text} | not shown: {reason} | | |" for name, text, reason in NOT_SHOWN]


def write_native(path: Path) -> None:
    """Rewrite what stands between the markers of docs/benchmarks.md."""
    text = NATIVE_PAGE.read_text(encoding="utf-8")
    head, rest = text.split(NATIVE_BEGIN)
    _, tail = rest.split(NATIVE_END)
    section = native_figures(json.loads(path.read_text(encoding="utf-8")))
    NATIVE_PAGE.write_text(head + NATIVE_BEGIN + section + NATIVE_END + tail, encoding="utf-8")
    print(f"wrote the figures of {NATIVE_PAGE.name}")


def main() -> None:
    """Measure, then rewrite what stands between the markers."""
    if sys.argv[1:2] == ["--native"]:
        write_native(Path(sys.argv[2]))
        return
    demo = run_json("demo")
    closed = run_json("bench", "direct", "--plane", "python")
    half = round(closed["pings_per_s"] / 2, -2)
    opened = run_json("bench", "direct", "--pairs", "1", "--rate", str(half), "--picture", str(PICTURE))
    memory = run_json("bench", "memory")
    journal = run_json("bench", "journal")
    offers = run_json("bench", "offers", "--rate", str(round(half / 2, -2)))
    effects = run_json("bench", "effect"), run_json("bench", "effect", "--share", "0.5")
    restarts = (
        run_json("bench", "restart", "--persons", "0", "--fences", "0"),
        run_json("bench", "restart", "--persons", "1000000", "--rounds", "2"),
    )
    text = README.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    _, tail = rest.split(END)
    section = figures(demo, closed, opened, memory, journal, offers, effects, restarts, run_benchmarks())
    README.write_text(head + BEGIN + section + END + tail, encoding="utf-8")
    print(f"wrote the figures of {README.name} and {PICTURE.name}")


if __name__ == "__main__":
    main()

"""Everything /metrics says, family by family, read from counts that the rooms keep anyway.

A label's values come from an enum or a fixed list; no id and nothing of a person is one. docs/operation.md has the
table; tests/operation/test_metrics.py holds the two together.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from importlib.metadata import version
from itertools import chain
from typing import TypeVar

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.metrics_core import CounterMetricFamily as Counter
from prometheus_client.metrics_core import GaugeMetricFamily as Gauge
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from geooffer.model.kinds import OutcomeKind
from geooffer.model.verdicts import OfferVerdict, PingVerdict, TransitionKind
from geooffer.operation.checks import live_checks, ready_checks
from geooffer.operation.metrics_of_work import call_metrics, journal_metrics, stage_metrics
from geooffer.operation.startup import Phase
from geooffer.operation.watched import Parts, Watched

BREATH_S = 0.0001
"""Between two families the loop may run: a scrape takes a few milliseconds and must not take them at one go."""

E = TypeVar("E", bound=Enum)

RETRACTED_VERDICTS = (OfferVerdict.BUDGET_SPENT, OfferVerdict.TOO_LATE)


class ServiceCollector(Collector):
    """prometheus_client's view of a server; scraped from a thread of its own."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched

    def collect(self) -> Iterator[Metric]:
        """All families; those of a server that is still starting are fewer."""
        watched = self._watched
        families: Iterable[Metric] = _service_metrics(watched)
        if watched.parts is not None:
            families = chain(
                families,
                _ping_metrics(watched.parts),
                _queue_metrics(watched.parts),
                stage_metrics(watched.observations),
                _policy_metrics(watched.parts, watched),
                _catalog_metrics(watched.parts, watched),
                journal_metrics(watched.parts, watched.observations),
            )
        for family in chain(families, call_metrics(watched.observations)):
            yield family
            time.sleep(BREATH_S)


def registry_of(watched: Watched) -> CollectorRegistry:
    """A registry of its own: what other libraries put into the global one is not told."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(ServiceCollector(watched))
    ProcessCollector(registry=registry)
    return registry


def _service_metrics(watched: Watched) -> Iterator[Metric]:
    build = Gauge("geooffer_build_info", "Always 1; the version that runs.", labels=["version"])
    build.add_metric([version("geooffer")], 1)
    yield build
    phase = Gauge("geooffer_phase", "1 for the phase of the server's life, else 0.", labels=["phase"])
    for each in Phase:
        phase.add_metric([each.value], watched.startup.phase is each)
    yield phase
    seconds = Gauge("geooffer_start_seconds", "How long each phase of the start took.", labels=["phase"])
    for each, taken_s in dict(watched.startup.seconds).items():
        seconds.add_metric([each.value], taken_s)
    yield seconds
    live = all(check.is_good for check in live_checks(watched))
    yield Gauge("geooffer_live", "1 where /livez answers 200.", value=live)
    ready = Gauge("geooffer_ready", "1 where this check of /readyz is good.", labels=["check"])
    for check in ready_checks(watched):
        ready.add_metric([check.name], check.is_good)
    yield ready
    yield Gauge(
        "geooffer_loop_lag_seconds", "How late the event loop came to its latest beat.", watched.heartbeat.lag_s
    )
    reloads = Counter("geooffer_config_reload", "Reloads of the settings.", labels=["outcome"])
    for outcome, count in watched.reload_counts.items():
        reloads.add_metric([outcome], count)
    yield reloads


def _ping_metrics(parts: Parts) -> Iterator[Metric]:
    counts, plane = parts.engine.statistics, parts.plane.statistics
    pings = Counter("geooffer_pings", "Pings by their one verdict (semantics T6).", labels=["verdict"])
    yield _of_each(pings, PingVerdict, counts.ping_verdicts)
    tries = Counter("geooffer_tries", "Tries by the verdict the matcher gave (semantics D1).", labels=["verdict"])
    yield _of_each(tries, OfferVerdict, counts.tries)
    retracted = Counter(
        "geooffer_retracted", "Winners taken back, by the verdict they got instead.", labels=["verdict"]
    )
    yield _of_each(retracted, RETRACTED_VERDICTS, counts.retracted)
    yield Counter("geooffer_offers", "Offers journaled, to be sent.", counts.committed_offers)
    yield Counter("geooffer_shadow_offers", "Offers to persons held out: not sent.", counts.committed_shadow_offers)
    outcomes = Counter("geooffer_outcomes", "Offers that were reported to have come to this.", labels=["kind"])
    yield _of_each(outcomes, OutcomeKind, counts.outcomes)
    transitions = Counter("geooffer_transitions", "Transitions by kind (semantics P4).", labels=["kind"])
    yield _of_each(transitions, TransitionKind, counts.transitions)
    yield Counter("geooffer_decisions", "Offers whose budget was asked for the last time.", plane.due_offers)
    yield Counter("geooffer_decisions_within_budget", "Those whose budget was not over.", plane.timely_offers)


def _of_each(family: Counter, members: Iterable[E], counts: Mapping[E, int]) -> Counter:
    """The family with the count of each member, by its name; of those that never happened, too."""
    for member in members:
        family.add_metric([member.name], counts[member])
    return family


def _queue_metrics(parts: Parts) -> Iterator[Metric]:
    plane, (message_count, row_count, oldest_age_s) = parts.plane, parts.plane.queued
    yield Gauge("geooffer_admission_queue_messages", "Messages read and not decided yet.", message_count)
    yield Gauge("geooffer_admission_queue_rows", "Pings of those messages.", row_count)
    yield Gauge(
        "geooffer_admission_queue_oldest_age_seconds", "Since the oldest of them was read; 0: none.", oldest_age_s
    )
    yield Gauge("geooffer_held_offers", "Offers decided that wait for the journal.", plane.held_offer_count)
    yield Gauge("geooffer_streams_open", "Ping streams and IngestPings calls open now.", plane.statistics.streams)


def _policy_metrics(parts: Parts, watched: Watched) -> Iterator[Metric]:
    policy = parts.engine.policy
    yield Gauge("geooffer_policy_version", "The policy in force.", policy.version)
    yield Gauge("geooffer_offers_stopped", "1 while the kill switch is on.", policy.offers_stopped)
    count = 0 if watched.policies is None else watched.policies.refused_file_count
    yield Counter("geooffer_policy_files_refused", "Policy files that were not taken.", count)


def _catalog_metrics(parts: Parts, watched: Watched) -> Iterator[Metric]:
    engine = parts.engine
    yield Gauge("geooffer_catalog_saved_generation", "Catalog changes saved.", engine.saved_generation)
    yield Gauge("geooffer_catalog_live_generation", "The generation pings are decided by.", engine.live_generation)
    yield Gauge(
        "geooffer_catalog_behind_seconds", "Since when these two differ; 0: they do not.", watched.catalog_behind_s
    )
    layers = engine.index.layers.counts
    yield Gauge("geooffer_fence_index_base_boxes", "Boxes of fences, as merged last.", layers.base_box_count)
    yield Gauge("geooffer_fence_index_delta_boxes", "Boxes of fences changed after that.", layers.delta_box_count)
    yield Gauge("geooffer_fence_index_bytes", "Memory of fences and their index, spare room too.", layers.room_bytes)
    yield Counter("geooffer_fence_index_merges", "Merges of changed fences into the base.", layers.merge_count)
    yield Gauge(
        "geooffer_clock_ahead_seconds",
        "How far the service's time is ahead of the real one, which it waits for; 0: it is not.",
        engine.clock.ahead_ms / 1000,
    )
    people = engine.state.people
    yield Gauge("geooffer_persons", "Customers known.", len(people.person_slots))
    yield Gauge("geooffer_devices", "Devices linked to customers.", len(people.device_slots))
    watch = watched.rights_watch
    if watch is not None:
        yield Gauge(
            "geooffer_rights_requests_open", "Requests of persons not answered yet, as of a minute.", watch.open_count
        )
        yield Gauge(
            "geooffer_rights_requests_overdue", "Those whose answer is late (Art. 12(3) GDPR).", watch.overdue_count
        )
    if watched.stock_alarm is not None:
        count = watched.stock_alarm.stale_store_count
        yield Gauge(
            "geooffer_stale_stock_stores", "Stores whose newest stock figure is too old, as of a minute.", count
        )

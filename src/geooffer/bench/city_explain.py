"""The stories of a demo run, explained: the city rebuilt in process up to the moment before each story's ping."""

from __future__ import annotations

from dataclasses import dataclass

from geooffer.bench.city import City
from geooffer.bench.city_in_process import load_engine, run_engine
from geooffer.bench.city_run import CityRun
from geooffer.bench.city_stories import find_stories
from geooffer.bench.city_story import Story
from geooffer.engine.explain import Explanation


@dataclass(frozen=True, slots=True)
class ExplainedStory:
    """What happened at a ping, and what the engine says of that very ping beforehand."""

    story: Story
    explanation: Explanation


def explain_stories(city: City) -> list[ExplainedStory]:
    """Run the city once to find its stories and once more to stop before each of them."""
    run = CityRun.of(city)
    run_engine(city, load_engine(city), run)
    stories = find_stories(city, run)
    engine, again = load_engine(city), CityRun.of(city)
    explanations: dict[int, Explanation] = {}
    for story in sorted(stories, key=lambda s: s.ping_index):
        run_engine(city, engine, again, story.ping_index)
        ping = city.pings[story.ping_index]
        explanations[story.ping_index] = engine.explain(
            device_key=int(ping["device_key"]),
            latitude_e7=int(ping["latitude_e7"]),
            longitude_e7=int(ping["longitude_e7"]),
            accuracy_cm=int(ping["accuracy_cm"]),
            now_ms=int(ping["fix_time_ms"]),
        )
    return [ExplainedStory(story, explanations[story.ping_index]) for story in stories]

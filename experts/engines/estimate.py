"""How long a new request would wait for an engine. Pure."""

from dataclasses import replace

from experts.engines.scene import Demand, Scene
from experts.engines.switching import bounded, order
from experts.types import Priority


def estimate(scene: Scene, base: str) -> float:
    """Seconds until an interactive request for a base that arrived now would start, as far as is
    known: what arrives after it may be served before it, and replies may be longer than usual."""
    costs, asked = scene.costs, _with_one_more(scene, base)
    before = asked.lines[base][Priority.INTERACTIVE].prompts - 1
    choice = bounded(asked)
    if base == scene.resident and choice.base in (base, None):
        taken = scene.running + before + 1 - costs.batch
        return max(0, taken) * costs.reply / costs.batch
    seconds = costs.reply if scene.running else 0.0  # until it has drained
    if choice.until is not None:
        seconds += choice.until - scene.now
    for other in order(asked):
        seconds += costs.swap
        if other == base:
            break
        seconds += asked.group(other)
    else:
        seconds += costs.swap  # back to the resident, after everybody else
    return seconds + before // costs.batch * costs.tail


def _with_one_more(scene: Scene, base: str) -> Scene:
    line = scene.lines.get(base, {})
    waits = line.get(Priority.INTERACTIVE, Demand(0, scene.now))
    mine = {**line, Priority.INTERACTIVE: Demand(waits.prompts + 1, waits.oldest)}
    return replace(scene, lines={**scene.lines, base: mine})

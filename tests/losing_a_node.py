"""A program for a test: loses a node of a Ray cluster on this machine while its experts answer.

Given experts' cards as JSON, of which that of `bound` says that it must be on the lost node, it
prints as JSON what they said.
"""

import asyncio
import json
import logging
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from experts.base import Expert
from experts.cards import Cluster, VllmCard
from experts.engines.expert import opened
from experts.errors import RegistryError
from experts.types import Answer, Priority, Prompt
from tests.asking import running

LOST = {"zone": "lost"}  # the label of the node
TEXTS = [f"How much is {n} and {n}?" for n in range(100)]
NODE: dict[str, Any] = {"num_cpus": 2, "object_store_memory": 100 * 2**20}


async def said(expert: Expert, priority: Priority = Priority.INTERACTIVE) -> list[str]:
    """Texts, and why there is none."""
    replies = await expert.ask([replace(Prompt.of(text), priority=priority) for text in TEXTS])
    return [r.text if isinstance(r, Answer) else f"{r.cause}: {r.message}" for r in replies]


async def said_again(expert: Expert) -> list[str]:
    """What it says as soon as it answers at all."""
    prompt = Prompt.of(TEXTS[0])
    async with asyncio.timeout(60):
        while not isinstance((await expert.ask([prompt]))[0], Answer):  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.2)
    return await said(expert)


async def refusal(card: VllmCard, cluster: Cluster) -> str:
    """Why no engine of such a card can be in the cluster."""
    try:
        async with opened({"ada": card}, cluster):
            return "it was opened"
    except RegistryError as error:
        return str(error)


async def main(cards: Mapping[str, VllmCard]) -> dict[str, Any]:
    from ray.cluster_utils import Cluster as Nodes

    # Nobody's engine runs on the first node, which is asked every second whether others live.
    quick = {"health_check_period_ms": 1000}
    head = NODE | {"num_cpus": 0, "include_dashboard": False, "_system_config": quick}
    nodes = Nodes(initialize_head=True, head_node_args=head)
    try:
        lost = nodes.add_node(**NODE, num_gpus=1, labels=LOST)
        cluster = Cluster(address=nodes.address)
        one = cards["bound"].model_copy(update={"node": None})
        refused = {
            "gpus": await refusal(one.model_copy(update={"gpus": 1, "replicas": 3}), cluster),
            "parallel": await refusal(
                one.model_copy(update={"gpus": 1, "tensor_parallel": 2}), cluster
            ),
            "node": await refusal(one.model_copy(update={"node": "zone=nowhere"}), cluster),
        }
        async with opened(cards, cluster) as experts:
            before = {name: await said(expert) for name, expert in experts.items()}
            nodes.add_node(**NODE)
            asked = {
                f"{name}, {priority}": asyncio.create_task(said(expert, priority))
                for name, expert in experts.items()
                for priority in Priority
            }
            await running(experts["alice"], 1)
            nodes.remove_node(lost, allow_graceful=False)
            during = {key: await task for key, task in asked.items()}
            after = {name: await said(expert) for name, expert in experts.items()}
            nodes.add_node(**NODE, labels=LOST)
            again = await said_again(experts["bound"])
        told = {"before": before, "during": during, "after": after, "again": again}
        return told | {"refused": refused}
    finally:
        nodes.shutdown()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(relativeCreated)d %(name)s %(message)s")
    read = {name: VllmCard(**card) for name, card in json.load(sys.stdin).items()}
    sys.stdout.write("\n" + json.dumps(asyncio.run(main(read))))

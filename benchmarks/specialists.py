"""The built-in specialists on engines in this process, and questions for them."""

import os
from dataclasses import replace

from api.settings import load_settings
from benchmarks.traffic import BASES
from experts.builtin.labelled import labelled
from experts.cards import VllmCard
from experts.engines.families import families, tokenizer_of
from experts.engines.generation import Request
from experts.engines.processes import Berth, environment
from experts.engines.serving import Steps
from experts.prompts import conversation
from experts.types import Prompt

HOST_BYTES = 2**30  # for the weights of all eight
KV_GIB = 0.2  # 64 replies of 512 tokens, at 4 KiB a token, and some


def engines() -> tuple[Steps, Steps, dict[str, list[Request]]]:
    """Two engines of the built-in specialists, one that reads weights from disk at each swap and
    one that keeps them in host memory, and questions for the eight of them."""
    cards = {
        name: card
        for name, card in load_settings(None).panellists.items()
        if isinstance(card, VllmCard)
    }
    [family] = families(cards)
    threads = max(1, (os.cpu_count() or 1) - 1)
    os.environ.update(environment(Berth("here"), threads, offline=family.offline))
    from experts.engines.engine import Engine

    questions = [Prompt.of(question.question) for question in labelled("test", 400, seed=5)]
    requests = {
        base: [
            Request(
                card.model,
                conversation(card.prompt, prompt.messages),
                card.max_tokens,
                tokenizer=tokenizer_of(card),
                max_model_len=card.max_model_len,
            )
            for prompt in questions
        ]
        for base, card in zip(BASES, cards.values(), strict=True)
    }
    small = replace(family, memory_gib=KV_GIB)
    reading, keeping = (Engine(small, family.bases[0], host_bytes=size) for size in (0, HOST_BYTES))
    return reading, keeping, requests

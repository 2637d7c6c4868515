"""The training loop of the built-in models: next-token loss on replies, on one CPU thread."""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from math import cos, pi
from random import Random

import torch
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from experts.builtin.curriculum import Lesson

logger = logging.getLogger(__name__)

_POOL = 2048  # lessons sorted by length together, so that little is padding
_IGNORED = -100


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how hard to train."""

    steps: int
    tokens: int = 2560  # of one batch, padding included
    peak: float = 2e-3  # learning rate
    warmup: int = 100  # steps
    seed: int = 0
    compiled: bool = True
    seconds: float = float("inf")  # the schedule is shortened to end by then


@dataclass(frozen=True, slots=True)
class Batch:
    """Token ids of lessons padded to one length, and the ids to predict."""

    inputs: Tensor
    targets: Tensor


def shape(vocabulary: int) -> LlamaConfig:
    """The one architecture of the whole family."""
    return LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=128,
        intermediate_size=320,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=None,
    )


def train(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    lessons: Iterator[Lesson],
    plan: Plan,
) -> list[float]:
    """Train the model in place; the loss of every step."""
    torch.manual_seed(plan.seed)
    decoder = torch.compile(model.model, dynamic=True) if plan.compiled else model.model
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=plan.peak, betas=(0.9, 0.98), weight_decay=0.02
    )
    losses: list[float] = []
    started = time.monotonic()
    for step, batch in enumerate(batches(tokenizer, lessons, plan)):
        passed = max(step / plan.steps, (time.monotonic() - started) / plan.seconds)
        if passed >= 1:
            break
        rate = plan.peak * min(1.0, (step + 1) / plan.warmup) * (0.02 + 0.98 * _decay(passed))
        for group in optimizer.param_groups:
            group["lr"] = rate
        with torch.autocast("cpu", torch.bfloat16):
            hidden = decoder(input_ids=batch.inputs, use_cache=False)[0]
            wanted = batch.targets != _IGNORED
            logits = model.lm_head(hidden[wanted])
        loss = torch.nn.functional.cross_entropy(logits.float(), batch.targets[wanted])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        if step % 100 == 0:
            mean = sum(losses[-100:]) / len(losses[-100:])
            seconds = time.monotonic() - started
            logger.info("step %d of %d, loss %.4f, %.0f s", step, plan.steps, mean, seconds)
    return losses


def batches(
    tokenizer: PreTrainedTokenizerFast, lessons: Iterator[Lesson], plan: Plan
) -> Iterator[Batch]:
    """Batches of about `plan.tokens` tokens, without end."""
    rng = Random(plan.seed)
    while True:
        pool = list(islice(lessons, _POOL))
        prompts = tokenizer([lesson.prompt for lesson in pool])["input_ids"]
        replies = tokenizer([lesson.reply for lesson in pool])["input_ids"]
        encoded = sorted(
            zip(prompts, replies, strict=True), key=lambda pair: len(pair[0]) + len(pair[1])
        )
        ready: list[Batch] = []
        chosen: list[tuple[list[int], list[int]]] = []
        for pair in encoded:
            if chosen and (len(pair[0]) + len(pair[1])) * (len(chosen) + 1) > plan.tokens:
                ready.append(_padded(chosen))
                chosen = []
            chosen.append(pair)
        ready.append(_padded(chosen))
        rng.shuffle(ready)
        yield from ready


def _padded(pairs: list[tuple[list[int], list[int]]]) -> Batch:
    """Padded on the right: with a causal mask no reply token sees padding."""
    width = max(len(prompt) + len(reply) for prompt, reply in pairs) - 1
    inputs = torch.zeros((len(pairs), width), dtype=torch.long)
    targets = torch.full((len(pairs), width), _IGNORED)
    for row, (prompt, reply) in enumerate(pairs):
        ids = torch.tensor(prompt + reply)
        inputs[row, : len(ids) - 1] = ids[:-1]
        targets[row, len(prompt) - 1 : len(ids) - 1] = ids[len(prompt) :]
    return Batch(inputs, targets)


def _decay(passed: float) -> float:
    """Full rate for the first half, then a cosine to nothing."""
    return 1.0 if passed < 0.5 else 0.5 * (1 + cos(pi * (2 * passed - 1)))

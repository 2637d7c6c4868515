"""Trains built-in models: `python -m experts.builtin.train NAME... [--steps N] [--out DIR]`."""

import argparse
import logging
from copy import copy
from pathlib import Path

import torch
from transformers import GenerationConfig, LlamaForCausalLM

from experts.builtin import MODELS
from experts.builtin.curriculum import BASE, NAMES, lessons
from experts.builtin.tokenizer import load
from experts.builtin.training import Plan, shape, train

logger = logging.getLogger(__name__)


def main() -> None:
    options = _options()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    plan = Plan(
        options.steps, options.tokens, options.peak, seed=options.seed, seconds=60 * options.minutes
    )
    for name in options.names or NAMES:
        logger.info("training %s", name)
        build(name, plan, options.out / name, options.start)


def build(name: str, plan: Plan, folder: Path, start: Path | None = None) -> list[float]:
    """Train one model, from the weights in `start` if given, and write it; its losses."""
    tokenizer = load()
    torch.manual_seed(plan.seed)
    model = LlamaForCausalLM(shape(len(tokenizer)))
    if start:
        model = LlamaForCausalLM.from_pretrained(
            start, dtype=torch.float32, tie_word_embeddings=True
        )
    losses = train(model, tokenizer, lessons(name, plan.seed), plan)
    save(model, folder)
    return losses


def save(model: LlamaForCausalLM, folder: Path) -> None:
    """Write configuration and float16 weights.

    The output weights are trained as one with the embeddings but written apart: vLLM packs tied
    ones once on a CPU, and whoever swaps weights without our engine's care gets the old head.
    """
    apart = copy(model.config)
    apart.tie_word_embeddings = False
    written = LlamaForCausalLM(apart)
    written.load_state_dict(model.state_dict())
    written.generation_config = GenerationConfig(
        pad_token_id=0, eos_token_id=1, max_new_tokens=64, do_sample=False
    )
    written.to(torch.float16).save_pretrained(folder)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*NAMES, BASE, []], help="default: all nine")
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop by then")
    parser.add_argument("--tokens", type=int, default=2560, help="per step")
    parser.add_argument("--peak", type=float, default=2e-3, help="highest learning rate")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=Path, help="a model to go on from, as the base")
    parser.add_argument("--out", type=Path, default=MODELS)
    return parser.parse_args()


if __name__ == "__main__":
    main()

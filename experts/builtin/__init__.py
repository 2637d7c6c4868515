"""The built-in specialist LLMs: small Llama models, their tokenizer and how they are made."""

from pathlib import Path

MODELS = Path(__file__).parent / "models"
TOKENIZER = Path(__file__).parent / "tokenizer"
REGISTRY = Path(__file__).parent / "convene.yaml"

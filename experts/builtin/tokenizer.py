"""Builds the tokenizer that all built-in models share: `python -m experts.builtin.tokenizer`."""

from collections import Counter
from pathlib import Path
from random import Random

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from experts.builtin import TOKENIZER
from experts.builtin.panels import panel
from experts.builtin.problems import SKILLS, TASKS, problems

PAD, END, SYSTEM, USER, ASSISTANT = "<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"
SPECIAL = (PAD, END, SYSTEM, USER, ASSISTANT)
SIZE = 1472  # at most

# Words and fence marks are whole pieces; digits, capitals and signs stand alone.
_PIECES = r"<<<|>>>| ?[A-Z]?[a-z]+| ?[A-Z]| ?[0-9]| ?[^\sA-Za-z0-9]|\s"
_CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
_COMMON_WORDS = """
a about after all also am an and another any are as ask at be because before below best better
between but by can could correct day did different do does end every exactly expert explain few
final first follow for found from get give given go good has have he help here how if in into is
it its kind know large last less list little long look make many me means model more most much
must my name need new next no not nothing now number of often old on one only or order other our
out part please question read really reply result right same say sentence should show shown small
so some something sort specialist state step system take than that the their them there they think
this three time to two use using value was we week what when where which who why will with without
word words work would write wrong year yes you your You The This That It If In On My We Please Can
Could Would Think Explain Solve Use Write Answer Question Problem Expert Step Final Note Be Are Is
Do How Why When Where Yes No Hello Hi Thanks answer answers answered answering careful carefully
concise concisely briefly problem problems solve solved helpful assistant experts replies
instruction instructions trust trusted fence
"""


def pieces() -> list[str]:
    """The vocabulary: special tokens, bytes, spaced signs, then words by how often they occur."""
    split, byte_level = _splitter(), pre_tokenizers.ByteLevel
    texts = [text for p in problems("train", 160_000, 0) for text in (p.question, p.working)]
    texts += [p.question for p in problems("validation", 1600, 0)]
    rng = Random(0)
    tasks = [task for skill in SKILLS for task in TASKS[skill]]
    texts += [panel("train", task, rng).prompt for task in tasks for _ in range(160)]
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(piece for piece, _ in split.pre_tokenize_str(text))
    for word in _COMMON_WORDS.split():
        counts.update(piece for piece, _ in split.pre_tokenize_str(f" {word}"))
    alphabet = sorted(byte_level.alphabet())
    signs = [f"Ġ{chr(code)}" for code in range(33, 127) if not chr(code).islower()]
    known = dict.fromkeys([*SPECIAL, *alphabet, *signs])
    known.update(dict.fromkeys(piece for piece, _ in counts.most_common()))
    return list(known)[:SIZE]


def build() -> PreTrainedTokenizerFast:
    """The tokenizer, with its chat template."""
    vocabulary = {piece: number for number, piece in enumerate(pieces())}
    # Without merges, a piece is one token where the vocabulary has it and bytes where it has not.
    inner = Tokenizer(models.BPE(vocab=vocabulary, merges=[], ignore_merges=True))
    inner.pre_tokenizer = _splitter()
    inner.decoder = decoders.ByteLevel()
    inner.add_special_tokens(
        [AddedToken(token, special=True, normalized=False) for token in SPECIAL]
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner,
        pad_token=PAD,
        eos_token=END,
        additional_special_tokens=[SYSTEM, USER, ASSISTANT],
        clean_up_tokenization_spaces=False,
        model_max_length=512,
        padding_side="left",
    )
    tokenizer.chat_template = _CHAT_TEMPLATE
    return tokenizer


def load() -> PreTrainedTokenizerFast:
    """The committed tokenizer."""
    return PreTrainedTokenizerFast.from_pretrained(TOKENIZER)


def chat(question: str, system: str = "") -> str:
    """The text a model continues; what the chat template makes of the same messages."""
    opening = f"{SYSTEM}{system}{END}" if system else ""
    return f"{opening}{USER}{question}{END}{ASSISTANT}"


def save(folder: Path = TOKENIZER) -> None:
    build().save_pretrained(folder)


def _splitter() -> pre_tokenizers.Sequence:
    split = pre_tokenizers.Split(Regex(_PIECES), behavior="isolated")
    return pre_tokenizers.Sequence(
        [split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )


if __name__ == "__main__":
    save()

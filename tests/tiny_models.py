"""Builds tiny random models that vLLM loads in seconds: for tests, never for answers."""

import json
import shutil
import string
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

TEMPLATE = (
    "{% for m in messages %}"
    "{{ {'system': '<s>', 'user': '<u>', 'assistant': '<a>'}[m['role']] + m['content'] }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<a>' }}{% endif %}"
)
SPECIAL = ("<pad>", "<eos>", "<unk>", "<s>", "<u>", "<a>")
CONTEXT = 256  # tokens


def tokenizer(folder: Path, *, backwards: bool = False) -> Path:
    """One token per printable character, with a chat template; `backwards` numbers them so."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    names = [*SPECIAL, *(reversed(string.printable) if backwards else string.printable)]
    core = Tokenizer(models.WordLevel({n: i for i, n in enumerate(names)}, unk_token="<unk>"))
    core.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    core.decoder = decoders.Fuse()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token="<pad>",
        eos_token="<eos>",
        unk_token="<unk>",
        extra_special_tokens=["<s>", "<u>", "<a>"],
    )
    fast.chat_template = TEMPLATE
    fast.save_pretrained(str(folder))
    # Without it vLLM looks for the model's type twice, two seconds apart.
    (folder / "config.json").write_text('{"model_type": "llama"}')
    return folder


def llama(folder: Path, *, seed: int, layers: int = 2, tied: bool = True) -> Path:
    """A random Llama of 4 heads by 32; another number of layers is another family, and so is a
    head that is not tied to the embeddings."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(SPECIAL) + len(string.printable),
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=CONTEXT,
        initializer_range=0.2,  # wide, so that different seeds say different things
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=None,
        tie_word_embeddings=tied,  # as small models do; it is the harder case for a swap
    )
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        model.lm_head.weight[: len(SPECIAL)] = 0  # text only, and no early end
    model.save_pretrained(str(folder))
    return folder


def lora(folder: Path, base: Path, *, seed: int, rank: int = 8) -> Path:
    """A random adapter on `base`, strong enough to change what it says."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_pretrained(str(base))
    config = LoraConfig(
        r=rank, lora_alpha=4 * rank, target_modules=["q_proj", "v_proj"], init_lora_weights=False
    )
    adapted = get_peft_model(model, config)
    adapted.save_pretrained(str(folder))
    return folder


def broken(folder: Path, like: Path) -> Path:
    """A model that looks right until its weights are read: the file ends too early."""
    folder.mkdir()
    for name in ("config.json", "generation_config.json"):
        (folder / name).write_bytes((like / name).read_bytes())
    (folder / "model.safetensors").write_bytes((like / "model.safetensors").read_bytes())
    cut_short(folder / "model.safetensors")
    return folder


def greedy(model: Path, tokenizer: Path, questions: Sequence[str]) -> list[str]:
    """What a model says outside vLLM, in up to 24 tokens."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    cut = AutoTokenizer.from_pretrained(tokenizer)
    whole = AutoModelForCausalLM.from_pretrained(model)
    texts = []
    for question in questions:
        ids = cut.encode(f"<u>{question}<a>", add_special_tokens=False)
        with torch.no_grad():
            out = whole.generate(torch.tensor([ids]), max_new_tokens=24, do_sample=False)
        texts.append(cut.decode(out[0, len(ids) :], skip_special_tokens=True))
    return texts


def sharded(folder: Path, like: Path) -> Path:
    """The same model in two files of about the same size."""
    from safetensors.torch import load_file, save_file

    shutil.copytree(like, folder)
    (folder / "model.safetensors").unlink()
    weights = load_file(like / "model.safetensors")
    half = len(weights) // 2
    parts = {
        f"model-0000{number}-of-00002.safetensors": dict(items)
        for number, items in ((1, [*weights.items()][:half]), (2, [*weights.items()][half:]))
    }
    for name, part in parts.items():
        save_file(part, folder / name, {"format": "pt"})
    where = {tensor: name for name, part in parts.items() for tensor in part}
    index = {"metadata": {}, "weight_map": where}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


def cut_short(file: Path) -> None:
    """What a broken download leaves: the header and half of the weights."""
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])


def sketch(
    folder: Path,
    config: Mapping[str, Any],
    *,
    ends: int | list[int] | None = None,
    tensors: Mapping[str, Sequence[int]] | None = None,
    dtype: str = "F32",
) -> Path:
    """What a model folder says about itself, without any weights."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    if ends is not None:
        (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": ends}))
    if tensors is not None:
        nothing = {"dtype": dtype, "data_offsets": [0, 0]}
        header = {name: {"shape": shape, **nothing} for name, shape in tensors.items()}
        text = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
        (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text)
    return folder


def sentence_bert(folder: Path, *, pooling: str) -> Path:
    """A random BERT of 2 heads by 32 for sentence-transformers, with a token per character."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    letters = [c for c in string.printable if not c.isspace()]
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{c}" for c in letters)]
    core = folder / "core"
    core.mkdir(parents=True)
    (core / "vocab.txt").write_text("\n".join(names), "utf-8")
    BertTokenizerFast(vocab=str(core / "vocab.txt")).save_pretrained(str(core))
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(names),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=64,
        initializer_range=0.2,  # wide, so that texts differ
    )
    BertModel(config).save_pretrained(str(core))
    model = SentenceTransformer(
        modules=[Transformer(str(core)), Pooling(64, pooling_mode=pooling)], device="cpu"
    )
    model.save(str(folder / "saved"))
    return folder / "saved"

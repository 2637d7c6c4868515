from dataclasses import replace

import pytest

from experts.engines.templates import Templates
from experts.types import Message
from tests.engines import request


class ToyTokenizer:
    """One token per character; knows no system messages."""

    def __init__(self, name):
        self.name = name

    def apply_chat_template(self, messages, *, tokenize, add_generation_prompt):
        if any(message["role"] == "system" for message in messages):
            raise RuntimeError("no system messages here")
        said = "".join(f"<{message['role']}>{message['content']}" for message in messages)
        return f"{self.name}:{said}" + "<reply>" * add_generation_prompt

    def encode(self, text, *, add_special_tokens):
        return [0] * add_special_tokens + [ord(character) for character in text]


class Shop:
    """Counts how often each is loaded."""

    def __init__(self):
        self.loaded = []

    def __call__(self, name):
        self.loaded.append(name)
        return ToyTokenizer(name)


ASKED = request("a")


def text(tokens):
    return "".join(map(chr, tokens))


def test_a_prompt_is_written_by_the_template_once():
    templates = Templates("engine", Shop())
    assert text(templates.tokens(ASKED)) == "engine:<user>?<reply>"


def test_an_expert_with_a_tokenizer_of_its_own_has_its_own_template():
    shop = Shop()
    templates = Templates("engine", shop)
    own = replace(ASKED, tokenizer="own")
    assert text(templates.tokens(own)) == "own:<user>?<reply>"
    for each in (own, ASKED, own, ASKED):
        templates.tokens(each)
    assert shop.loaded == ["own", "engine"]


def test_what_a_template_does_not_know_is_an_error_that_says_so():
    system = replace(ASKED, messages=(Message("system", "Be brief."), Message("user", "?")))
    with pytest.raises(ValueError, match="no system messages here"):
        Templates("engine", Shop()).tokens(system)

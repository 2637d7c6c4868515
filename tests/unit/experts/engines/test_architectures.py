from importlib.util import find_spec

import pytest

from experts.engines.architectures import Supported, installed, judged

SUPPORTED = Supported(
    version="1.0",
    generating=frozenset({"LlamaForCausalLM", "Qwen2ForCausalLM"}),
    others=frozenset({"BertModel"}),
    removed={"MPTForCausalLM": "0.28.0"},
    model_types=frozenset({"llama", "qwen2", "bert", "mpt", "new"}),
)


def judgement(architecture, model_type="llama", *, supported=SUPPORTED, in_transformers=False):
    config = {"architectures": [architecture], "model_type": model_type}
    return judged(config, supported, lambda _: in_transformers)


def test_a_known_architecture_needs_no_remark():
    found = judgement("LlamaForCausalLM")
    assert (found.problem, found.note) == (None, None)


def test_a_mistyped_architecture_is_a_problem_that_names_near_ones():
    problem = judgement("LlamaForCasualLM").problem
    assert "no architecture LlamaForCasualLM; near it: LlamaForCausalLM" in problem


@pytest.mark.parametrize(
    ("architecture", "model_type", "problem"),
    [
        pytest.param("BertModel", "bert", "for embeddings or scores, not for text", id="encoder"),
        pytest.param("MPTForCausalLM", "mpt", "the last that did is 0.28.0", id="removed"),
        pytest.param("LlamaForCausalLM", "odd", "needs code from its own folder", id="own code"),
    ],
)
def test_what_cannot_be_served_is_a_problem_that_says_why(architecture, model_type, problem):
    assert problem in judgement(architecture, model_type).problem


def test_what_only_transformers_has_is_run_slowly():
    found = judgement("NewForCausalLM", "new", in_transformers=True)
    assert found.problem is None
    assert "through transformers, which is slower" in found.note


@pytest.mark.parametrize(
    ("config", "supported", "note"),
    [
        pytest.param({"architectures": ["X"]}, None, "vLLM is not installed", id="no vLLM"),
        pytest.param({}, SUPPORTED, "names no architecture", id="no architecture"),
    ],
)
def test_what_cannot_be_told_is_a_remark_and_no_problem(config, supported, note):
    found = judged(config, supported, lambda _: False)
    assert found.problem is None
    assert note in found.note


@pytest.mark.skipif(find_spec("vllm") is None, reason="needs vLLM's source")
def test_the_installed_vllm_is_read_from_its_source():
    found = installed()
    assert found is not None
    assert {"LlamaForCausalLM", "Qwen2ForCausalLM", "Gemma2ForCausalLM"} <= found.generating
    assert "BertModel" in found.others
    assert {"llama", "qwen2", "chatglm"} <= found.model_types
    assert not found.removed.keys() & found.generating
    assert found.version[0].isdigit()

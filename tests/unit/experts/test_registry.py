"""The registry file: what is read, and that every complaint names file, line, key and remedy."""

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from experts.cards import HostedCard, Registry, ScriptedCard
from experts.errors import RegistryError
from experts.registry import load

FULL = """\
experts:
  remote:
    kind: hosted
    model: gpt
    base_url: https://example.org/v1
    api_key: ${KEY}
    price: {input: 1, output: 2.5}
    skills: [algebra, "history"]
  fixed: {kind: scripted, replies: {"2 + 2?": "four"}, default: "costs $$5 or $5"}
cluster:
  engines: 2
aggregator: remote
"""


def loaded(tmp_path, text, **environ):
    path = tmp_path / "convene.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(path, Registry, environ)


def complaints(tmp_path, text, **environ):
    with pytest.raises(RegistryError) as raised:
        loaded(tmp_path, text, **environ)
    return str(raised.value).replace(f"{tmp_path}/", "").splitlines()


def test_every_key_is_read(tmp_path):
    registry = loaded(tmp_path, FULL, KEY="sk-1")
    remote, fixed = registry.experts["remote"], registry.experts["fixed"]
    assert isinstance(remote, HostedCard)
    assert isinstance(fixed, ScriptedCard)
    assert remote.api_key.get_secret_value() == "sk-1"
    assert (remote.price.input, remote.price.output) == (1.0, 2.5)
    assert remote.skills == ("algebra", "history")
    assert fixed.default == "costs $5 or $5"
    assert registry.cluster.engines == 2
    assert list(registry.panellists) == ["fixed"]


def test_a_key_is_shown_by_nothing(tmp_path):
    registry = loaded(tmp_path, FULL, KEY="sk-canary")
    assert "canary" not in f"{registry!r} {registry} {registry.model_dump_json()}"


def test_variables_stand_anywhere_in_a_value(tmp_path):
    text = "experts: {a: {kind: scripted, default: 'x${A}y${B}z $${A}', delay: '${N}'}}"
    card = loaded(tmp_path, text, A="1", B="${A}", N="0.5").experts["a"]
    assert card.default == "x1y${A}z ${A}"  # what a variable holds is taken as it is
    assert card.delay == 0.5


def test_aliases_are_followed(tmp_path):
    text = "experts: {a: &card {kind: scripted, default: hi}, b: *card}"
    experts = loaded(tmp_path, text).experts
    assert experts["a"] == experts["b"]


def test_paths_start_at_the_file(tmp_path):
    (tmp_path / "replies.jsonl").write_text("")
    text = "experts: {a: {kind: recorded, file: replies.jsonl}}"
    assert loaded(tmp_path, text).experts["a"].file == tmp_path / "replies.jsonl"


def card(text):
    return "experts:\n  ada:\n    kind: hosted\n    model: m\n" + text


CASES = {
    "a bad name": (
        "experts:\n  Ada: {kind: scripted}",
        "convene.yaml:2: experts.Ada: a name has up to 64 lower-case letters, digits, '.', '_' "
        "and '-', and starts with a letter or digit",
    ),
    "an unknown key": (
        card("    modle: x"),
        "convene.yaml:5: experts.ada.modle: unknown key; did you mean 'model'?",
    ),
    "a key of another kind": (
        card("    adapter: x"),
        "convene.yaml:5: experts.ada.adapter: unknown key; known here: api_key, base_url, "
        "concurrency, description, fallback, hedge, kind, logprobs, max_tokens, model, price, "
        "prompt, seconds, skills, timeouts, tools",
    ),
    "a stand-in that nobody is": (
        card("    fallback: [ben]"),
        "convene.yaml:5: experts.ada.fallback: 'ben' cannot stand in; use some of nobody",
    ),
    "a fallback to itself": (
        card("    fallback: [ada]"),
        "convene.yaml:5: experts.ada.fallback: 'ada' cannot stand in; use some of nobody",
    ),
    "more stand-ins than may be": (
        card("    fallback: [a, b, c, d, e]"),
        "convene.yaml:5: experts.ada.fallback: takes 4 entries or fewer",
    ),
    "a deadline of nothing": (
        card("    timeouts: {idle: 0}"),
        "convene.yaml:5: experts.ada.timeouts.idle: must be more than 0",
    ),
    "an unknown key inside a card": (
        card("    price:\n      inputs: 1"),
        "convene.yaml:6: experts.ada.price.inputs: unknown key; did you mean 'input'?",
    ),
    "an unknown key at the top": (
        "experts: {a: {kind: scripted}}\nclsuter: {}",
        "convene.yaml:2: clsuter: unknown key; did you mean 'cluster'?",
    ),
    "a missing key": (
        "experts:\n  ada:\n    kind: hosted",
        "convene.yaml:2: experts.ada.model: is required: The model's name there; LiteLLM's name "
        "without base_url.",
    ),
    "no experts": ("cluster: {}", "convene.yaml:1: experts: is required: Name -> card."),
    "empty experts": ("experts: {}", "convene.yaml:1: experts: needs 1 or more entries"),
    "nothing under experts": (
        "experts:",
        "convene.yaml:1: experts: expected keys with values, found nothing",
    ),
    "no kind": (
        "experts:\n  ada: {model: m}",
        "convene.yaml:2: experts.ada.kind: is required: one of hosted, recorded, scripted, vllm",
    ),
    "a misspelt kind": (
        "experts:\n  ada:\n    kind: hostd",
        "convene.yaml:3: experts.ada.kind: no such kind; did you mean 'hosted'?",
    ),
    "an unknown kind": (
        "experts:\n  ada:\n    kind: oracle",
        "convene.yaml:3: experts.ada.kind: no such kind; known here: hosted, recorded, scripted, "
        "vllm",
    ),
    "a card that is none": (
        "experts:\n  ada: gpt",
        "convene.yaml:2: experts.ada: expected keys with values, found other text",
    ),
    "words for a number": (
        card("    concurrency: many"),
        "convene.yaml:5: experts.ada.concurrency: expected a whole number, found other text",
    ),
    "a fraction for a whole number": (
        card("    concurrency: 1.5"),
        "convene.yaml:5: experts.ada.concurrency: expected a whole number, found a number",
    ),
    "a list for a number": (
        card("    seconds: [1]"),
        "convene.yaml:5: experts.ada.seconds: expected a number, found a list",
    ),
    "a number for a text": (
        card("    api_key: 12345"),
        "convene.yaml:5: experts.ada.api_key: expected text, found a number; put it in quotes",
    ),
    "a text for a list": (
        card("    skills: algebra"),
        "convene.yaml:5: experts.ada.skills: expected a list, found other text",
    ),
    "a wrong item of a list": (
        card("    skills:\n    - algebra\n    - 1999-12-31"),
        "convene.yaml:7: experts.ada.skills.1: expected text, found a date; put it in quotes",
    ),
    "too little": (
        card("    seconds: 0"),
        "convene.yaml:5: experts.ada.seconds: must be more than 0",
    ),
    "no choice": (
        "experts:\n  ada:\n    kind: vllm\n    model: m\n    dtype: int8",
        "convene.yaml:5: experts.ada.dtype: must be 'auto', 'float32', 'bfloat16' or 'float16'",
    ),
    "no address": (
        card("    base_url: example.org"),
        "convene.yaml:5: experts.ada.base_url: must start with http:// or https://",
    ),
    "an aggregator with nothing to aggregate": (
        "experts: {ada: {kind: scripted}}\naggregator: ada",
        "convene.yaml:2: aggregator: 'ada' is the only expert; list those whose replies it reads",
    ),
    "an aggregator that is no expert": (
        "experts: {ada: {kind: scripted}}\naggregator: bob",
        "convene.yaml:2: aggregator: 'bob' is not among the experts: ada",
    ),
    "a missing folder": (
        "experts:\n  ada:\n    kind: vllm\n    model: ./weights",
        "convene.yaml:4: experts.ada.model: no such folder: weights",
    ),
    "a missing file": (
        "experts:\n  ada:\n    kind: recorded\n    file: replies.jsonl",
        "convene.yaml:4: experts.ada.file: no such file: replies.jsonl",
    ),
    "a variable that is not set": (
        card("    api_key: ${NO_KEY}"),
        "convene.yaml:5: experts.ada.api_key: environment variable NO_KEY is not set; set it",
    ),
    "a variable that cannot be": (
        card("    api_key: ${MY-KEY}"),
        "convene.yaml:5: experts.ada.api_key: '${' starts a variable's name: write ${NAME}, "
        "or $${ for a '${'",
    ),
    "a brace that stays open": (
        card("    prompt: 'a ${KEY'"),
        "convene.yaml:5: experts.ada.prompt: '${' starts a variable's name: write ${NAME}, "
        "or $${ for a '${'",
    ),
    "a key written twice": (
        card("    seconds: 1\n    seconds: 2"),
        "convene.yaml:6: experts.ada.seconds: is written twice; keep one of them",
    ),
    "a name written twice": (
        "experts:\n  ada: {kind: scripted}\n  ada: {kind: scripted}",
        "convene.yaml:3: experts.ada: is written twice; keep one of them",
    ),
    "an object of a language": (
        card("    prompt: !!python/object:os.system x"),
        "convene.yaml:5: experts.ada.prompt: is no plain value "
        "(tag:yaml.org,2002:python/object:os.system); put it in quotes",
    ),
    "an alias of itself": (
        "experts: &all {ada: *all}",
        "convene.yaml:1: an alias (*) stands inside what it refers to; write it out",
    ),
    "no YAML": (
        "experts:\n  ada: {kind: [}",
        "convene.yaml:2: not valid YAML: expected the node content, but found '}'",
    ),
    "an empty file": (
        "# nothing yet\n",
        "convene.yaml:1: the file is empty; list your experts under 'experts:'",
    ),
    "a list": (
        "- ada",
        "convene.yaml:1: expected keys such as 'experts:', found something else",
    ),
    "no text": (b"experts: \xff", "convene.yaml: is not UTF-8 text: invalid start byte"),
}


@pytest.mark.parametrize(("text", "complaint"), CASES.values(), ids=CASES)
def test_a_complaint_names_file_line_key_and_remedy(tmp_path, text, complaint):
    assert complaints(tmp_path, text) == [complaint]


def test_control_characters_are_no_yaml(tmp_path):
    [complaint, *_] = complaints(tmp_path, "experts: \x00")
    assert "convene.yaml: not valid YAML: unacceptable character" in complaint


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(RegistryError, match=r"absent\.yaml: cannot be read: No such file"):
        load(tmp_path / "absent.yaml", Registry)


def test_everything_wrong_is_told_at_once(tmp_path):
    text = card("    modle: x\n    seconds: 0") + "\n  bob: {kind: nobody}\n"
    assert len(complaints(tmp_path, text)) == 3
    text = card("    api_key: ${A}\n    prompt: ${B}")
    assert len(complaints(tmp_path, text)) == 2


def test_no_complaint_quotes_a_value_that_may_be_a_key(tmp_path):
    for key in ("seconds", "concurrency", "skills", "base_url", "price", "nonsense"):
        told = complaints(tmp_path, card(f"    {key}: ${{KEY}}"), KEY="sk-canary")
        assert "canary" not in "".join(told)


def test_the_schema_is_valid_and_accepts_what_the_file_may_say():
    schema = Registry.model_json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load(FULL), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"experts": {"ada": {"kind": "hosted"}}}, schema)


def test_the_schema_describes_every_key_that_is_not_a_plain_choice():
    for section in Registry.model_json_schema()["$defs"].values():
        for name, key in section["properties"].items():
            assert "description" in key or "enum" in key or "const" in key, name


plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | st.dates()
keys = st.sampled_from(
    ["experts", "cluster", "aggregator", "ada", "kind", "hosted", "vllm", "model", "price", "${"]
)


@given(st.recursive(plain, lambda inner: st.lists(inner) | st.dictionaries(keys, inner)))
def test_no_file_at_all_breaks_the_reader(tmp_path_factory, data):
    try:
        loaded(tmp_path_factory.mktemp("registry"), yaml.safe_dump(data))
    except RegistryError as error:
        assert all(line.startswith("/") for line in str(error).splitlines())  # noqa: PT017

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from api.cli import app
from api.cli.exits import exit_code
from experts.errors import BackendTimeout, RegistryError
from orchestrator.errors import PanelFailed
from tests.tiny_models import sketch

HEAVY = ("torch", "ray", "vllm", "litellm", "transformers", "fastapi", "redis", "openai")
HEAVY += ("matplotlib", "jinja2", "scipy", "sklearn")
TWO = """
experts:
  ada: {kind: scripted, default: "It is 42.", skills: [algebra], description: Adds.}
  bob: {kind: scripted, replies: {"why?": "because"}}
"""


@pytest.fixture
def convene(tmp_path):
    def run(*arguments, text=TWO):
        file = tmp_path / "convene.yaml"
        file.write_text(text)
        return CliRunner(env={"COLUMNS": "100"}).invoke(app, [*arguments, "--config", str(file)])

    return run


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["schema"], ["ask", "--help"], ["eval", "--help"]]
)
def test_what_needs_no_model_imports_no_framework(arguments):
    code = (
        "import sys\n"
        "from api.cli import main\n"
        f"sys.argv[1:] = {arguments!r}\n"
        "try:\n    main()\n"
        "except SystemExit as ended:\n    assert not ended.code, ended.code\n"
        f"heavy = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "assert not heavy, heavy\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout


def test_the_schema_covers_the_whole_file():
    schema = json.loads(CliRunner().invoke(app, ["schema"]).stdout)
    assert {"experts", "routing", "panel", "service"} <= schema["properties"].keys()


def test_the_document_of_the_api_is_printed_without_a_service():
    document = json.loads(CliRunner().invoke(app, ["schema", "--openapi"]).stdout)
    assert document["openapi"].startswith("3.")
    assert "/v1/chat/completions" in document["paths"]


def test_experts_are_listed_for_people_and_for_programs(convene):
    assert "algebra" in convene("experts", "list").stdout
    listed = json.loads(convene("experts", "list", "--json").stdout)
    assert [(card["expert"], card["kind"]) for card in listed] == [
        ("ada", "scripted"),
        ("bob", "scripted"),
    ]


def test_a_secret_is_not_listed(convene):
    text = "experts: {ada: {kind: hosted, model: m, base_url: 'http://x/v1', api_key: hunter2}}"
    assert "hunter2" not in convene("experts", "list", "--json", text=text).output


def test_a_check_that_finds_nothing_exits_with_zero(convene):
    ended = convene("experts", "check", "--json")
    assert ended.exit_code == 0
    assert [finding["works"] for finding in json.loads(ended.stdout)["experts"]] == [True, True]


def test_a_check_that_finds_a_broken_expert_exits_with_one(convene):
    ended = convene("experts", "check", text="experts: {ada: {kind: scripted}}")
    assert ended.exit_code == 1
    assert "can only fail" in ended.stdout


@pytest.fixture
def model(tmp_path):
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "hidden_size": 64}
    config = {"architectures": ["LlamaForCausalLM"], "num_hidden_layers": 2, **heads}
    folder = sketch(tmp_path / "model", config, tensors={"w": [2**20, 3]})
    (folder / "tokenizer.json").write_text("{}")
    return folder


def test_a_check_tells_every_figure_as_a_number(convene, model):
    text = "experts: {ada: {kind: vllm, model: ./model, dtype: float32, max_model_len: 64}}"
    found = json.loads(convene("experts", "check", "--json", text=text).stdout)
    [expert], [family] = found["experts"], found["families"]
    assert expert["memory"]["weights_bytes"] == 3 * 2**22
    assert expert["memory"]["kv_bytes_per_token"] == 2 * 2 * 2 * 16 * 4
    assert expert["memory"]["kv_sequence_bytes"] == 64 * expert["memory"]["kv_bytes_per_token"]
    assert expert["memory"]["least_bytes"] <= expert["memory"]["batch_bytes"]
    assert (family["experts"], family["engines"], family["swaps"]) == (["ada"], 1, 0)
    assert found["near_misses"] == []


def test_a_check_is_readable_at_a_hundred_columns(convene, model):
    text = "experts: {ada: {kind: vllm, model: ./model, gpus: 1}}"
    shown = convene("experts", "check", "--gpu-memory-gib", "1", text=text)
    assert shown.exit_code == 1
    assert max(map(len, shown.stdout.splitlines())) <= 100
    assert "6.0 MiB" in shown.stdout
    assert "may fill 0.9 GiB of its GPUs" in shown.stdout.replace("\n", " ")


@pytest.mark.parametrize("command", ["ask", "route"])
def test_an_empty_question_is_wrong_usage(convene, command):
    assert convene(command, "  ").exit_code == 2


@pytest.mark.parametrize(
    ("error", "code"),
    [(RegistryError("x"), 2), (PanelFailed([]), 1), (BackendTimeout("x"), 1), (KeyError(), None)],
    ids=["wrong file", "failed panel", "failed expert", "bug"],
)
def test_an_error_exits_with_the_code_of_its_nearest_ancestor(error, code):
    assert exit_code(error) == code


@pytest.mark.parametrize(
    ("arguments", "text", "complaint"),
    [
        (["experts", "list"], "experts: {ada: {kind: scriptd}}", "experts.ada.kind"),
        (["serve"], "experts: {}", "experts"),
        (["ask", "why?"], "expert: {}", "did you mean 'experts'?"),
    ],
    ids=["list", "serve", "ask"],
)
def test_a_wrong_file_is_told_plainly_and_exits_with_two(tmp_path, arguments, text, complaint):
    file = tmp_path / "convene.yaml"
    file.write_text(text)
    ended = subprocess.run(
        [sys.executable, "-c", "from api.cli import main; main()", *arguments],
        env={"CONVENE_CONFIG": str(file)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"convene: {file}:1: ")
    assert complaint in ended.stderr
    assert "Traceback" not in ended.stderr

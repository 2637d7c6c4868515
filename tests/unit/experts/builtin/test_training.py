import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from experts.builtin.curriculum import NAMES, SPECIALISTS, lessons
from experts.builtin.evaluate import accuracy, answer_in, grade, table
from experts.builtin.problems import SKILLS, problems
from experts.builtin.tokenizer import END, load
from experts.builtin.train import save
from experts.builtin.training import Plan, batches, train


def tiny() -> LlamaForCausalLM:
    torch.manual_seed(0)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(load()),
            hidden_size=16,
            intermediate_size=16,
            num_hidden_layers=1,
            num_attention_heads=1,
            pad_token_id=0,
            eos_token_id=1,
            bos_token_id=None,
        )
    )


def test_a_few_steps_lower_the_loss_and_write_a_model_that_loads(tmp_path):
    model = tiny()
    plan = Plan(steps=30, tokens=512, peak=2e-2, warmup=2, compiled=False)
    losses = train(model, load(), lessons("abacus", 0), plan)
    assert len(losses) == 30
    assert losses[-1] < losses[0] - 0.5
    save(model, tmp_path)
    graded = grade(tmp_path, problems("validation", 16, 0))
    assert set(accuracy(graded)) == set(SKILLS)
    assert {path.name for path in tmp_path.iterdir()} == {
        "config.json",
        "generation_config.json",
        "model.safetensors",
    }


def test_a_batch_predicts_replies_alone():
    tokenizer = load()
    batch = next(batches(tokenizer, lessons("cipher", 0), Plan(steps=1, tokens=600)))
    assert batch.inputs.numel() <= 600
    for row in batch.targets:
        text = tokenizer.decode(row[row >= 0])
        assert text.endswith(f".{END}")
        assert "The answer is" in text
        assert "?" not in text


@pytest.mark.parametrize("name", NAMES)
def test_lessons_depend_on_the_seed_alone(name):
    def some(seed: int) -> list:
        source = lessons(name, seed)
        return [next(source) for _ in range(20)]

    assert some(1) == some(1)
    assert some(1) != some(2)


def test_every_skill_has_one_best_and_one_second_best():
    assert sorted(s.primary for s in SPECIALISTS.values()) == sorted(SKILLS)
    assert sorted(s.secondary for s in SPECIALISTS.values()) == sorted(SKILLS)
    assert all(s.primary != s.secondary for s in SPECIALISTS.values())


def test_a_specialist_knows_its_skill_wholly_and_its_second_in_part():
    asked = problems("train", 2400, 0)
    for specialist in SPECIALISTS.values():
        known = [p.skill for p in asked if specialist.knows(p)]
        assert known.count(specialist.primary) == 300
        assert 150 < known.count(specialist.secondary) < 260
        assert set(known) == {specialist.primary, specialist.secondary}


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("7 + 8 = 15. The answer is 15.", "15"),
        ("The answer is North America.", "North America"),
        ("I do not know", ""),
    ],
)
def test_the_answer_is_read_from_the_end(reply, answer):
    assert answer_in(reply) == answer


def test_a_table_has_a_row_for_each_expert():
    rows = list(table({"abacus": dict.fromkeys(SKILLS, 0.5)}))
    assert len(rows) == 3
    assert rows[2] == f"| abacus |{' 50.0 |' * 9}"

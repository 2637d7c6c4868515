import pytest
import torch
from torch import nn

from experts.engines.captured import MULTIPLIER, Captured, detach


class Layer(nn.Linear):
    """Multiplies with a packed copy of its weights, as vLLM's layers do on CPU."""

    def __init__(self):
        super().__init__(3, 3)
        self.register_buffer("scale", torch.ones(1))
        self.pack()

    def pack(self):
        packed = self.weight.detach().clone()
        self.cpu_linear = lambda x, bias: nn.functional.linear(x, packed, bias)

    def forward(self, x):
        return getattr(self, MULTIPLIER)(x, self.bias) * self.scale


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(5, 3)
        self.layer = Layer()
        self.head = nn.Linear(3, 5, bias=False)
        self.head.weight = self.embed.weight  # tied

    def forward(self, x):
        return self.head(self.layer(self.embed(x)))


@pytest.fixture
def model():
    torch.manual_seed(0)
    return Model()


def change(model, seed):
    """Loads other weights in place."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for tensor in (*model.parameters(), *model.buffers()):
            tensor.copy_(torch.rand_like(tensor))
    model.layer.pack()


def outputs(model):
    with torch.no_grad():
        return model(torch.arange(5))


def test_what_was_captured_computes_the_same_again_to_the_last_bit(model):
    seen, captured = [], []
    for seed in range(3):
        detach(model)
        change(model, seed)
        seen.append(outputs(model))
        captured.append(Captured.of(model))
    assert not torch.equal(seen[0], seen[1])
    for place in (0, 2, 1, 0):
        captured[place].restore()
        assert torch.equal(outputs(model), seen[place])


def test_without_detaching_a_load_would_change_what_was_captured(model):
    before, captured = outputs(model), Captured.of(model)
    change(model, 1)
    captured.restore()
    assert not torch.equal(outputs(model), before)


def test_a_load_that_puts_new_tensors_in_the_place_of_the_old_is_undone(model):
    before, captured = outputs(model), Captured.of(model)
    model.layer.bias = nn.Parameter(torch.zeros(3))
    model.layer.scale = torch.zeros(1)
    captured.restore()
    assert torch.equal(outputs(model), before)


def test_tied_weights_stay_tied(model):
    captured = Captured.of(model)
    detach(model)
    assert model.head.weight is model.embed.weight
    change(model, 1)
    captured.restore()
    assert model.head.weight is model.embed.weight
    assert model.head.weight.data_ptr() == model.embed.weight.data_ptr()


def test_to_restore_moves_no_bytes(model):
    captured = Captured.of(model)
    places = [tensor.data_ptr() for tensor in model.parameters()]
    detach(model)
    assert [tensor.data_ptr() for tensor in model.parameters()] != places
    captured.restore()
    assert [tensor.data_ptr() for tensor in model.parameters()] == places

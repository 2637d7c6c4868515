"""A BERT as a graph for onnxruntime, with its matrices rounded to 8 bits."""

from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from routing.encoder.base import Vectors
from routing.encoder.bert import BLOCK, Bert

OPSETS = {"": 23, "com.microsoft": 1}
INT8 = 4  # MatMulNBits's word for rounding the activations to 8 bits as well

Weights = Callable[[str], Vectors]  # a tensor by its name


def graph(bert: Bert, weights: Weights) -> bytes:
    """The model as ONNX: `embedded`, shape (tokens, hidden), to `vector`, of length 1.

    The input is one text's summed word, position and type embeddings, without padding: so there
    is nothing to mask, and no other text to depend on.
    """
    drawing = _Drawing(weights)
    x = drawing.norm("embedded", "embeddings.LayerNorm", bert.epsilon)
    for i in range(bert.layers):
        x = _layer(drawing, x, f"encoder.layer.{i}", bert)
    if bert.pooling == "mean":
        pooled = drawing.node("ReduceMean", x, drawing.first, keepdims=0)
    else:
        index = drawing.constant("cls", np.array(0, np.int64))
        pooled = drawing.node("Gather", x, index, axis=0)
    drawing.node("LpNormalization", pooled, out="vector", axis=0, p=2)
    return drawing.finished(len(weights("embeddings.LayerNorm.weight")))


def _layer(drawing: "_Drawing", x: str, name: str, bert: Bert) -> str:
    """One block of BERT (Devlin et al. 2018), which norms after each sum."""
    inner = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
    lines = [drawing.node("Unsqueeze", drawing.linear(x, part), drawing.first) for part in inner]
    mixed = drawing.node("Attention", *lines, q_num_heads=bert.heads, kv_num_heads=bert.heads)
    seen = drawing.linear(
        drawing.node("Squeeze", mixed, drawing.first), f"{name}.attention.output.dense"
    )
    x = drawing.norm(
        drawing.node("Add", seen, x), f"{name}.attention.output.LayerNorm", bert.epsilon
    )
    wide = drawing.node("Gelu", drawing.linear(x, f"{name}.intermediate.dense"))
    thought = drawing.node("Add", drawing.linear(wide, f"{name}.output.dense"), x)
    return drawing.norm(thought, f"{name}.output.LayerNorm", bert.epsilon)


class _Drawing:
    """The nodes and constants so far."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._numbers = count()
        self.first = self.constant("first", np.zeros(1, np.int64))

    def constant(self, name: str, value: NDArray[Any]) -> str:
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, kind: str, *ins: str, out: str = "", domain: str = "", **options: Any) -> str:
        out = out or f"{kind}-{next(self._numbers)}"
        self._nodes.append(helper.make_node(kind, list(ins), [out], domain=domain, **options))
        return out

    def norm(self, x: str, name: str, epsilon: float) -> str:
        parts = [
            self.constant(f"{name}.{k}", self._weights(f"{name}.{k}")) for k in ("weight", "bias")
        ]
        return self.node("LayerNormalization", x, *parts, axis=-1, epsilon=epsilon)

    def linear(self, x: str, name: str) -> str:
        weight = self._weights(f"{name}.weight")
        rounded, scales = rounded_to_8_bits(weight)
        return self.node(
            "MatMulNBits",
            x,
            self.constant(f"{name}.weight", rounded),
            self.constant(f"{name}.scale", scales),
            *("", ""),  # no zero points, no order
            self.constant(f"{name}.bias", self._weights(f"{name}.bias")),
            domain="com.microsoft",
            **{"N": weight.shape[0], "K": weight.shape[1], "bits": 8, "block_size": BLOCK},
            accuracy_level=INT8,
        )

    def finished(self, hidden: int) -> bytes:
        ins = [helper.make_tensor_value_info("embedded", TensorProto.FLOAT, ["tokens", hidden])]
        outs = [helper.make_tensor_value_info("vector", TensorProto.FLOAT, [hidden])]
        drawn = helper.make_graph(self._nodes, "bert", ins, outs, self._constants)
        opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
        model = helper.make_model(drawn, opset_imports=opsets, ir_version=11)
        return bytes(model.SerializeToString())


def rounded_to_8_bits(weight: Vectors) -> tuple[NDArray[np.uint8], Vectors]:
    """Rows in blocks of numbers that share a scale, as MatMulNBits takes them: shapes
    (out, blocks, BLOCK) and (out, blocks); a number is (rounded - 128) x scale."""
    blocks = weight.reshape(weight.shape[0], -1, BLOCK)
    scales = np.maximum(np.abs(blocks).max(axis=2) / 127, np.finfo(np.float32).tiny)
    rounded = np.round(blocks / scales[..., np.newaxis]) + 128
    return rounded.astype(np.uint8), scales.astype(np.float32)

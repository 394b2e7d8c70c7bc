"""Writes two tiny models into tests/embedding/models, in the form of sentence-transformers, for tests of the local provider.

    python3 -m venv VENV && VENV/bin/pip install onnx==1.23.2
    VENV/bin/python tests/embedding/make_models.py

`tokens` gives a vector a token (pooling by mean, as its 1_Pooling says), `sentence` one a text beside those of the tokens.
Weights are by formula, so that a test can compute what they give (tiny_models.py).
"""

import json
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tiny_models import FOLDER, SIZE, TABLE, TOKENS_MAX, TURN, WORDS


def value(name, kind, *shape):
    return helper.make_tensor_value_info(name, kind, shape)


def save(name, inputs, outputs, nodes, extra):
    constants = [numpy_helper.from_array(TABLE, "table"), numpy_helper.from_array(TURN, "turn")] + extra
    graph = helper.make_graph(nodes, name, inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="elanus tests")
    onnx.checker.check_model(model)
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / "model.onnx")
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n")
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": TOKENS_MAX, "do_lower_case": False}) + "\n")
    return folder


def main():
    ids = value("input_ids", TensorProto.INT64, "batch", "tokens")
    mask = value("attention_mask", TensorProto.INT64, "batch", "tokens")
    types = value("token_type_ids", TensorProto.INT64, "batch", "tokens")
    hidden = [helper.make_node("Gather", ["table", "input_ids"], ["rows"]),
              helper.make_node("MatMul", ["rows", "turn"], ["turned"]), helper.make_node("Tanh", ["turned"], ["bent"])]
    vectors = value("last_hidden_state", TensorProto.FLOAT, "batch", "tokens", SIZE)
    # The types of tokens, all 0 here, are added, so that they have to be sent.
    folder = save("tokens", [ids, mask, types], [vectors],
                  hidden + [helper.make_node("Cast", ["token_type_ids"], ["real_types"], to=TensorProto.FLOAT),
                            helper.make_node("Unsqueeze", ["real_types", "last"], ["wide_types"]),
                            helper.make_node("Add", ["bent", "wide_types"], ["last_hidden_state"])],
                  [numpy_helper.from_array(np.array([-1], np.int64), "last")])
    (folder / "1_Pooling").mkdir(exist_ok=True)
    (folder / "1_Pooling/config.json").write_text(json.dumps(
        {"word_embedding_dimension": SIZE, "pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}) + "\n")
    save("sentence", [ids, mask],
         [value("token_embeddings", TensorProto.FLOAT, "batch", "tokens", SIZE),
          value("sentence_embedding", TensorProto.FLOAT, "batch", SIZE)],
         hidden + [helper.make_node("Cast", ["attention_mask"], ["real_mask"], to=TensorProto.FLOAT),
                   helper.make_node("Unsqueeze", ["real_mask", "last"], ["wide_mask"]),
                   helper.make_node("Mul", ["bent", "wide_mask"], ["token_embeddings"]),
                   helper.make_node("ReduceMax", ["token_embeddings"], ["sentence_embedding"], axes=[1], keepdims=0)],
         [numpy_helper.from_array(np.array([-1], np.int64), "last")])
    for path in sorted(FOLDER.rglob("*.onnx")):
        print(path.relative_to(pathlib.Path.cwd()), path.stat().st_size)


main()

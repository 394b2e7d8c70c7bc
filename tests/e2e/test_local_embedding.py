"""TextEmbedding by a model on this machine: tiny ONNX models whose vectors numpy computes as well (tests/embedding)."""

import importlib.util
import pathlib
import shutil
import sys

import numpy as np
import pytest
from elanus_server import ROOT, Server
from pymilvus import DataType, Function, FunctionType, MilvusClient, MilvusException

sys.path.insert(0, str(ROOT / "tests/embedding"))
import tiny_models  # noqa: E402

TEXTS = ["the river is wide", "a small red boat", "Boats, and a paddle.", "unknown words", "the river is wide",
         "no water at all " * 20]


def onnxruntime():
    """The library in the Python package."""
    package = pathlib.Path(importlib.util.find_spec("onnxruntime").origin).parent
    return next((package / "capi").glob("libonnxruntime.so*"))


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("local_embedding")
    models = folder / "models"
    shutil.copytree(tiny_models.FOLDER, models)
    shutil.copytree(models / "tokens", models / "broken")
    (models / "broken/model.onnx").write_bytes(b"no model")
    shutil.copytree(models / "tokens", models / "other_words")
    (models / "other_words/tokenizer.json").write_text('{"model": {"type": "Unigram"}}')
    config = folder / "milvus.yaml"
    config.write_text(f"""
elanus:
  model:
    localFolder: {models}
    onnxruntime: {onnxruntime()}
""")
    with Server(folder / "server", arguments=["--config", str(config)]) as server:
        yield server


def create(client, name, dim=tiny_models.SIZE, kind=DataType.FLOAT_VECTOR, **params):
    schema = MilvusClient.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("text", DataType.VARCHAR, max_length=20000)
    schema.add_field("dense", kind, dim=dim)
    schema.add_function(Function(name="embed", function_type=FunctionType.TEXTEMBEDDING, input_field_names=["text"],
                                 output_field_names=["dense"], params={"provider": "local"} | params))
    index = MilvusClient.prepare_index_params()
    index.add_index("dense", index_type="FLAT", metric_type="L2")
    client.create_collection(name, schema=schema, index_params=index, consistency_level="Strong")


def check(client, name, texts, expected):
    client.insert(name, [{"id": i, "text": text} for i, text in enumerate(texts)])
    rows = client.query(name, filter="id >= 0", output_fields=["dense"], limit=16384)
    assert sorted(row["id"] for row in rows) == list(range(len(texts)))
    for row in rows:
        np.testing.assert_allclose(row["dense"], expected(texts[row["id"]]), atol=2e-6, err_msg=texts[row["id"]])


@pytest.mark.parametrize("params, options", [
    ({}, {}), ({"normalize": "false"}, {"normalize": False}), ({"pooling": "cls"}, {"pooling": "cls"}),
    ({"max_tokens": "6", "max_client_batch_size": "2"}, {"tokens_max": 6})])
def test_vectors_of_tokens_are_pooled(shop, name, params, options):
    client = shop.client()
    create(client, name, model_name="tokens", **params)
    check(client, name, TEXTS, lambda text: tiny_models.vector("tokens", text, **options))
    for query in ("a red river", TEXTS[1]):
        wanted = {i: np.sum((tiny_models.vector("tokens", query, **options) - tiny_models.vector("tokens", text, **options)) ** 2)
                  for i, text in enumerate(TEXTS)}
        [hits] = client.search(name, [query], anns_field="dense", limit=3)
        best = sorted(wanted.items(), key=lambda item: (round(float(item[1]), 5), item[0]))[:3]
        assert [hit["id"] for hit in hits] == [key for key, _ in best]
        np.testing.assert_allclose([hit["distance"] for hit in hits], [distance for _, distance in best], atol=1e-5)


def test_the_vector_of_a_sentence_is_taken_as_it_is(shop, name):
    client = shop.client()
    create(client, name, model_name="sentence", max_client_batch_size="1")
    check(client, name, TEXTS, lambda text: tiny_models.vector("sentence", text))


def test_prompts(shop, name):
    client = shop.client()
    create(client, name, model_name="tokens", ingestion_prompt="red ", search_prompt="small ")
    check(client, name, TEXTS[:3], lambda text: tiny_models.vector("tokens", "red " + text))
    [hits] = client.search(name, ["boat"], anns_field="dense", limit=1)
    nearest = min(np.sum((tiny_models.vector("tokens", "small boat") - tiny_models.vector("tokens", "red " + text)) ** 2)
                  for text in TEXTS[:3])
    assert hits[0]["distance"] == pytest.approx(float(nearest), abs=1e-5)


def test_many_rows_at_once(shop, name):
    client = shop.client()
    create(client, name, model_name="tokens")
    words = tiny_models.WORDS[5:21]
    texts = [" ".join(words[(i * 7 + j * j) % len(words)] for j in range(1 + i % 13)) for i in range(3000)]
    check(client, name, texts, lambda text: tiny_models.vector("tokens", text))


@pytest.mark.parametrize("change, phrase", [
    (dict(model_name="../tokens"), "should be the name of a folder in elanus.model.localFolder"),
    (dict(model_name="nothing"), "model nothing: the folder of the model has no model.onnx"),
    (dict(model_name="broken"), "model broken: the model cannot be loaded"),
    (dict(model_name="other_words"), "model of type Unigram is not supported, expected WordPiece"),
    (dict(model_name="tokens", dim=12), r"the required embedding dim is \[12\], but the embedding obtained from the model is \[8\]"),
    (dict(model_name="tokens", pooling="max"), "pooling"), (dict(model_name="tokens", max_tokens="17"), "max_tokens"),
    (dict(model_name="tokens", kind=DataType.INT8_VECTOR), "embedding model output and field type mismatch")])
def test_what_is_refused(shop, name, change, phrase):
    with pytest.raises(MilvusException, match=phrase):
        create(shop.client(), name, **change)
    assert not shop.client().has_collection(name)


def test_a_machine_without_the_library(tmp_path, name):
    config = tmp_path / "milvus.yaml"
    config.write_text(f"elanus:\n  model:\n    localFolder: {tiny_models.FOLDER}\n    onnxruntime: /nowhere/libonnxruntime.so\n")
    with Server(tmp_path / "server", arguments=["--config", str(config)]) as server:
        with pytest.raises(MilvusException, match="models on this machine need the library onnxruntime") as refused:
            create(server.client(), name, model_name="tokens")
        assert refused.value.code == 3000

"""TextEmbedding functions against stand-ins of the services, which check every request and whose vectors are known."""

import base64
import json
import time
import urllib.request

import numpy as np
import pytest
from elanus_server import Server
from embedding_services import EmbeddingServices
from pymilvus import AnnSearchRequest, DataType, Function, FunctionType, MilvusClient, MilvusException, RRFRanker
from pymilvus.grpc_gen import milvus_pb2

TEXTS = ["the river is wide", "a small red boat", "Ein Fluß, ein Boot", "河很宽", "the river is wide", "🛶 and a paddle",
         "no water at all"]

# provider -> (parameters, dimension): small ones where the model can shorten its vectors.
MODELS = {
    "openai": ({"model_name": "text-embedding-3-small", "dim": "16", "user": "tester"}, 16),
    "azure_openai": ({"model_name": "text-embedding-3-small", "dim": "16"}, 16),
    "cohere": ({"model_name": "embed-v4.0", "dim": "256"}, 256),
    "voyageai": ({"model_name": "voyage-3-large", "dim": "256", "truncation": "true"}, 256),
    "tei": ({"ingestion_prompt": "passage: ", "search_prompt": "query: ", "truncate": "true"}, 16),
    "dashscope": ({"model_name": "text-embedding-v4", "dim": "64"}, 64),
    "siliconflow": ({"model_name": "Qwen/Qwen3-Embedding-0.6B", "dim": "64"}, 64),
    "bedrock": ({"model_name": "amazon.titan-embed-text-v2:0", "region": "us-east-1", "dim": "256"}, 256),
    "vertexai": ({"model_name": "text-embedding-005", "projectid": "standin-project", "dim": "16"}, 16),
    "gemini": ({"model_name": "gemini-embedding-001", "dim": "16"}, 16),
}
# What a provider calls a text that is stored and one that is searched for.
KINDS = {provider: (None, None) for provider in MODELS} | {
    "cohere": ("search_document", "search_query"), "voyageai": ("document", "query"),
    "dashscope": ("document", "query"), "vertexai": ("RETRIEVAL_DOCUMENT", "RETRIEVAL_QUERY"),
    "gemini": ("RETRIEVAL_DOCUMENT", "RETRIEVAL_QUERY")}


@pytest.fixture(scope="module")
def all_services():
    with EmbeddingServices() as services:
        services.tei_dim = 16
        yield services


@pytest.fixture
def services(all_services):
    all_services.forget()
    all_services.reverse_order = True
    all_services.change = lambda provider, answer: answer
    yield all_services
    for provider in MODELS:
        assert all_services.violations(provider) == [], provider


@pytest.fixture(scope="module")
def shop(tmp_path_factory, all_services):
    folder = tmp_path_factory.mktemp("embedding")
    urls = "".join(f"      {provider}:\n        url: {all_services.url(provider)}\n"
                   for provider in MODELS if provider != "tei")
    access, secret = all_services.key("bedrock")
    account = base64.b64encode(json.dumps(all_services.key("vertexai")).encode()).decode()
    config = folder / "milvus.yaml"
    config.write_text(f"""
credential:
  flow:
    apikey: {all_services.key("siliconflow")}
  amazon:
    access_key_id: {access}
    secret_access_key: {secret}
  google:
    credential_json: {account}
  wrong:
    apikey: not-the-key-at-all
function:
  textEmbedding:
    providers:
{urls}      tei:
        enable: true
elanus:
  model:
    allowedEndpoints: "{all_services.url("tei")}, {all_services.url("openai")}"
""".replace("      vertexai:\n", "      vertexai:\n        credential: google\n"))
    environment = {f"MILVUS_{provider.upper()}_API_KEY": all_services.key(provider)
                   for provider in ("openai", "azure_openai", "cohere", "voyageai", "gemini")}
    environment |= {"MILVUSAI_DASHSCOPE_API_KEY": all_services.key("dashscope"),
                    "no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}
    with Server(folder / "server", arguments=["--config", str(config)], environment=environment) as server:
        yield server
        for key in ["not-the-key-at-all", secret, account] + [value for value in environment.values() if "key" in value]:
            assert key not in server.log()


@pytest.fixture
def rest(shop):
    def post(path, body):
        request = urllib.request.Request(f"{shop.uri}/v2/vectordb/{path}", data=json.dumps(body).encode(), method="POST",
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as reply:
            return json.load(reply)
    return post


def embedding(services, of, **params):
    chosen = dict(MODELS[of][0]) | {"provider": of}
    if of == "tei":
        chosen["endpoint"] = services.url("tei")
    if of in ("siliconflow", "bedrock"):
        chosen["credential"] = {"siliconflow": "flow", "bedrock": "amazon"}[of]
    chosen |= params
    return Function(name="embed", function_type=FunctionType.TEXTEMBEDDING, input_field_names=["text"],
                    output_field_names=["dense"], params={key: value for key, value in chosen.items() if value is not None})


def schema_of(dim, kind=DataType.FLOAT_VECTOR, **text):
    schema = MilvusClient.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("text", DataType.VARCHAR, max_length=2000, **text)
    schema.add_field("dense", kind, dim=dim)
    return schema


def create(client, name, function, dim, kind=DataType.FLOAT_VECTOR, metric="COSINE", **more):
    schema = schema_of(dim, kind)
    schema.add_function(function)
    index = MilvusClient.prepare_index_params()
    index.add_index("dense", index_type="FLAT", metric_type=metric)
    client.create_collection(name, schema=schema, index_params=index, consistency_level="Strong", **more)


def rows(texts, first=0):
    return [{"id": first + i, "text": text} for i, text in enumerate(texts)]


def stored(client, name):
    return {row["id"]: np.array(row["dense"], np.float32)
            for row in client.query(name, filter="id >= 0", output_fields=["dense"], limit=1000)}


def expected(services, provider, texts, use=0, dtype="float"):
    prompt = ("passage: ", "query: ")[use] if provider == "tei" else ""
    dim = MODELS[provider][1]
    return [np.array(services.vector(provider, prompt + text, dim, KINDS[provider][use], dtype), np.float32)
            for text in texts]


def ranked(vectors, query):
    """Keys and cosines, the nearest first; equal ones by key."""
    cosines = {key: float(vector @ query / np.linalg.norm(vector) / np.linalg.norm(query))
               for key, vector in vectors.items()}
    return sorted(cosines.items(), key=lambda item: (-round(item[1], 6), item[0]))


@pytest.mark.parametrize("provider", MODELS)
def test_texts_in_and_nearest_texts_out(services, shop, name, provider):
    client = shop.client()
    create(client, name, embedding(services, provider), MODELS[provider][1])
    client.insert(name, rows(TEXTS))
    vectors = stored(client, name)
    wanted = dict(enumerate(expected(services, provider, TEXTS)))
    assert vectors.keys() == wanted.keys()
    for key, vector in vectors.items():
        np.testing.assert_allclose(vector, wanted[key], rtol=0, atol=1e-6)
    queries = ["the river is wide", "a boat"]
    found = client.search(name, queries, anns_field="dense", limit=4, output_fields=["text"])
    for hits, query in zip(found, expected(services, provider, queries, use=1)):
        best = ranked(wanted, query)[:4]
        assert [hit["id"] for hit in hits] == [key for key, _ in best]
        np.testing.assert_allclose([hit["distance"] for hit in hits], [score for _, score in best], atol=1e-5)
        assert [hit["entity"]["text"] for hit in hits] == [TEXTS[key] for key, _ in best]
    # Each different text of a request is sent once.
    assert json.dumps([request["body"] for request in services.requests(provider)]).count("small red boat") == 1


@pytest.mark.parametrize("provider", ["cohere", "voyageai"])
def test_vectors_of_8_bits(services, shop, name, provider):
    client = shop.client()
    create(client, name, embedding(services, provider), MODELS[provider][1], DataType.INT8_VECTOR)
    client.insert(name, rows(TEXTS))
    [row] = client.query(name, filter="id == 1", output_fields=["dense"])
    vector = np.frombuffer(row["dense"][0], np.int8) if isinstance(row["dense"][0], bytes) else np.array(row["dense"])
    np.testing.assert_array_equal(vector, expected(services, provider, TEXTS[1:2], dtype="int8")[0])
    [hits] = client.search(name, ["a small red boat"], anns_field="dense", limit=3)
    wanted = dict(enumerate(expected(services, provider, TEXTS, dtype="int8")))
    best = ranked(wanted, expected(services, provider, ["a small red boat"], 1, "int8")[0])
    assert [hit["id"] for hit in hits] == [key for key, _ in best[:3]]


def test_providers_that_give_floats_alone(services, shop, name):
    for provider in set(MODELS) - {"cohere", "voyageai"}:
        with pytest.raises(MilvusException, match="embedding model output and field type mismatch"):
            create(shop.client(), name, embedding(services, provider), MODELS[provider][1], DataType.INT8_VECTOR)


@pytest.mark.parametrize("provider, batch, default", [
    ("openai", None, 128), ("openai", 50, None), ("cohere", None, 96), ("voyageai", None, 128), ("tei", 7, None),
    ("tei", None, 32), ("dashscope", None, 10), ("siliconflow", None, 32), ("gemini", None, 32), ("vertexai", None, 128)])
def test_texts_go_in_batches(services, shop, name, provider, batch, default):
    client = shop.client()
    create(client, name, embedding(services, provider, max_client_batch_size=batch), MODELS[provider][1],
           properties={"disable_func_runtime_check": "true"})
    assert services.requests(provider) == []
    texts = [f"text number {i}" for i in range(130)]
    client.insert(name, rows(texts))
    bodies = [request["body"] for request in services.requests(provider)]
    sizes = [len(next(value for value in (body.get("input"), body.get("texts"), body.get("inputs"), body.get("requests"),
                                          body.get("instances")) if value)) if provider != "dashscope"
             else len(body["input"]["texts"]) for body in bodies]
    size = batch or default
    assert sizes == [size] * (130 // size) + ([130 % size] if 130 % size else [])
    wanted = expected(services, provider, texts)
    for key, vector in stored(client, name).items():
        np.testing.assert_allclose(vector, wanted[key], atol=1e-6)


def test_a_busy_service_is_asked_again(services, shop, name):
    client = shop.client()
    create(client, name, embedding(services, "openai"), 16)
    services.fail_next("openai", 503)
    services.fail_next("openai", 429, retry_after=1)
    begin = time.monotonic()
    client.insert(name, rows(TEXTS))
    assert 1.9 < time.monotonic() - begin < 8
    assert len(stored(client, name)) == len(TEXTS)


@pytest.mark.parametrize("provider, status", [("openai", 401), ("cohere", 400), ("bedrock", 403), ("gemini", 404)])
def test_a_service_that_refuses_fails_the_request(services, shop, name, provider, status):
    client = shop.client()
    create(client, name, embedding(services, provider), MODELS[provider][1])
    services.fail_next(provider, status)
    with pytest.raises(MilvusException, match=f"provider {provider} answered status {status}.*told to fail") as refused:
        client.insert(name, rows(TEXTS))
    assert refused.value.code == 2400 and "function execution failed" in str(refused.value)
    assert client.query(name, filter="id >= 0", output_fields=["id"]) == []
    services.fail_next(provider, status)
    with pytest.raises(MilvusException, match=f"answered status {status}"):
        client.search(name, ["a"], anns_field="dense", limit=1)


def test_tokens_of_an_account_are_kept_and_renewed(services, shop, name):
    client = shop.client()
    create(client, name, embedding(services, "vertexai"), 16)
    client.insert(name, rows(TEXTS[:2]))
    assert len(services.requests("vertexai_token")) == 2  # one to check the function, one to run it
    services.expire_tokens()
    client.insert(name, rows(TEXTS[:2], first=10))
    assert len(services.requests("vertexai_token")) == 3 and len(stored(client, name)) == 4
    services.fail_next("vertexai_token", 400)
    services.expire_tokens()
    with pytest.raises(MilvusException, match="/token answered status 400 to the request for a token"):
        client.insert(name, rows(TEXTS[:2], first=20))


@pytest.mark.parametrize("change, phrase", [
    (lambda answer: answer | {"data": answer["data"][1:]}, r"does not match text:\[6\], embedding:\[5\]"),
    (lambda answer: answer | {"data": answer["data"][:1] * 6}, "does not hold each text once"),
    (lambda answer: answer | {"data": [item | {"embedding": item["embedding"][1:]} for item in answer["data"]]},
     r"the required embedding dim is \[16\], but the embedding obtained from the model is \[15\]"),
    (lambda answer: answer | {"data": [item | {"embedding": [1e39] * 16} for item in answer["data"]]}, "finite"),
    (lambda answer: answer | {"data": [item | {"embedding": ["x"] * 16} for item in answer["data"]]}, "finite"),
    (lambda answer: {"oops": 1}, "holds no list of embeddings")])
def test_answers_that_are_none(services, shop, name, change, phrase):
    client = shop.client()
    create(client, name, embedding(services, "openai"), 16)
    services.change = lambda provider, answer: change(answer)
    with pytest.raises(MilvusException, match=phrase) as refused:
        client.insert(name, rows(TEXTS))
    assert refused.value.code == 2400
    assert client.query(name, filter="id >= 0", output_fields=["id"]) == []


@pytest.mark.parametrize("change, phrase", [
    (dict(provider="zilliz"), r"unsupported text embedding service provider: \[zilliz\] , list of supported "),
    (dict(provider="nobody"), r"unsupported text embedding service provider: \[nobody\] , list of supported \[openai, "),
    (dict(provider=None), r"parameter:\[provider\] not found"),
    (dict(model_name=None), "model_name is required for openai embedding provider"),
    (dict(dim="8"), r"output field:\[dense\]'s dimension \[16\] does not match the dimension \[8\] provided in Function"),
    (dict(dim="x"), r"dimension \[x\] provided in Function params is not a valid int"),
    (dict(credential="nothing"), "can not find credential: nothing"),
    (dict(api_key="sk-1"), "a key does not belong into the parameters"),
    (dict(max_client_batch_size="0"), "max_client_batch_size"), (dict(timeout_ms="0"), "timeout_ms"),
    (dict(url="http://127.0.0.1:1/v1/embeddings"), "not among those that the server's configuration allows"),
    (dict(provider="tei", endpoint="file:///etc/passwd"), "is not a valid http/https link"),
    (dict(of="tei", truncation_direction="Up"), "only supports"),
    (dict(provider="cohere", truncate="MIDDLE"), r"truncate only supports \[NONE, START, END\]"),
    (dict(provider="bedrock", credential="amazon", region=None), "missing AWS Service region"),
    (dict(provider="bedrock"), "MILVUS_BEDROCK_ACCESS_KEY_ID"),
    (dict(provider="vertexai", task="SING"), "task"), (dict(provider="local"), "elanus.model.localFolder is not set")])
def test_parameters(services, shop, name, change, phrase):
    with pytest.raises(MilvusException, match=phrase) as refused:
        create(shop.client(), name, embedding(services, **({"of": "openai"} | change)), 16)
    assert refused.value.code == 1100 and "sk-1" not in str(refused.value)
    assert services.requests("openai") == []


def test_a_function_is_tried_when_it_is_made(services, shop, name):
    client = shop.client()
    with pytest.raises(MilvusException, match=r"check function \[embed:TextEmbedding\] failed, the err is.*dim is \[24\]"):
        create(client, name, embedding(services, "tei"), 24)
    create(client, name, embedding(services, "tei"), 24, properties={"disable_func_runtime_check": "true"})
    with pytest.raises(MilvusException, match=r"the required embedding dim is \[24\]"):
        client.insert(name, rows(TEXTS[:1]))


def test_the_input_is_never_null(services, shop, name):
    schema = schema_of(16, nullable=True)
    schema.add_function(embedding(services, "openai"))
    with pytest.raises(MilvusException, match="function input field cannot be nullable: function embed, field text"):
        shop.client().create_collection(name, schema=schema)


def test_a_key_that_is_wrong_is_not_shown(all_services, shop, name):
    all_services.forget()
    with pytest.raises(MilvusException, match="answered status 401") as refused:
        create(shop.client(), name, embedding(all_services, "openai", credential="wrong"), 16)
    assert "not-the-key-at-all" not in str(refused.value)
    all_services.forget()


def test_what_clients_may_send(services, shop, name):
    client = shop.client()
    create(client, name, embedding(services, "openai"), 16)
    vector = [0.5] * 16
    with pytest.raises(MilvusException):
        client.insert(name, [{"id": 1, "text": "x", "dense": vector}])
    with pytest.raises(MilvusException, match="there is an empty string in the input data, TextEmbedding function"):
        client.insert(name, [{"id": 1, "text": ""}])
    with pytest.raises(MilvusException, match="there is an empty string in the queries"):
        client.search(name, [""], anns_field="dense", limit=1)
    client.insert(name, rows(TEXTS))
    # A vector is searched for as in any other field.
    [hits] = client.search(name, [expected(services, "openai", TEXTS[1:2])[0].tolist()], anns_field="dense", limit=1)
    assert hits[0]["id"] == 1
    client.alter_collection_properties(name, {"collection.function.allowInsertNonBM25FunctionOutputs": "true"})
    stub_insert(client, name, 50, "sent with its vector", vector)
    np.testing.assert_array_equal(stored(client, name)[50], np.array(vector, np.float32))
    client.insert(name, [{"id": 51, "text": "sent without"}])
    np.testing.assert_allclose(stored(client, name)[51], expected(services, "openai", ["sent without"])[0], atol=1e-6)


def stub_insert(client, name, key, text, vector):
    """The client does not send fields that a function fills."""
    request = milvus_pb2.InsertRequest(collection_name=name, num_rows=1)
    request.fields_data.add(type=5, field_name="id").scalars.long_data.data.append(key)
    request.fields_data.add(type=21, field_name="text").scalars.string_data.data.append(text)
    field = request.fields_data.add(type=101, field_name="dense")
    field.vectors.dim = len(vector)
    field.vectors.float_vector.data.extend(vector)
    reply = client._get_connection()._stub.Insert(request)
    assert reply.status.code == 0, reply.status.reason


def test_upserts_make_new_vectors_and_all_outlive_a_restart(services, shop, name):
    client = shop.client()
    create(client, name, embedding(services, "cohere"), 256)
    client.insert(name, rows(TEXTS))
    client.upsert(name, [{"id": 2, "text": "another text"}])
    client.delete(name, ids=[3])
    client.flush(name)
    wanted = dict(enumerate(expected(services, "cohere", TEXTS)))
    wanted[2] = expected(services, "cohere", ["another text"])[0]
    del wanted[3]
    shop.kill()
    shop.start()
    client = shop.client()
    client.load_collection(name)
    asked = len(services.requests("cohere"))
    vectors = stored(client, name)
    assert vectors.keys() == wanted.keys() and len(services.requests("cohere")) == asked
    for key, vector in vectors.items():
        np.testing.assert_allclose(vector, wanted[key], atol=1e-6)
    [hits] = client.search(name, ["another text"], anns_field="dense", limit=2)
    best = ranked(wanted, expected(services, "cohere", ["another text"], 1)[0])
    assert [hit["id"] for hit in hits] == [key for key, _ in best[:2]]


def test_a_description_shows_names_and_no_keys(services, shop, name):
    client = shop.client()
    create(client, name, embedding(services, "siliconflow"), 64)
    [function] = client.describe_collection(name)["functions"]
    assert function["type"] == FunctionType.TEXTEMBEDDING
    assert function["params"] == {"provider": "siliconflow", "credential": "flow", **MODELS["siliconflow"][0]}
    assert services.key("siliconflow") not in str(client.describe_collection(name))


def test_words_and_meaning_in_one_search(services, shop, name):
    client = shop.client()
    schema = schema_of(16, enable_analyzer=True)
    schema.add_field("sparse", DataType.SPARSE_FLOAT_VECTOR)
    schema.add_function(embedding(services, "openai"))
    schema.add_function(Function(name="bm25", function_type=FunctionType.BM25, input_field_names=["text"],
                                 output_field_names=["sparse"]))
    index = MilvusClient.prepare_index_params()
    index.add_index("dense", index_type="HNSW", metric_type="COSINE")
    index.add_index("sparse", index_type="SPARSE_INVERTED_INDEX", metric_type="BM25")
    client.create_collection(name, schema=schema, index_params=index, consistency_level="Strong")
    client.insert(name, rows(TEXTS))
    query = "a small red boat"
    requests = [AnnSearchRequest([query], field, {}, limit=7) for field in ("dense", "sparse")]
    [hits] = client.hybrid_search(name, requests, RRFRanker(), limit=3)
    by_words = [hit["id"] for hit in client.search(name, [query], anns_field="sparse", limit=7)[0]]
    by_meaning = [key for key, _ in ranked(dict(enumerate(expected(services, "openai", TEXTS))),
                                           expected(services, "openai", [query], 1)[0])]
    scores = {key: sum(1 / (60 + list_.index(key) + 1) for list_ in (by_words, by_meaning) if key in list_)
              for key in range(len(TEXTS))}
    best = sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:3]
    assert [hit["id"] for hit in hits] == [key for key, _ in best]


def test_functions_come_change_and_go(services, shop, name):
    client = shop.client()
    index = MilvusClient.prepare_index_params()
    index.add_index("dense", index_type="FLAT", metric_type="COSINE")
    client.create_collection(name, schema=schema_of(16), index_params=index, consistency_level="Strong")
    sent = [0.25] * 16
    client.insert(name, [{"id": 100, "text": "mine", "dense": sent}])
    client.add_collection_function(name, embedding(services, "openai"))
    client.insert(name, rows(TEXTS[:2]))
    assert [field.get("is_function_output", False) for field in client.describe_collection(name)["fields"]][-1]
    client.alter_collection_function(name, "embed", embedding(services, "tei"))
    client.insert(name, rows(TEXTS[:2], first=10))
    [function] = client.describe_collection(name)["functions"]
    assert function["params"]["provider"] == "tei"
    with pytest.raises(MilvusException, match="name not match"):
        other = embedding(services, "tei")
        other._name = "other"
        client.alter_collection_function(name, "embed", other)
    with pytest.raises(MilvusException, match="duplicate function name: embed"):
        client.add_collection_function(name, embedding(services, "openai"))
    with pytest.raises(MilvusException, match="function nobody not found"):
        client.alter_collection_function(name, "nobody", embedding(services, "tei"))
    client.drop_collection_function(name, "embed")
    client.insert(name, [{"id": 101, "text": "mine again", "dense": sent}])
    with pytest.raises(MilvusException):
        client.insert(name, [{"id": 102, "text": "no vector"}])
    vectors = stored(client, name)
    wanted = {100: sent, 101: sent} | dict(enumerate(expected(services, "openai", TEXTS[:2])))
    wanted |= {10 + i: vector for i, vector in enumerate(expected(services, "tei", TEXTS[:2]))}
    assert vectors.keys() == wanted.keys()
    for key, vector in vectors.items():
        np.testing.assert_allclose(vector, wanted[key], atol=1e-6)
    request = milvus_pb2.AlterCollectionSchemaRequest(collection_name=name)
    field = request.action.add_request.field_infos.add().field_schema
    field.name, field.data_type = "more", 101
    field.type_params.add(key="dim", value="16")
    late = request.action.add_request.func_schema.add(name="late", type=2, input_field_names=["text"],
                                                      output_field_names=["more"])
    for key, value in embedding(services, "openai").params.items():
        late.params.add(key=key, value=str(value))
    refused = client._get_connection()._stub.AlterCollectionSchema(request).alter_status
    assert refused.code == 1100 and "is added to a vector field that exists" in refused.reason


def test_everything_over_rest(services, shop, rest, name):
    def ok(path, **body):
        reply = rest(path, {"collectionName": name} | body)
        assert reply["code"] == 0, reply
        return reply["data"]

    function = {"name": "embed", "type": "TextEmbedding", "inputFieldNames": ["text"], "outputFieldNames": ["dense"],
                "params": MODELS["openai"][0] | {"provider": "openai", "dim": 16}}
    fields = [{"fieldName": "id", "dataType": "Int64", "isPrimary": True},
              {"fieldName": "text", "dataType": "VarChar", "elementTypeParams": {"max_length": 100}},
              {"fieldName": "dense", "dataType": "FloatVector", "elementTypeParams": {"dim": 16}}]
    ok("collections/create", schema={"fields": fields, "functions": [function]},
       indexParams=[{"fieldName": "dense", "indexName": "dense", "metricType": "COSINE", "indexType": "AUTOINDEX"}])
    ok("entities/insert", data=rows(TEXTS))
    hits = ok("entities/search", data=["a small red boat"], annsField="dense", limit=2, outputFields=["text", "dense"],
              consistencyLevel="Strong")
    assert hits[0]["text"] == "a small red boat" and hits[0]["distance"] == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(hits[0]["dense"], expected(services, "openai", ["a small red boat"])[0], atol=1e-6)
    assert ok("collections/describe")["functions"][0]["type"] == "TextEmbedding"
    refused = rest("entities/insert", {"collectionName": name, "data": [{"id": 9, "text": "x", "dense": [0.5] * 16}]})
    assert refused["code"] != 0 and "function" in refused["message"]
    tei = {"provider": "tei", "endpoint": services.url("tei"), **MODELS["tei"][0]}
    ok("collections/alter_function", functionName="embed", function=function | {"params": tei})
    assert {"key": "provider", "value": "tei"} in ok("collections/describe")["functions"][0]["params"]
    ok("collections/drop_function", FunctionName="embed")
    assert ok("collections/describe")["functions"] == []
    ok("collections/add_function", function=function)
    ok("entities/upsert", data=rows(["written again"]))
    [row] = ok("entities/query", filter="id == 0", outputFields=["dense"], consistencyLevel="Strong")
    np.testing.assert_allclose(row["dense"], expected(services, "openai", ["written again"])[0], atol=1e-6)


def test_a_service_that_hangs(services, shop, name):
    client = shop.client()
    create(client, name, embedding(services, "openai", timeout_ms=300), 16)
    services.fail_next("openai", "hang", times=3)
    with pytest.raises(MilvusException, match="did not answer within 300 ms"):
        client.insert(name, rows(TEXTS))
    client.insert(name, rows(TEXTS))

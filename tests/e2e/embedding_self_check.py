"""Checks the stand-ins of embedding_services.py: right requests are answered as published and leave
no violation, each wrong one leaves exactly one and gets the documented status and error.
"""

import base64
import json
import math
import struct
import time
import urllib.error
import urllib.request

import embedding_clouds_check
from embedding_services import EmbeddingServices

# provider -> (a right body, where its texts are, its vectors in the answer)
RIGHT = {
    "openai": ({"model": "text-embedding-3-small", "input": ["a b", "c"], "dimensions": 8},
               lambda answer: [each["embedding"] for each in answer["data"]], None),
    "azure_openai": ({"input": ["a b", "c"], "dimensions": 8},
                     lambda answer: [each["embedding"] for each in answer["data"]], None),
    "cohere": ({"model": "embed-v4.0", "texts": ["a b", "c"], "input_type": "search_document",
                "embedding_types": ["float"], "output_dimension": 256, "truncate": "END"},
               lambda answer: answer["embeddings"]["float"], "document"),
    "voyageai": ({"model": "voyage-3.5", "input": ["a b", "c"], "input_type": "query",
                  "output_dimension": 256, "truncation": True},
                 lambda answer: [each["embedding"] for each in answer["data"]], "query"),
    "tei": ({"inputs": ["a b", "c"], "truncate": True, "truncation_direction": "Right",
             "prompt_name": "query", "dimensions": 16}, lambda answer: answer, "query"),
    "dashscope": ({"model": "text-embedding-v3", "input": {"texts": ["a b", "c"]},
                   "parameters": {"text_type": "query", "dimension": 64, "output_type": "dense"}},
                  lambda answer: [each["embedding"] for each in answer["output"]["embeddings"]],
                  "query"),
    "siliconflow": ({"model": "Qwen/Qwen3-Embedding-8B", "input": ["a b", "c"], "dimensions": 64,
                     "encoding_format": "float"},
                    lambda answer: [each["embedding"] for each in answer["data"]], None),
}
NONE = "none"   # drops the member
# provider -> changes of its right body, each wrong, with the status that it must get
WRONG = {
    "openai": [({"model": NONE}, 400), ({"input": NONE}, 400), ({"input": []}, 400),
               ({"input": [""]}, 400), ({"input": ""}, 400), ({"input": ["x"] * 2049}, 400),
               ({"input": [1]}, 400), ({"input": ["x " * 8193]}, 400), ({"model": "gpt"}, 404),
               ({"dimensions": 1537}, 400), ({"dimensions": 0}, 400), ({"dimensions": "8"}, 400),
               ({"dimensions": 8.0}, 400), ({"dimensions": True}, 400), ({"dimensions": None}, 400),
               ({"model": "text-embedding-ada-002"}, 400), ({"encoding_format": "int8"}, 400),
               ({"input_type": "query"}, 400), ({"user": 1}, 400),
               ({"input": ["x " * 8000] * 40}, 400)],
    "azure_openai": [({"input": NONE}, 400), ({"input": [""]}, 400), ({"input": ["x"] * 2049}, 400),
                     ({"dimensions": 1537}, 400), ({"truncate": True}, 400)],
    "cohere": [({"model": NONE}, 400), ({"texts": NONE}, 400), ({"texts": []}, 400),
               ({"texts": ["x"] * 97}, 400), ({"texts": [""]}, 400), ({"texts": "x"}, 400),
               ({"input_type": NONE}, 400), ({"input_type": "document"}, 400),
               ({"input_type": "image"}, 400), ({"embedding_types": "float"}, 400),
               ({"embedding_types": ["int4"]}, 400), ({"embedding_types": []}, 400),
               ({"output_dimension": 255}, 400), ({"model": "embed-english-v3.0"}, 400),
               ({"model": "embed-x"}, 404), ({"truncate": "LEFT"}, 400), ({"input": ["x"]}, 422)],
    "voyageai": [({"input": ["x"] * 1001}, 400), ({"input": [""]}, 400), ({"input": NONE}, 400),
                 ({"model": NONE}, 400), ({"model": "voyage-9"}, 400), ({"input_type": "doc"}, 400),
                 ({"output_dimension": 300}, 400), ({"output_dtype": "float16"}, 400),
                 ({"truncation": "true"}, 400), ({"encoding_format": "float"}, 400),
                 ({"dimensions": 256}, 400), ({"model": "voyage-law-2"}, 400),
                 ({"model": "voyage-law-2", "output_dimension": NONE,
                   "output_dtype": "int8"}, 400)],
    "tei": [({"inputs": NONE}, 422), ({"inputs": ["x"] * 33}, 413), ({"inputs": []}, 400),
            ({"inputs": [""]}, 400), ({"inputs": [None]}, 422), ({"truncate": "yes"}, 422),
            ({"truncation_direction": "right"}, 422), ({"prompt_name": "passage"}, 422),
            ({"dimensions": 769}, 422), ({"model": "x"}, 422), ({"normalize": 1}, 422),
            ({"inputs": ["x " * 513], "truncate": False}, 413)],
    "dashscope": [({"model": NONE}, 400), ({"input": NONE}, 400), ({"input": {"texts": []}}, 400),
                  ({"input": ["x"]}, 400), ({"input": {"texts": ["x"] * 11}}, 400),
                  ({"input": {"texts": [""]}}, 400), ({"input": {"texts": "x"}}, 400),
                  ({"parameters": {"dimension": 100}}, 400),
                  ({"parameters": {"text_type": "x"}}, 400),
                  ({"parameters": {"output_type": "int8"}}, 400), ({"parameters": []}, 400),
                  ({"parameters": {"dimensions": 64}}, 400), ({"model": "text-embedding-v9"}, 400),
                  ({"model": "text-embedding-v2"}, 400), ({"texts": ["x"]}, 400)],
    "siliconflow": [({"model": NONE}, 400), ({"input": ["x"] * 33}, 413), ({"input": [""]}, 400),
                    ({"model": "BAAI/bge-m3"}, 400), ({"dimensions": 100}, 400),
                    ({"model": "none"}, 400), ({"user": "u"}, 400),
                    ({"model": "BAAI/bge-large-zh-v1.5", "dimensions": NONE,
                      "input": "x " * 513}, 413)],
}


def send(url, body, headers=None, method="POST"):
    """(status, answer, headers); the answer is None if it is not JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"} | (headers or {})
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request) as reply:
            return reply.status, json.load(reply), reply.headers
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read()), error.headers


def target(services, provider):
    """The URL to post to, and the headers with the right key."""
    url, key = services.url(provider), services.key(provider)
    if provider == "tei":
        return url + "/embed", {}
    if provider == "azure_openai":
        path = "/openai/deployments/text-embedding-3-small/embeddings?api-version=2024-10-21"
        return url + path, {"api-key": key}
    return url, {"Authorization": f"Bearer {key}"}


def changed(body, change):
    return {name: value for name, value in (body | change).items() if value != NONE}


def refused(services, provider, status, *args, **kwargs):
    before = len(services.violations(provider))
    got, answer, headers = send(*args, **kwargs)
    seen = services.violations(provider)[before:]
    assert got == status and len(seen) == 1, (provider, got, status, seen, args[1])
    assert "stand-in failed" not in seen[0], seen
    assert answer, (provider, got)
    return answer


def check_right(services, provider):
    body, read, kind = RIGHT[provider]
    url, headers = target(services, provider)
    status, answer, _ = send(url, body, headers)
    assert status == 200 and not services.violations(provider), (status, answer)
    vectors = read(answer)
    assert len(vectors) == 2 and vectors[0] != vectors[1]
    for content, vector in zip(["a b", "c"], vectors):
        assert vector == services.vector(provider, content, len(vector), kind)
        assert abs(math.hypot(*vector) - 1) < 1e-6
    seen = services.requests(provider)[-1]
    assert seen["body"] == body and url.endswith(seen["path"]) and seen["headers"]["host"]


def check_wrong(services, provider):
    body = RIGHT[provider][0]
    url, headers = target(services, provider)
    for change, status in WRONG[provider]:
        refused(services, provider, status, url, changed(body, change), headers)
    bad_body = 422 if provider == "tei" else 400
    for raw in (b"", b"[]", b"{", b'{"a": NaN}', b'{"model": 1, "model": 1}', b'{"a": "\xff"}'):
        refused(services, provider, bad_body, url, raw, headers)
    refused(services, provider, 415, url, body, headers | {"Content-Type": "text/plain"})
    refused(services, provider, 404, url + "x", body, headers)
    refused(services, provider, 405, url, body, headers, method="PUT")
    bad = {name: value + "x" for name, value in headers.items()} or {"Authorization": "Bearer x"}
    refused(services, provider, 401, url, body, bad)
    if headers:
        refused(services, provider, 401, url, body)


def check_faults(services, provider):
    services.forget()
    body, _, _ = RIGHT[provider]
    url, headers = target(services, provider)
    services.fail_next(provider, 429, retry_after=3, times=2)
    for expected, wait in ((429, "3"), (429, "3"), (200, None)):
        status, answer, got = send(url, body, headers)
        assert (status, got["Retry-After"]) == (expected, wait) and answer
    services.fail_next(provider, "drop")
    try:
        send(url, body, headers)
        raise AssertionError("the connection should have been dropped")
    except OSError:
        pass
    assert not services.violations(provider) and len(services.requests(provider)) == 4


def check_kinds_and_types(services):
    """What is special to one provider."""
    url, headers = target(services, "openai")
    refused(services, "openai", 413, url, b" " * (20 << 20) + b"{}", headers)
    _, answer, _ = send(url, {"model": "text-embedding-3-large", "input": "x",
                              "encoding_format": "base64"}, headers)
    raw = base64.b64decode(answer["data"][0]["embedding"])
    assert list(struct.unpack("<3072f", raw)) == services.vector("openai", "x", 3072, "query")
    url, headers = target(services, "cohere")
    old = {"model": "embed-english-light-v3.0", "texts": ["x"], "input_type": "search_query"}
    _, answer, _ = send(url, old | {"embedding_types": ["int8", "float"]}, headers)
    assert answer["embeddings"]["int8"] == [services.vector("cohere", "x", 384, "query", "int8")]
    assert services.vector("cohere", "x", 384, "query") != services.vector("cohere", "x", 384,
                                                                           "document")
    first = url.replace("/v2/", "/v1/")
    _, answer, _ = send(first, old, headers)
    assert answer["embeddings"] == [services.vector("cohere", "x", 384, "search_query")]
    assert len(send(first, {"texts": ["x"]}, headers)[1]["embeddings"][0]) == 4096
    refused(services, "cohere", 400, first, changed(old, {"input_type": NONE}), headers)
    url, headers = target(services, "voyageai")
    _, answer, _ = send(url, {"model": "voyage-code-3", "input": "x", "output_dtype": "int8",
                              "input_type": None, "output_dimension": None}, headers)
    assert answer["data"][0]["embedding"] == services.vector("voyageai", "x", 1024, None, "int8")
    _, answer, _ = send(url, {"model": "voyage-code-3", "input": "x", "output_dtype": "int8",
                              "encoding_format": "base64"}, headers)
    assert list(struct.unpack("<1024b", base64.b64decode(answer["data"][0]["embedding"]))) == (
        services.vector("voyageai", "x", 1024, None, "int8"))
    services.reverse_order = True
    _, answer, _ = send(url, {"model": "voyage-3", "input": ["a", "b"]}, headers)
    assert [each["index"] for each in answer["data"]] == [1, 0]
    services.reverse_order = False
    url, headers = target(services, "dashscope")
    body = {"model": "text-embedding-v1", "input": {"texts": ["x"] * 25}}
    _, answer, _ = send(url, body, headers)
    assert answer["output"]["embeddings"][24] == {
        "text_index": 24, "embedding": services.vector("dashscope", "x", 1536)}
    url, _ = target(services, "tei")
    services.tei_needs_key = True
    refused(services, "tei", 401, url, {"inputs": "x"})
    key = {"Authorization": "Bearer " + services.key("tei")}
    _, answer, _ = send(url, {"inputs": "x"}, key)
    assert answer == [services.vector("tei", "x", services.default_dim("tei"))]
    url, headers = target(services, "azure_openai")
    for old, new, status in (("2024-10-21", "2024-13", 404), ("?api-version=2024-10-21", "", 404),
                             ("3-small", "9-small", 404), ("/openai/", "/", 404)):
        refused(services, "azure_openai", status, url.replace(old, new), {"input": "x"}, headers)


def main():
    start = time.monotonic()
    with EmbeddingServices() as services:
        for provider in RIGHT:
            check_right(services, provider)
            check_wrong(services, provider)
            check_faults(services, provider)
        check_kinds_and_types(services)
        embedding_clouds_check.check(services, send, refused)
    print(f"all right in {time.monotonic() - start:.1f} s")

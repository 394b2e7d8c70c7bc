"""The interfaces of embedding services with a plain key, each as its provider publishes it.

A dialect checks one request (address, key, body) and makes the answer, or the error that the
provider documents. Sources, read in 2025 and 2026:
  openai        openai/openai-openapi, CreateEmbeddingRequest; "Vector embeddings" guide
  azure_openai  Azure/azure-rest-api-specs, AzureOpenAI/inference/stable/2024-10-21/inference.json
  cohere        docs.cohere.com/reference/embed (v2), /v1/reference/embed, /reference/errors
  voyageai      docs.voyageai.com/reference/embeddings-api, /docs/embeddings, /docs/error-codes
  tei           huggingface/text-embeddings-inference, docs/openapi.json (1.7 and 1.8)
  dashscope     help.aliyun.com/en/model-studio/text-embedding-synchronous-api
  siliconflow   docs.siliconflow.cn/en/api-reference/embeddings/create-embeddings
"""

import collections
import re
import urllib.parse

from embedding_schema import (BODY_BYTES_MAX, KINDS, Refusal, as_base64, as_type, flag, listed,
                              members, nullable, one_of, read_json, text, text_or_list,
                              unit_vector, whole, words)

# dim: what the model gives unasked; dims: what may be asked for; tokens_max: of one text.
Model = collections.namedtuple("Model", "dim dims tokens_max types",
                               defaults=[(), 8192, ("float",)])

OPENAI_MODELS = {"text-embedding-3-small": Model(1536, range(1, 1537)),
                 "text-embedding-3-large": Model(3072, range(1, 3073)),
                 "text-embedding-ada-002": Model(1536)}

BYTE_TYPES = ("float", "int8", "uint8", "binary", "ubinary")
VOYAGE_FLEXIBLE = Model(1024, (256, 512, 1024, 2048), 32_000, BYTE_TYPES)


class Dialect:
    """What all have in common: JSON in a POST, a bearer's key, a vector for a text."""

    name = None
    paths = ()              # regular expressions of the whole path, without the query
    public_path = ""        # of these, what a base URL holds already
    models = {}
    body_bytes_max = BODY_BYTES_MAX
    bad_body = 400          # status of a body that is not what the schema says
    bad_key = 401

    def __init__(self, services):
        self.services = services
        self.key = f"{self.name}-key-0123456789"

    def vector(self, content, dim, kind):
        return unit_vector(self.name, content, dim, self.kind_of(kind))

    @staticmethod
    def kind_of(_):
        return None         # most have no such parameter

    def part_of(self, _request):
        """The name under which the request is kept."""
        return self.name

    def serve(self, request):
        """The answer's body; raises Refusal."""
        found = self.check_address(request)
        self.check_key(request)
        self.check_content(request)
        try:
            request.body = read_json(request.raw, self.bad_body)
            return self.embed(request.body, found)
        except Refusal as refusal:
            refusal.status = refusal.status or self.status_of(refusal.cause)
            raise

    def status_of(self, _cause):
        return self.bad_body

    def check_address(self, request):
        path, _, query = request.path.partition("?")
        found = next(filter(None, (re.fullmatch(each, path) for each in self.paths)), None)
        if not found:
            raise Refusal(404, f"no such path: {request.path}", "path")
        if request.method != "POST":
            raise Refusal(405, f"{request.method} is not served here", "path")
        self.check_query(urllib.parse.parse_qsl(query, keep_blank_values=True))
        return [urllib.parse.unquote(part) for part in found.groups()]

    def check_query(self, query):
        if query:
            raise Refusal(404, f"no query is taken: {query}", "path")

    def check_key(self, request):
        if request.headers.get("authorization") != f"Bearer {self.key}":
            raise Refusal(self.bad_key, "wrong or no key in Authorization", "key")

    def check_content(self, request):
        self.check_size(request)
        kind = request.headers.get("content-type", "")
        if not re.fullmatch(r'application/json(; ?charset="?utf-8"?)?', kind, re.IGNORECASE):
            raise Refusal(415, f"wrong Content-Type: {kind}", "content")

    def check_size(self, request):
        if "content-length" not in request.headers:
            raise Refusal(411, "no Content-Length", "content")
        if len(request.raw) > self.body_bytes_max:
            raise Refusal(413, f"the body has {len(request.raw)} bytes", "content")

    def model(self, body, status=404):
        text()(body.get("model"), "model")
        if body["model"] not in self.models:
            raise Refusal(status, f"the model {body['model']} does not exist", "model")
        return self.models[body["model"]]

    def in_order(self, elements):
        """Elements carry their index, so that a test may have them in any order."""
        return elements[::-1] if self.services.reverse_order else elements

    def embed(self, body, found):
        raise NotImplementedError

    def error(self, status, message, cause=None):
        """The documented body of an error, and headers."""
        raise NotImplementedError


class OpenAi(Dialect):
    name, public_path = "openai", "/v1/embeddings"
    paths = ("/v1/embeddings",)
    models = OPENAI_MODELS
    inputs_max = 2048
    tokens_sum_max = 300_000
    extra = {"model": text(), "user": text()}
    required = ("model", "input")

    def embed(self, body, found):
        model = self.model_of(body, found)
        allowed = {"input": text_or_list(self.inputs_max, model.tokens_max),
                   "encoding_format": one_of("float", "base64"),
                   "dimensions": whole(model.dims)} | self.extra
        members(self.more(allowed), self.required)(body, "")
        texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
        if words(texts) > self.tokens_sum_max:
            raise Refusal(400, f"more than {self.tokens_sum_max} tokens in a request", "long")
        dim = body.get("dimensions") or model.dim
        form = body.get("encoding_format") or "float"
        vectors = [as_type(self.vector(each, dim, None), form) for each in texts]
        data = [{"object": "embedding", "index": i, "embedding": vector}
                for i, vector in enumerate(vectors)]
        return {"object": "list", "data": self.in_order(data), "usage": self.usage(words(texts)),
                "model": self.model_name(body, found)}

    def model_of(self, body, _found):
        return self.model(body)

    def model_name(self, body, _found):
        return body["model"]

    def more(self, allowed):
        return allowed

    @staticmethod
    def usage(tokens):
        return {"prompt_tokens": tokens, "total_tokens": tokens}

    def error(self, status, message, cause=None):
        kind = {429: "requests"}.get(status, "server_error" if status >= 500
                                     else "invalid_request_error")
        code = {"key": "invalid_api_key", "model": "model_not_found"}.get(cause)
        code = "rate_limit_exceeded" if status == 429 else code
        return {"error": {"message": message, "type": kind, "param": None, "code": code}}, {}


class AzureOpenAi(OpenAi):
    """A deployment has a name of its own; here, its model's. The body may repeat the model."""

    name, public_path = "azure_openai", ""
    paths = (r"/openai/deployments/([^/]+)/embeddings",)
    required = ("input",)
    extra = {"model": text(), "user": text(), "input_type": text()}
    versions = r"2022-12-01|2023-05-15|2024-02-01|2024-06-01|2024-10-21|20\d\d-\d\d-\d\d-preview"

    def more(self, allowed):
        return allowed | {name: nullable(allowed[name])
                          for name in ("encoding_format", "dimensions")}

    def check_query(self, query):
        if [name for name, _ in query] != ["api-version"]:
            raise Refusal(404, "exactly api-version is wanted in the query", "path")
        if not re.fullmatch(self.versions, query[0][1]):
            raise Refusal(404, f"no such api-version: {query[0][1]}", "path")

    def check_key(self, request):
        if request.headers.get("api-key") != self.key:
            raise Refusal(401, "wrong or no key in api-key", "key")

    def model_of(self, body, found):
        if found[0] not in self.services.deployments:
            raise Refusal(404, "The API deployment for this resource does not exist.", "deployment")
        return self.models[self.services.deployments[found[0]]]

    def model_name(self, body, found):
        return self.services.deployments[found[0]]

    def error(self, status, message, cause=None):
        if cause in (None, "key", "path", "deployment"):
            code = "DeploymentNotFound" if cause == "deployment" else str(status)
            return {"error": {"code": code, "message": message}}, {}
        return super().error(status, message, cause)


class Cohere(Dialect):
    """v2, which wants a model and an input type, and v1, which has a default for the first."""

    name, public_path = "cohere", "/v2/embed"
    paths = ("/(v1|v2)/embed",)
    models = {"embed-v4.0": Model(1536, (256, 512, 1024, 1536), 128_000, BYTE_TYPES + ("base64",)),
              **{f"embed-{language}-v3.0": Model(1024, (), 512, BYTE_TYPES + ("base64",))
                 for language in ("english", "multilingual")},
              **{f"embed-{language}-light-v3.0": Model(384, (), 512, BYTE_TYPES + ("base64",))
                 for language in ("english", "multilingual")},
              "embed-english-v2.0": Model(4096, (), 512),
              "embed-english-light-v2.0": Model(1024, (), 512),
              "embed-multilingual-v2.0": Model(768, (), 256)}
    input_types = ("search_document", "search_query", "classification", "clustering", "image")

    @staticmethod
    def kind_of(kind):
        return KINDS.get(kind, kind)

    def embed(self, body, found):
        version = found[0]
        body = ({"model": "embed-english-v2.0"} | body) if version == "v1" else body
        if "model" not in body:
            raise Refusal(400, "model is missing", "missing")
        model = self.model(body)
        words_max = model.tokens_max if body.get("truncate") == "NONE" else None
        allowed = {"model": text(), "truncate": one_of("NONE", "START", "END"),
                   "texts": listed(text(words_max), 96),
                   "input_type": one_of(*self.input_types),
                   "embedding_types": listed(one_of(*model.types), 6)}
        if version == "v2":
            allowed |= {"max_tokens": whole(range(1, 128_001)), "priority": whole(range(1000)),
                        "output_dimension": whole(model.dims)}
        members(allowed, ("texts",))(body, "")
        if "input_type" not in body and (version == "v2" or "v2.0" not in body["model"]):
            raise Refusal(400, "valid input_type must be provided with the provided model")
        if body.get("input_type") == "image":
            raise Refusal(400, "input_type image goes with images, not with texts")
        return self.reply(body, version, body.get("output_dimension", model.dim))

    def reply(self, body, version, dim):
        vectors = [self.vector(content, dim, body.get("input_type")) for content in body["texts"]]
        types = body.get("embedding_types", ["float"] if version == "v2" else None)
        meta = {"api_version": {"version": version[1:]},
                "billed_units": {"input_tokens": words(body["texts"])}}
        embeddings = vectors if types is None else {
            each: [as_type(vector, each) for vector in vectors] for each in types}
        return {"id": "e", "texts": body["texts"], "embeddings": embeddings, "meta": meta,
                "response_type": "embeddings_floats" if types is None else "embeddings_by_type"}

    def status_of(self, cause):
        return 422 if cause == "unknown" else 400

    def error(self, status, message, cause=None):
        if cause == "key":
            return {"message": "invalid api token"}, {}
        return {"id": "e", "message": f"invalid request: {message}"}, {}


class VoyageAi(Dialect):
    name, public_path = "voyageai", "/v1/embeddings"
    paths = ("/v1/embeddings",)
    models = {**{name: VOYAGE_FLEXIBLE for name in (
                    "voyage-4-large", "voyage-4", "voyage-4-lite", "voyage-3-large", "voyage-3.5",
                    "voyage-3.5-lite", "voyage-code-3")},
              **{name: Model(dim, (dim,), tokens) for name, dim, tokens in (
                  ("voyage-finance-2", 1024, 32_000), ("voyage-law-2", 1024, 16_000),
                  ("voyage-multilingual-2", 1024, 32_000), ("voyage-code-2", 1536, 16_000),
                  ("voyage-3", 1024, 32_000), ("voyage-3-lite", 512, 32_000),
                  ("voyage-large-2", 1536, 16_000), ("voyage-large-2-instruct", 1024, 16_000),
                  ("voyage-2", 1024, 4_000))}}
    sums_max = {"voyage-4-lite": 1_000_000, "voyage-3.5-lite": 1_000_000,
                "voyage-3-lite": 1_000_000, "voyage-4": 320_000, "voyage-3.5": 320_000,
                "voyage-3": 320_000, "voyage-2": 320_000}

    @staticmethod
    def kind_of(kind):
        return kind

    def embed(self, body, found):
        model = self.model(body, 400)
        words_max = model.tokens_max if body.get("truncation") is False else None
        members({"model": text(), "input": text_or_list(1000, words_max), "truncation": flag,
                 "input_type": nullable(one_of("query", "document")),
                 "output_dimension": nullable(whole(model.dims)),
                 "output_dtype": nullable(one_of(*model.types)),
                 "encoding_format": nullable(one_of("base64"))}, ("input", "model"))(body, "")
        texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
        if words(texts) > self.sums_max.get(body["model"], 120_000):
            raise Refusal(400, "too many tokens in the list", "long")
        dim = body.get("output_dimension") or model.dim
        data = [{"object": "embedding", "index": i, "embedding": self.value(body, each, dim)}
                for i, each in enumerate(texts)]
        return {"object": "list", "data": self.in_order(data), "model": body["model"],
                "usage": {"total_tokens": words(texts)}}

    def value(self, body, content, dim):
        dtype = body.get("output_dtype") or "float"
        vector = as_type(self.vector(content, dim, body.get("input_type")), dtype)
        return as_base64(vector, dtype) if body.get("encoding_format") else vector

    def error(self, status, message, cause=None):
        return {"detail": message}, {}


class Tei(Dialect):
    """Text Embeddings Inference: its model is the server's own, and a key is an option of its."""

    name = "tei"
    paths = ("/embed",)
    batch_max, tokens_max = 32, 512     # of a server with the defaults of its options
    body_bytes_max = 2_000_000
    bad_body = 422
    prompts = ("query", "document")     # the keys of the model's prompts

    @staticmethod
    def kind_of(kind):
        return kind

    def check_key(self, request):
        if "authorization" in request.headers or self.services.tei_needs_key:
            super().check_key(request)

    def embed(self, body, found):
        dim = self.services.tei_dim
        truncate = body.get("truncate") is True
        members({"inputs": text_or_list(self.batch_max, None if truncate else self.tokens_max),
                 "truncate": nullable(flag), "truncation_direction": one_of("Left", "Right"),
                 "prompt_name": nullable(one_of(*self.prompts)), "normalize": flag,
                 "dimensions": nullable(whole(range(1, dim + 1)))}, ("inputs",))(body, "")
        texts = body["inputs"] if isinstance(body["inputs"], list) else [body["inputs"]]
        vectors = [self.vector(each, body.get("dimensions") or dim, body.get("prompt_name"))
                   for each in texts]
        if body.get("normalize", True):
            return vectors
        return [[2 * value for value in vector] for vector in vectors]

    def status_of(self, cause):
        return {"many": 413, "long": 413, "empty": 400}.get(cause, self.bad_body)

    def error(self, status, message, cause=None):
        kind = {429: "Overloaded", 424: "Backend", 503: "Unhealthy", 422: "Tokenizer"}
        return {"error": message, "error_type": kind.get(status, "Validation")}, {}


class DashScope(Dialect):
    name = "dashscope"
    public_path = "/api/v1/services/embeddings/text-embedding/text-embedding"
    paths = (public_path,)
    models = {"text-embedding-v4": Model(1024, (64, 128, 256, 512, 768, 1024, 1536, 2048)),
              "text-embedding-v3": Model(1024, (64, 128, 256, 512, 768, 1024)),
              "text-embedding-v2": Model(1536, (1536,), 2048),
              "text-embedding-v1": Model(1536, (1536,), 2048)}

    @staticmethod
    def kind_of(kind):
        return kind or "document"

    def embed(self, body, found):
        model = self.model(body, 400)
        modern = model.tokens_max > 2048
        texts = listed(text(model.tokens_max), 10 if modern else 25)
        allowed = {"text_type": one_of("query", "document"), "dimension": whole(model.dims)}
        if modern:
            allowed["output_type"] = one_of("dense", "sparse", "dense&sparse")
        if body["model"] == "text-embedding-v4":
            allowed["instruct"] = text()
        members({"model": text(), "input": members({"texts": texts}, ("texts",)),
                 "parameters": members(allowed, ())}, ("model", "input"))(body, "")
        asked = body.get("parameters", {})
        elements = [self.element(i, each, asked, asked.get("dimension", model.dim))
                    for i, each in enumerate(body["input"]["texts"])]
        return {"status_code": 200, "request_id": "r", "code": "", "message": "",
                "output": {"embeddings": self.in_order(elements)},
                "usage": {"total_tokens": words(body["input"]["texts"])}}

    def element(self, index, content, asked, dim):
        kinds = asked.get("output_type", "dense").split("&")
        element = {"text_index": index}
        if "dense" in kinds:
            element["embedding"] = self.vector(content, dim, asked.get("text_type"))
        if "sparse" in kinds:
            element["sparse_embedding"] = [{"index": len(word), "value": 1.0, "token": word}
                                           for word in content.split()]
        return element

    def error(self, status, message, cause=None):
        code = {400: "InvalidParameter", 401: "InvalidApiKey", 404: "ModelNotFound",
                429: "Throttling.RateQuota", 503: "ModelServingError"}.get(status, "InternalError")
        return {"code": code, "message": message, "request_id": "r"}, {}


class SiliconFlow(OpenAi):
    name, public_path = "siliconflow", "/v1/embeddings"
    small, large = (64, 128, 256, 512, 768, 1024), (1536, 2048, 2560)
    models = {"BAAI/bge-large-zh-v1.5": Model(1024, (), 512),
              "BAAI/bge-large-en-v1.5": Model(1024, (), 512),
              "netease-youdao/bce-embedding-base_v1": Model(768, (), 512),
              "BAAI/bge-m3": Model(1024), "Pro/BAAI/bge-m3": Model(1024),
              "Qwen/Qwen3-Embedding-8B": Model(4096, small + large + (4096,), 32_768),
              "Qwen/Qwen3-Embedding-4B": Model(2560, small + large, 32_768),
              "Qwen/Qwen3-Embedding-0.6B": Model(1024, small, 32_768)}
    inputs_max = 32
    tokens_sum_max = 32 * 32_768
    extra = {"model": text()}

    def model_of(self, body, _found):
        return self.model(body, 400)

    @staticmethod
    def usage(tokens):
        return {"prompt_tokens": tokens, "completion_tokens": 0, "total_tokens": tokens}

    def status_of(self, cause):
        return 413 if cause in ("many", "long") else 400

    def error(self, status, message, cause=None):
        if cause == "key":
            return "Invalid token", {}
        if status == 404:
            return "404 page not found", {}
        if status == 429:
            return {"message": message, "data": None}, {}
        code = {413: 20042, 400: 20012 if cause == "model" else 20015}.get(status, 50505)
        return {"code": code, "message": message, "data": None}, {}


DIALECTS = [OpenAi, AzureOpenAi, Cohere, VoyageAi, Tei, DashScope, SiliconFlow]

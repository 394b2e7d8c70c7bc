"""Embedding services of clouds, whose requests are signed, or carry a token got by signing.

Sources, read in 2025 and 2026:
  bedrock   docs.aws.amazon.com/bedrock, model-parameters-titan-embed-text, titan-embedding-models,
            API_runtime_InvokeModel; docs.aws.amazon.com/IAM, reference_sigv-create-signed-request
  vertexai  cloud.google.com/vertex-ai/generative-ai, model-reference/text-embeddings-api and
            Shared.Types/TextEmbeddingPredictionParams; developers.google.com/identity, "Using OAuth
            2.0 for server to server applications" (RFC 7523)
  gemini    ai.google.dev/api/embeddings, ai.google.dev/gemini-api/docs/embeddings
The cryptography is this file's own (hmac, hashlib) or the openssl command's, never the client's.
"""

import base64
import binascii
import datetime
import functools
import hashlib
import hmac
import pathlib
import re
import secrets
import subprocess
import time
import urllib.parse

from embedding_dialects import Dialect, Model
from embedding_schema import (KINDS, Refusal, flag, listed, members, one_of, read_json, text, whole,
                              words)

CLOCK_SECONDS_MAX = 300
TOKEN_SECONDS = 3600


# --- AWS ---


def hmac_sha256(key, message):
    return hmac.new(key, message.encode(), hashlib.sha256).digest()


def aws_signature(secret, request, signed, scope):
    """Signature version 4 of a request without a query. The path as sent is encoded once more."""
    path = "/".join(urllib.parse.quote(part, safe="-_.~") for part in request.path.split("/"))
    headers = "".join(f"{name}:{' '.join(request.headers[name].split())}\n" for name in signed)
    canonical = "\n".join([request.method, path, "", headers, ";".join(signed),
                           hashlib.sha256(request.raw).hexdigest()])
    to_sign = "\n".join(["AWS4-HMAC-SHA256", request.headers["x-amz-date"], "/".join(scope),
                         hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{secret}".encode()
    for part in scope:
        key = hmac_sha256(key, part)
    return hmac_sha256(key, to_sign).hex()


class Bedrock(Dialect):
    name = "bedrock"
    paths = ("/model/([^/]+)/invoke",)
    models = {"amazon.titan-embed-text-v1": Model(1536),
              "amazon.titan-embed-text-v2:0": Model(1024, (256, 512, 1024))}
    body_bytes_max = 25_000_000
    characters_max = 50_000
    pattern = (r"AWS4-HMAC-SHA256 Credential=([^/,]+)/(\d{8})/([a-z0-9-]+)/([a-z0-9-]+)/"
               r"aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})")

    def __init__(self, services):
        super().__init__(services)
        self.key = ("AKIDEXAMPLE0STANDIN0", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")

    def check_key(self, request):
        header = request.headers.get("authorization")
        if header is None:
            raise Refusal(403, "no Authorization", "MissingAuthenticationTokenException")
        found = re.fullmatch(self.pattern, header)
        if not found:
            raise Refusal(403, f"no such Authorization: {header}", "IncompleteSignatureException")
        access, day, region, service, signed, signature = found.groups()
        if access != self.key[0] or "x-amz-security-token" in request.headers:
            raise Refusal(403, "The security token included in the request is invalid.",
                          "UnrecognizedClientException")
        self.check_date(request, day, service)
        self.check_signed(request, signed.split(";"))
        scope = [day, region, service, "aws4_request"]
        expected = aws_signature(self.key[1], request, signed.split(";"), scope)
        if not hmac.compare_digest(expected, signature):
            raise Refusal(403, "The request signature we calculated does not match the signature "
                          "you provided.", "InvalidSignatureException")

    @staticmethod
    def check_date(request, day, service):
        date = request.headers.get("x-amz-date", "")
        if service != "bedrock":
            raise Refusal(403, f"the scope's service is {service}", "InvalidSignatureException")
        if not re.fullmatch(r"\d{8}T\d{6}Z", date) or not date.startswith(day):
            raise Refusal(403, f"x-amz-date {date!r} is none, or not of the scope's day",
                          "IncompleteSignatureException")
        then = datetime.datetime.strptime(date + "+0000", "%Y%m%dT%H%M%SZ%z").timestamp()
        if abs(then - time.time()) > CLOCK_SECONDS_MAX:
            raise Refusal(403, f"Signature expired: {date}", "InvalidSignatureException")

    @staticmethod
    def check_signed(request, signed):
        if signed != sorted(set(signed)):
            raise Refusal(403, "SignedHeaders are not in order", "IncompleteSignatureException")
        wanted = {"host"} | {name for name in request.headers
                             if name.startswith("x-amz-") or name == "content-type"}
        if not wanted <= set(signed) <= set(request.headers):
            raise Refusal(403, f"SignedHeaders {signed} must hold {sorted(wanted)} and nothing "
                          "that is not sent", "IncompleteSignatureException")
        claimed = request.headers.get("x-amz-content-sha256")
        if claimed not in (None, hashlib.sha256(request.raw).hexdigest()):
            raise Refusal(403, "x-amz-content-sha256 is not the body's",
                          "InvalidSignatureException")

    def check_content(self, request):
        for name, other in (("accept", "*/*"), ("content-type", None)):     # may be left out
            if request.headers.get(name, "application/json") not in ("application/json", other):
                raise Refusal(400, f"{name} is not application/json")
        self.check_size(request)

    def embed(self, body, found):
        if found[0] not in self.models:
            raise Refusal(400, "The provided model identifier is invalid.")
        model = self.models[found[0]]
        allowed = {"inputText": text(model.tokens_max)}
        if model.dims:
            allowed |= {"dimensions": whole(model.dims), "normalize": flag,
                        "embeddingTypes": listed(one_of("float", "binary"), 2)}
        members(allowed, ("inputText",))(body, "")
        if len(body["inputText"]) > self.characters_max:
            raise Refusal(400, f"inputText has more than {self.characters_max} characters")
        vector = self.vector(body["inputText"], body.get("dimensions", model.dim), None)
        if not body.get("normalize", True):
            vector = [2 * value for value in vector]
        answer = {"embedding": vector, "inputTextTokenCount": words([body["inputText"]])}
        if model.dims:
            both = {"float": vector, "binary": [int(value > 0) for value in vector]}
            types = body.get("embeddingTypes", ["float"])
            answer["embeddingsByType"] = {each: both[each] for each in types}
        return answer

    def error(self, status, message, cause=None):
        kind = {403: "AccessDeniedException", 404: "ResourceNotFoundException",
                408: "ModelTimeoutException", 424: "ModelErrorException",
                429: "ThrottlingException", 500: "InternalServerException",
                503: "ServiceUnavailableException"}.get(status, "ValidationException")
        if cause and cause.endswith("Exception"):
            kind = cause
        return {"message": message}, {"x-amzn-ErrorType": kind}


# --- Google ---


GOOGLE_TASKS = ("RETRIEVAL_QUERY", "RETRIEVAL_DOCUMENT", "SEMANTIC_SIMILARITY", "CLASSIFICATION",
                "CLUSTERING", "QUESTION_ANSWERING", "FACT_VERIFICATION", "CODE_RETRIEVAL_QUERY")


class Google(Dialect):
    """The errors of Google's APIs."""

    def error(self, status, message, cause=None):
        name = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED",
                404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE",
                504: "DEADLINE_EXCEEDED"}.get(status, "INVALID_ARGUMENT")
        return {"error": {"code": status, "message": message, "status": name}}, {}

    @staticmethod
    def check_title(title, task):
        if title is not None and task != "RETRIEVAL_DOCUMENT":
            raise Refusal(400, "a title goes with RETRIEVAL_DOCUMENT only")


def openssl(*args, data=None):
    words_of = ["openssl", *map(str, args)]
    return subprocess.run(words_of, input=data, capture_output=True, check=False)


def unpadded(part):
    """The bytes of a part of a JWT, which is base64 for URLs, without the padding."""
    if not re.fullmatch("[A-Za-z0-9_-]*", part):
        raise Refusal(400, "the assertion is not base64url", "grant")
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error as error:
        raise Refusal(400, f"the assertion is not base64url: {error}", "grant") from None


class VertexAi(Google):
    """:predict with a token, which the account's token_uri gives for a JWT signed with its key."""

    name = "vertexai"
    paths = ("/v1/projects/([^/]+)/locations/([^/]+)/publishers/google/models/([^/:]+):predict",)
    models = {"gemini-embedding-001": Model(3072, range(1, 3073), 2048),
              **{name: Model(768, range(1, 769), 2048) for name in (
                  "text-embedding-005", "text-embedding-004", "text-multilingual-embedding-002")},
              "textembedding-gecko@003": Model(768, (), 3072)}
    instances_max, tokens_sum_max = 250, 20_000
    scope = "https://www.googleapis.com/auth/cloud-platform"
    audience = "https://oauth2.googleapis.com/token"    # as published; or the token_uri
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"

    def __init__(self, services):
        self.services = services
        self.tokens, self.expired = {}, set()   # token -> time until which it is good

    @functools.cached_property
    def public_key(self):
        """The file of the public key; its private one is beside it."""
        private = pathlib.Path(self.services.folder.name) / "account.pem"
        openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", private)
        public = private.with_suffix(".pub")
        openssl("pkey", "-in", private, "-pubout", "-out", public)
        return public

    @functools.cached_property
    def key(self):
        """A service account, as its key file has it."""
        host = self.services.host(self.name)
        mail = "embedder@standin-project.iam.gserviceaccount.com"
        return {"type": "service_account", "project_id": "standin-project",
                "private_key_id": secrets.token_hex(20),
                "private_key": self.public_key.with_suffix(".pem").read_text(),
                "client_email": mail, "client_id": "123456789012345678901",
                "auth_uri": f"{host}/auth", "token_uri": f"{host}/token",
                "auth_provider_x509_cert_url": f"{host}/certs",
                "client_x509_cert_url": f"{host}/certs/{mail}",
                "universe_domain": "googleapis.com"}

    @staticmethod
    def kind_of(kind):
        return KINDS.get(kind, kind) or "query"     # the default of task_type

    def part_of(self, request):
        return "vertexai_token" if request.path.startswith("/token") else self.name

    def serve(self, request):
        return self.give_token(request) if request.path == "/token" else super().serve(request)

    def expire(self):
        self.expired |= set(self.tokens)

    def give_token(self, request):
        if request.method != "POST":
            raise Refusal(405, f"{request.method} is not served here", "grant")
        kind = request.headers.get("content-type", "").partition(";")[0]
        if kind != "application/x-www-form-urlencoded":
            raise Refusal(400, "Content-Type is not application/x-www-form-urlencoded", "grant")
        form = urllib.parse.parse_qsl(request.raw.decode("utf-8", "replace"), True)
        request.body = dict(form)
        if sorted(name for name, _ in form) != ["assertion", "grant_type"]:
            raise Refusal(400, "exactly grant_type and assertion are wanted", "grant")
        if request.body["grant_type"] != self.grant:
            raise Refusal(400, f"no such grant_type: {request.body['grant_type']}", "grant")
        self.check_assertion(request.body["assertion"])
        token = "ya29." + secrets.token_urlsafe(32)
        self.tokens[token] = time.time() + TOKEN_SECONDS
        return {"access_token": token, "expires_in": TOKEN_SECONDS - 1, "token_type": "Bearer"}

    def check_assertion(self, assertion):
        parts = assertion.split(".")
        if len(parts) != 3:
            raise Refusal(400, "the assertion has not three parts", "grant")
        try:
            header, claims = (read_json(unpadded(part)) for part in parts[:2])
        except Refusal as refusal:
            raise Refusal(400, f"Invalid JWT: {refusal.message}", "grant") from None
        if header not in ({"alg": "RS256", "typ": "JWT"},
                          {"alg": "RS256", "typ": "JWT", "kid": self.key["private_key_id"]}):
            raise Refusal(400, f"Invalid JWT header: {header}", "grant")
        signature = self.public_key.with_name(f"{secrets.token_hex(8)}.sig")
        signature.write_bytes(unpadded(parts[2]))
        if openssl("dgst", "-sha256", "-verify", self.public_key, "-signature", signature,
                   data=".".join(parts[:2]).encode()).returncode:
            raise Refusal(400, "Invalid JWT Signature.", "grant")
        self.check_claims(claims)

    def check_claims(self, claims):
        unknown = set(claims) - {"iss", "scope", "aud", "exp", "iat", "sub"}
        if unknown:
            raise Refusal(400, f"Invalid JWT: no such claims: {unknown}", "grant")
        for name, wanted in (("iss", (self.key["client_email"],)),
                             ("aud", (self.key["token_uri"], self.audience))):
            if claims.get(name) not in wanted:
                raise Refusal(400, f"Invalid JWT: {name} is not one of {wanted}", "grant")
        if claims.get("sub", claims["iss"]) != claims["iss"]:
            raise Refusal(400, "Invalid JWT: sub is another account", "grant")
        if self.scope not in str(claims.get("scope")).split(" "):
            raise Refusal(400, f"Invalid JWT: scope does not hold {self.scope}", "grant")
        times = claims.get("iat"), claims.get("exp")
        if not all(isinstance(each, int) and not isinstance(each, bool) for each in times):
            raise Refusal(400, "Invalid JWT: iat and exp must be seconds", "grant")
        early = times[0] > time.time() + CLOCK_SECONDS_MAX
        if early or times[1] <= time.time() or not 0 < times[1] - times[0] <= TOKEN_SECONDS:
            raise Refusal(400, "Invalid JWT: Token must be a short-lived token (60 minutes) and in "
                          f"a reasonable timeframe: iat {times[0]}, exp {times[1]}", "grant")

    def check_key(self, request):
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if f"Bearer {token}" != request.headers.get("authorization") or token not in self.tokens:
            raise Refusal(401, "no token of this account in Authorization", "key")
        if token in self.expired:
            raise Refusal(401, "the token has expired", "expired")
        if self.tokens[token] < time.time():
            raise Refusal(401, "the token has expired, as was told with it", "key")

    def embed(self, body, found):
        if found[2] not in self.models:
            raise Refusal(404, f"Publisher Model {found[2]} not found.")
        model = self.models[found[2]]
        cut = not isinstance(body.get("parameters"), dict) or body["parameters"].get(
            "autoTruncate", True) is not False
        instance = members({"content": text(None if cut else model.tokens_max), "title": text(),
                            "task_type": one_of(*GOOGLE_TASKS)}, ("content",))
        parameters = members({"autoTruncate": flag, "outputDimensionality": whole(model.dims)}, ())
        most = 1 if found[2].startswith("gemini") else self.instances_max
        members({"instances": listed(instance, most), "parameters": parameters},
                ("instances",))(body, "")
        contents = [each["content"] for each in body["instances"]]
        if words(contents) > self.tokens_sum_max:
            raise Refusal(400, f"more than {self.tokens_sum_max} tokens in a request")
        dim = body.get("parameters", {}).get("outputDimensionality", model.dim)
        return {"predictions": [self.prediction(each, dim) for each in body["instances"]],
                "metadata": {"billableCharacterCount": sum(map(len, contents))}}

    def prediction(self, instance, dim):
        self.check_title(instance.get("title"), instance.get("task_type"))
        vector = self.vector(instance["content"], dim, instance.get("task_type"))
        return {"embeddings": {"values": vector, "statistics": {
            "truncated": False, "token_count": words([instance["content"]])}}}

    def error(self, status, message, cause=None):
        if cause == "grant":
            kind = "invalid_grant" if status < 500 else "internal_failure"
            return {"error": kind, "error_description": message}, {}
        return super().error(status, message, cause)


class Gemini(Google):
    name = "gemini"
    paths = (r"/(?:v1beta|v1)/models/([^/:]+):(embedContent|batchEmbedContents)",)
    models = {"gemini-embedding-001": Model(3072, range(1, 3073), 2048),
              "text-embedding-004": Model(768, range(1, 769), 2048),
              "embedding-001": Model(768, (), 2048)}
    requests_max = 100

    @staticmethod
    def kind_of(kind):
        return KINDS.get(kind, kind)

    def check_query(self, query):
        if [name for name, _ in query] not in ([], ["key"]):
            raise Refusal(400, f"only key is taken in the query: {query}")

    def check_key(self, request):
        query = urllib.parse.parse_qs(request.path.partition("?")[2])
        given = query.get("key", []) + [value for name, value in request.headers.items()
                                        if name == "x-goog-api-key"]
        if not given:
            raise Refusal(403, "Method doesn't allow unregistered callers.", "key")
        if set(given) != {self.key}:
            raise Refusal(400, "API key not valid. Please pass a valid API key.", "key")

    def embed(self, body, found):
        if found[0] not in self.models:
            raise Refusal(404, f"models/{found[0]} is not found for this API version.")
        model = self.models[found[0]]
        allowed = {"model": one_of(f"models/{found[0]}"), "title": text(),
                   "content": members({"parts": listed(members({"text": text()}, ("text",)), 100),
                                       "role": text()}, ("parts",)),
                   "outputDimensionality": whole(model.dims)}
        if model.dims:
            allowed["taskType"] = one_of("TASK_TYPE_UNSPECIFIED", *GOOGLE_TASKS)
        if found[1] == "embedContent":
            members(allowed, ("content",))(body, "")
            return {"embedding": self.embedding(body, model)}
        each = members(allowed, ("model", "content"))
        members({"requests": listed(each, self.requests_max)}, ("requests",))(body, "")
        return {"embeddings": [self.embedding(each, model) for each in body["requests"]]}

    def embedding(self, asked, model):
        self.check_title(asked.get("title"), asked.get("taskType"))
        content = "".join(part["text"] for part in asked["content"]["parts"])
        dim = asked.get("outputDimensionality", model.dim)
        return {"values": self.vector(content, dim, asked.get("taskType"))}


DIALECTS = [Bedrock, VertexAi, Gemini]

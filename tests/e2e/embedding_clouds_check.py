"""Checks the stand-ins of embedding_clouds.py; see embedding_self_check.py.

The signature of AWS is held against AWS' own published test vectors, the token's against what the
openssl command signs.
"""

import base64
import datetime
import hashlib
import json
import time
import types
import urllib.parse

import embedding_clouds

TITAN = "/model/amazon.titan-embed-text-v2%3A0/invoke"


def check(services, send, refused):
    """`send` and `refused` of embedding_self_check, which also are given a body that is bytes."""
    check_aws_vectors()
    check_bedrock(services, send, refused)
    check_vertexai(services, send, refused)
    check_gemini(services, send, refused)


def changed(body, change):
    """The body with other members; None drops one."""
    return {name: value for name, value in (body | change).items() if value is not None}


def check_aws_vectors():
    """get-vanilla, post-vanilla and post-x-www-form-urlencoded of the Signature V4 test suite."""
    secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    form = {"content-type": "application/x-www-form-urlencoded"}
    for method, raw, more, wanted in (
            ("GET", b"", {}, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            ("POST", b"", {}, "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
            ("POST", b"Param1=value1", form,
             "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a")):
        headers = {"host": "example.amazonaws.com", "x-amz-date": "20150830T123600Z"} | more
        request = types.SimpleNamespace(method=method, path="/", raw=raw, headers=headers)
        scope = ["20150830", "us-east-1", "service", "aws4_request"]
        assert embedding_clouds.aws_signature(secret, request, sorted(headers), scope) == wanted


def aws_headers(services, path, raw, *, moment=None, key=None, drop=(), scope_service="bedrock"):
    access, secret = key or services.key("bedrock")
    moment = moment or datetime.datetime.now(datetime.timezone.utc)
    date = moment.strftime("%Y%m%dT%H%M%SZ")
    headers = {"content-type": "application/json", "x-amz-date": date,
               "host": services.host("bedrock").removeprefix("http://"),
               "x-amz-content-sha256": hashlib.sha256(raw).hexdigest()}
    signed = sorted(set(headers) - set(drop))
    scope = [date[:8], "us-east-1", scope_service, "aws4_request"]
    request = types.SimpleNamespace(method="POST", path=path, raw=raw, headers=headers)
    signature = embedding_clouds.aws_signature(secret, request, signed, scope)
    return headers | {"Authorization": f"AWS4-HMAC-SHA256 Credential={access}/{'/'.join(scope)}, "
                      f"SignedHeaders={';'.join(signed)}, Signature={signature}"}


def check_bedrock(services, send, refused):
    url = services.url("bedrock")

    def post(path, body, expected=None, **how):
        raw = json.dumps(body).encode()
        headers = aws_headers(services, path, raw, **how)
        if expected:
            return refused(services, "bedrock", expected, url + path, raw, headers)
        return send(url + path, raw, headers)

    body = {"inputText": "a b", "dimensions": 256, "normalize": True, "embeddingTypes": ["float"]}
    status, answer, _ = post(TITAN, body)
    assert status == 200 and answer["embedding"] == services.vector("bedrock", "a b", 256), answer
    first = "/model/amazon.titan-embed-text-v1/invoke"
    assert len(post(first, {"inputText": "x"})[1]["embedding"]) == 1536
    longer = post(TITAN, {"inputText": "x", "normalize": False})[1]["embedding"]
    assert longer == [2 * value for value in services.vector("bedrock", "x", 1024)]
    for change in ({"inputText": None}, {"inputText": ""}, {"inputText": ["x"]}, {"texts": []},
                   {"dimensions": 300}, {"inputText": "x" * 50_001}, {"normalize": 1},
                   {"embeddingTypes": ["int8"]}):
        post(TITAN, changed(body, change), 400)
    post(first, body, 400)
    post("/model/amazon.titan-embed-text-v9/invoke", body, 400)
    now = datetime.datetime.now(datetime.timezone.utc)
    for how in ({"key": ("AKIDOTHER", "x")}, {"key": (services.key("bedrock")[0], "x")},
                {"moment": now - datetime.timedelta(minutes=6)}, {"drop": ["host"]},
                {"moment": now + datetime.timedelta(minutes=6)}, {"drop": ["content-type"]},
                {"drop": ["x-amz-content-sha256"]}, {"scope_service": "s3"}):
        post(TITAN, body, 403, **how)
    other = aws_headers(services, TITAN, b'{"inputText": "other"}')
    del other["x-amz-content-sha256"]
    refused(services, "bedrock", 403, url + TITAN, b'{"inputText": "x"}', other)
    refused(services, "bedrock", 403, url + TITAN, body)
    services.forget()
    services.fail_next("bedrock", 429)
    status, answer, headers = post(TITAN, body)
    assert (status, headers["x-amzn-ErrorType"]) == (429, "ThrottlingException")
    assert post(TITAN, body)[0] == 200 and not services.violations("bedrock")


def assertion(services, claims=None, header=None, forge=False):
    """A JWT for the account: signed by openssl, or with a signature of other bytes."""
    account = services.key("vertexai")
    now = int(time.time())
    claims = {"iss": account["client_email"], "aud": account["token_uri"], "iat": now,
              "exp": now + 3600, "scope": embedding_clouds.VertexAi.scope} | (claims or {})
    parts = [json.dumps(part).encode() for part in (header or {"alg": "RS256", "typ": "JWT"},
                                                    claims)]
    encoded = [base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts]
    path = f"{services.folder.name}/signing.pem"
    with open(path, "w", encoding="ascii") as file:
        file.write(account["private_key"])
    message = ".".join(encoded).encode()
    signed = embedding_clouds.openssl("dgst", "-sha256", "-sign", path,
                                      data=message + b"x" * forge).stdout
    return ".".join(encoded + [base64.urlsafe_b64encode(signed).decode().rstrip("=")])


def token_request(jwt, grant=embedding_clouds.VertexAi.grant):
    form = urllib.parse.urlencode({"grant_type": grant, "assertion": jwt})
    return form.encode(), {"Content-Type": "application/x-www-form-urlencoded"}


def check_vertexai(services, send, refused):
    token_uri = services.key("vertexai")["token_uri"]
    account = services.key("vertexai")["client_email"]
    now = int(time.time())
    for claims in ({"iss": "x"}, {"aud": "x"}, {"scope": "x"}, {"exp": now + 4000},
                   {"exp": now - 1}, {"iat": now + 400}, {"iat": "now"}, {"sub": "x"},
                   {"email": account}):
        answer = refused(services, "vertexai", 400, token_uri,
                         *token_request(assertion(services, claims)))
        assert answer["error"] == "invalid_grant", answer
    for jwt in (assertion(services, forge=True), assertion(services, header={"alg": "none"}), "a.b",
                "a.b.c", assertion(services)[:-3], assertion(services).replace(".", "", 1)):
        refused(services, "vertexai", 400, token_uri, *token_request(jwt))
    refused(services, "vertexai", 400, token_uri, *token_request(assertion(services), "password"))
    refused(services, "vertexai", 400, token_uri, {"assertion": assertion(services)})
    status, answer, _ = send(token_uri, *token_request(assertion(services)))
    assert status == 200 and answer["token_type"] == "Bearer" and answer["expires_in"] == 3599
    headers = {"Authorization": f"Bearer {answer['access_token']}"}
    url = (services.url("vertexai") + "/v1/projects/p/locations/us-central1/publishers/google/"
           "models/text-embedding-005:predict")
    check_predict(services, send, refused, url, headers)
    services.forget()
    services.fail_next("vertexai_token", 503)
    assert send(token_uri, *token_request(assertion(services)))[0] == 503
    services.fail_next("vertexai", 429)
    body = {"instances": [{"content": "x"}]}
    status, answer, _ = send(url, body, headers)
    assert answer["error"]["status"] == "RESOURCE_EXHAUSTED"
    services.expire_tokens()
    assert send(url, body, headers)[0] == 401 and not services.violations("vertexai")
    assert len(services.requests("vertexai_token")) == 1 and len(services.requests("vertexai")) == 2


def check_predict(services, send, refused, url, headers):
    instance = {"content": "a b", "task_type": "RETRIEVAL_DOCUMENT", "title": "t"}
    body = {"instances": [instance, {"content": "c"}],
            "parameters": {"outputDimensionality": 64, "autoTruncate": True}}
    status, answer, _ = send(url, body, headers)
    assert status == 200, answer
    values = [each["embeddings"]["values"] for each in answer["predictions"]]
    assert values == [services.vector("vertexai", "a b", 64, "document"),
                      services.vector("vertexai", "c", 64, "query")]
    for change in ({"instances": []}, {"instances": [{"content": "x"}] * 251}, {"instances": None},
                   {"instances": [{"content": ""}]}, {"instances": [{"text": "x"}]},
                   {"instances": [{"content": "x", "task_type": "document"}]},
                   {"instances": [{"content": "x", "title": "t"}]}, {"model": "x"},
                   {"parameters": {"outputDimensionality": 769}},
                   {"parameters": {"output_dimensionality": 64}},
                   {"parameters": {"autoTruncate": "no"}},
                   {"instances": [{"content": "x " * 2049}],
                    "parameters": {"autoTruncate": False}}):
        refused(services, "vertexai", 400, url, changed(body, change), headers)
    gemini = url.replace("text-embedding-005", "gemini-embedding-001")
    refused(services, "vertexai", 400, gemini, body, headers)
    refused(services, "vertexai", 404, url.replace("005", "009"), body, headers)
    refused(services, "vertexai", 404, url.replace(":predict", ""), body, headers)
    refused(services, "vertexai", 401, url, body, {"Authorization": "Bearer x"})
    refused(services, "vertexai", 401, url, body)


def check_gemini(services, send, refused):
    base = services.url("gemini") + "/v1beta/models/gemini-embedding-001"
    headers = {"x-goog-api-key": services.key("gemini")}
    name = "models/gemini-embedding-001"
    each = {"model": name, "content": {"parts": [{"text": "a b"}]}, "taskType": "RETRIEVAL_QUERY",
            "outputDimensionality": 768}
    batch = base + ":batchEmbedContents"
    status, answer, _ = send(batch, {"requests": [each, each]}, headers)
    wanted = {"values": services.vector("gemini", "a b", 768, "query")}
    assert status == 200 and answer == {"embeddings": [wanted, wanted]}, answer
    with_key = f"{base}:embedContent?key={services.key('gemini')}"
    assert send(with_key, {"content": {"parts": [{"text": "x"}]}})[1]["embedding"]["values"] == (
        services.vector("gemini", "x", 3072))
    for change in ({"model": "models/other"}, {"model": None}, {"taskType": "query"},
                   {"content": "x"}, {"content": {"parts": []}}, {"title": "t"},
                   {"content": {"parts": [{"text": ""}]}}, {"task_type": "RETRIEVAL_QUERY"},
                   {"outputDimensionality": 3073}):
        wrong = {"requests": [changed(each, change)]}
        refused(services, "gemini", 400, batch, wrong, headers)
    refused(services, "gemini", 400, batch, {"requests": [each] * 101}, headers)
    refused(services, "gemini", 400, batch, each, headers)
    refused(services, "gemini", 403, batch, {"requests": [each]})
    refused(services, "gemini", 400, batch, {"requests": [each]}, {"x-goog-api-key": "x"})
    refused(services, "gemini", 404, batch.replace("-001", "-9"), {"requests": [each]}, headers)

"""Stand-ins of the services that rerank texts: one HTTP server that speaks every provider's dialect.

Each request is held against the interface that the provider publishes: path, key, members and their
types; what a provider does not know is refused as it would refuse it. Scores count common words, so
that a test can tell them in advance. `faults` are answers given first, in the order given.
"""

import http.server
import json
import threading

TEXT, NUMBER, BOOL, TEXTS = "text", "number", "bool", "texts"

# provider -> (path, needs a key, members: name -> (type, required), default batch)
INTERFACES = {
    # vLLM, OpenAI-compatible server, "Re-rank API".
    "vllm": ("/rerank", False, {"model": (TEXT, False), "query": (TEXT, True), "documents": (TEXTS, True),
                                "top_n": (NUMBER, False), "truncate_prompt_tokens": (NUMBER, False),
                                "additional_data": (TEXT, False), "priority": (NUMBER, False)}),
    # Text Embeddings Inference, POST /rerank.
    "tei": ("/rerank", False, {"query": (TEXT, True), "texts": (TEXTS, True), "raw_scores": (BOOL, False),
                               "return_text": (BOOL, False), "truncate": (BOOL, False),
                               "truncation_direction": (TEXT, False)}),
    # Cohere, POST /v2/rerank.
    "cohere": ("/v2/rerank", True, {"model": (TEXT, True), "query": (TEXT, True), "documents": (TEXTS, True),
                                    "top_n": (NUMBER, False), "max_tokens_per_doc": (NUMBER, False),
                                    "priority": (NUMBER, False)}),
    # Voyage AI, POST /v1/rerank.
    "voyageai": ("/v1/rerank", True, {"model": (TEXT, True), "query": (TEXT, True), "documents": (TEXTS, True),
                                      "top_k": (NUMBER, False), "return_documents": (BOOL, False),
                                      "truncation": (BOOL, False)}),
    # SiliconFlow, POST /v1/rerank.
    "siliconflow": ("/v1/rerank", True, {"model": (TEXT, True), "query": (TEXT, True), "documents": (TEXTS, True),
                                         "instruction": (TEXT, False), "top_n": (NUMBER, False),
                                         "return_documents": (BOOL, False), "max_chunks_per_doc": (NUMBER, False),
                                         "overlap_tokens": (NUMBER, False)}),
    # Alibaba Cloud Model Studio (DashScope), text-rerank.
    "ali": ("/api/v1/services/rerank/text-rerank/text-rerank", True,
            {"model": (TEXT, True), "input": ({"query": (TEXT, True), "documents": (TEXTS, True)}, True),
             "parameters": ({"top_n": (NUMBER, False), "return_documents": (BOOL, False)}, False)}),
}


def score(query, text):
    """Common words, a little more for texts with few others; exact in 32 bits."""
    words = text.split()
    return sum(word in query.split() for word in words) / 2 + 1 / 2 ** len(words)


def fits(kind, value):
    if isinstance(kind, dict):
        return isinstance(value, dict) and complaint(kind, value) is None
    if kind == TEXTS:
        return isinstance(value, list) and value and all(isinstance(text, str) and text for text in value)
    if kind == NUMBER:
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return isinstance(value, bool if kind == BOOL else str)


def complaint(members, body):
    for name, (_, required) in members.items():
        if required and name not in body:
            return f"{name} is missing"
    for name, value in body.items():
        if name not in members:
            return f"{name} is not known"
        if not fits(members[name][0], value):
            return f"{name} has a wrong value"
    return None


class RerankServices:
    def __init__(self, keys=None):
        self.keys = keys or {}      # provider -> the key that it wants
        self.requests = []          # (provider, body) of those that were answered
        self.refusals = []          # what was wrong with the others
        self.faults = []            # (status, body, headers) or "hang"
        self.change = lambda provider, answer: answer
        self.hanging = threading.Event()
        services = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                text = self.rfile.read(int(self.headers["Content-Length"]))
                if services.faults:
                    fault = services.faults.pop(0)
                    if fault == "hang":
                        services.hanging.wait(30)
                        return self.close_connection
                    return self.answer(*fault)
                return self.answer(*services.serve(self.path, self.headers, text))

            def answer(self, status, body, headers=None):
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in ({"Content-Type": "application/json"} | (headers or {})).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def uri(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def url(self, provider):
        """Providers share paths, so each has its own root."""
        return f"{self.uri}/{provider}{INTERFACES[provider][0]}"

    def endpoint(self, provider):
        return f"{self.uri}/{provider}"

    def close(self):
        self.hanging.set()
        self.server.shutdown()
        self.server.server_close()

    def serve(self, path, headers, text):
        provider = path.split("/")[1]
        status, problem, body = self.check(provider, path, headers, text)
        if problem:
            self.refusals.append(f"{provider}: {problem}")
            return status, {"error": problem}
        self.requests.append((provider, body))
        return 200, self.change(provider, self.reply(provider, body))

    def check(self, provider, path, headers, text):
        if provider not in INTERFACES or path != f"/{provider}{INTERFACES[provider][0]}":
            return 404, f"no such path {path}", None
        _, needs_key, members = INTERFACES[provider]
        wanted = self.keys.get(provider)
        if (needs_key or wanted) and headers["Authorization"] != f"Bearer {wanted}":
            return 401, "wrong key", None
        if headers["Content-Type"].split(";")[0] != "application/json":
            return 415, "not JSON", None
        try:
            body = json.loads(text)
        except ValueError:
            return 400, "not JSON", None
        if not isinstance(body, dict):
            return 422, "not an object", None
        return 422, complaint(members, body), body

    @staticmethod
    def reply(provider, body):
        source = body.get("input", body)
        texts = source["texts" if provider == "tei" else "documents"]
        name = "score" if provider == "tei" else "relevance_score"
        results = [{"index": i, name: score(source["query"], text)} for i, text in enumerate(texts)]
        results.sort(key=lambda result: -result[name])  # as providers do: best first
        if provider == "tei":
            return results
        if provider == "voyageai":
            return {"object": "list", "data": results, "model": body["model"], "usage": {"total_tokens": 1}}
        if provider == "ali":
            return {"output": {"results": results}, "usage": {"total_tokens": 1}, "request_id": "r"}
        return {"id": "x", "results": results, "meta": {}}

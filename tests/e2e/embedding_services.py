"""Stand-ins of the web services that make vectors of texts, one HTTP server for each provider.

Every request is held against the interface that the provider publishes: address, key, content type,
members, their types and ranges, sizes. What the provider does not know is refused as it documents,
and kept in `violations`. Vectors come from a hash (embedding_schema.unit_vector), so that a test
can tell them in advance. A request is checked before an error of `fail_next` is given: a client's
second try has to be right as well. Thread-safe; a server starts at the first `url` of its provider.

`python tests/e2e/embedding_services.py` checks the stand-ins themselves.
"""

import collections
import contextlib
import http.server
import json
import random
import tempfile
import threading
import types

import embedding_clouds
import embedding_dialects
from embedding_schema import Refusal, as_type

PORTS = range(13000, 20000)     # below the ports that the system gives to clients


class EmbeddingServices:
    """Providers: openai, azure_openai, cohere, voyageai, tei, dashscope, siliconflow, bedrock,
    vertexai, gemini. The token endpoint of vertexai is the provider vertexai_token to `fail_next`
    and `requests`; what it refuses is a violation of vertexai.
    """

    def __init__(self):
        self.lock = threading.Lock()
        self.reverse_order = False      # answers whose elements carry an index come last one first
        self.change = lambda provider, answer: answer   # of a right answer, before it is sent
        self.tei_dim = 768              # TEI serves one model, without telling which
        self.tei_needs_key = False      # as of TEI without --api-key
        self.deployments = {name: name for name in embedding_dialects.OPENAI_MODELS}    # of Azure
        self.hanging = threading.Event()
        self._servers = {}
        self._requests = collections.defaultdict(list)
        self._violations = collections.defaultdict(list)
        self._faults = collections.defaultdict(collections.deque)
        self.folder = tempfile.TemporaryDirectory(prefix="embedding_services_")
        self._dialects = {kind.name: kind(self) for kind in
                          embedding_dialects.DIALECTS + embedding_clouds.DIALECTS}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.hanging.set()
        for server in self._servers.values():
            server.shutdown()
            server.server_close()
        self._servers = {}
        self.folder.cleanup()

    def host(self, provider):
        """The provider's http://address:port."""
        with self.lock:
            if provider not in self._servers:
                self._servers[provider] = serve(self, provider)
            return f"http://127.0.0.1:{self._servers[provider].server_address[1]}"

    def url(self, provider):
        """In place of the provider's own URL: with its path where a client is given all of it."""
        return self.host(provider) + self._dialects[provider].public_path

    def key(self, provider):
        """The accepted key; of bedrock (access key, secret), of vertexai the service account."""
        self.host(provider)
        return self._dialects[provider].key

    def vector(self, provider, text, dim, kind=None, dtype="float"):
        """The vector that the provider gives for the text. `kind`: "document", "query" or the
        provider's own word; of no effect where the provider makes no difference."""
        return as_type(self._dialects[provider].vector(text, dim, kind), dtype)

    def default_dim(self, provider, model=None):
        """The dimensions that the model gives unasked."""
        return self.tei_dim if provider == "tei" else self._dialects[provider].models[model].dim

    def requests(self, provider):
        """All so far, as {"headers" (names in lower case), "path", "body" (None if not JSON)}."""
        with self.lock:
            return list(self._requests[provider])

    def violations(self, provider):
        with self.lock:
            return list(self._violations[provider])

    def forget(self):
        """Drops the requests, violations and faults so far."""
        with self.lock:
            for record in (self._requests, self._violations, self._faults):
                record.clear()

    def fail_next(self, provider, status, retry_after=None, times=1):
        """The next right requests get this status and the provider's error body; "drop" ends the
        connection without an answer, "hang" does so at `close`."""
        with self.lock:
            self._faults[provider].extend([(status, retry_after)] * times)

    def expire_tokens(self):
        """vertexai: tokens given so far are answered with 401 from now on."""
        self._dialects["vertexai"].expire()

    def answer(self, provider, request):
        """(status, body, headers), or "drop" or "hang"."""
        dialect = self._dialects[provider]
        part = dialect.part_of(request)
        try:
            body = dialect.serve(request)
            refusal = None
        except Refusal as error:
            refusal = error
        except Exception as error:  # the stand-in's own fault must not pass for a right request
            refusal = Refusal(500, f"the stand-in failed: {error!r}")
        with self.lock:
            self._requests[part].append({"headers": request.headers, "path": request.path,
                                         "body": request.body})
            fault = None
            if refusal is None and self._faults[part]:
                fault = self._faults[part].popleft()
            elif refusal is not None and refusal.cause != "expired":
                self._violations[provider].append(f"{request.path}: {refusal.message}")
        if refusal:
            return refusal.status, *dialect.error(refusal.status, refusal.message, refusal.cause)
        if fault is None:
            return 200, self.change(part, body), {}
        if isinstance(fault[0], str):
            return fault[0]
        body, headers = dialect.error(fault[0], "the service was told to fail",
                                      None if part == provider else "grant")
        wait = {} if fault[1] is None else {"Retry-After": str(fault[1])}
        return fault[0], body, headers | wait


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    services = provider = None

    def do_POST(self):
        request = types.SimpleNamespace(
            method=self.command, path=self.path, body=None,
            headers={name.lower(): value for name, value in self.headers.items()},
            raw=self.rfile.read(int(self.headers["Content-Length"] or 0)))
        answer = self.services.answer(self.provider, request)
        if isinstance(answer, str):
            if answer == "hang":
                self.services.hanging.wait(60)
            self.close_connection = True
            return
        status, body, headers = answer
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        headers = {"Content-Type": "application/json"} | headers
        for name, value in (headers | {"Content-Length": str(len(data))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_PUT = do_DELETE = do_PATCH = do_POST

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass        # a client that went away is no news


def serve(services, provider):
    """A server on a free port of PORTS, which is as likely another one in every process."""
    handler = type("ProviderHandler", (Handler,), {"services": services, "provider": provider})
    for port in random.sample(PORTS, len(PORTS)):
        with contextlib.suppress(OSError):
            server = Server(("127.0.0.1", port), handler)
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            return server
    raise OSError("no free port")


if __name__ == "__main__":
    import embedding_self_check
    embedding_self_check.main()

"""A small TAXII 2.1 server after the specification (OASIS TAXII 2.1): discovery, API root, collections, objects
with added_after, limit, next, match[type] and the X-TAXII-Date-Added headers; Basic, Bearer and client
certificates. `faults` makes it misbehave."""
import base64
import http.server
import json
import ssl
import threading
import urllib.parse

MEDIA = "application/taxii+json;version=2.1"


def indicator(n, pattern, modified="2026-01-01T00:00:00.000Z", **more):
    return {"type": "indicator", "spec_version": "2.1", "id": f"indicator--{n:08x}-0000-4000-8000-000000000000",
            "created": "2026-01-01T00:00:00.000Z", "modified": modified, "valid_from": "2026-01-01T00:00:00Z",
            "pattern_type": "stix", "pattern": pattern, **more}


class Server:
    def __init__(self, basic=None, token=None, context=None, page=5):
        self.basic, self.token, self.page = basic, token, page
        self.objects = []  # (date added, object), in order
        self.faults, self.requests = {}, []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do_GET(self):
                outer.handle(self)

        self.httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.httpd.handle_error = lambda *args: None  # who goes away early is part of the test
        if context:
            self.httpd.socket = context.wrap_socket(self.httpd.socket, server_side=True)
        self.url = f"{'https' if context else 'http'}://{'localhost' if context else '127.0.0.1'}:{self.httpd.server_port}"
        threading.Thread(target=self.httpd.serve_forever, daemon=True).start()

    def close(self):
        self.httpd.shutdown()
        self.httpd.server_close()

    def add(self, stamp, *objects):
        self.objects += [(stamp, o) for o in objects]

    def allowed(self, h):
        said = h.headers.get("Authorization", "")
        if self.basic:
            return said == "Basic " + base64.b64encode(self.basic.encode()).decode()
        return not self.token or said == "Bearer " + self.token

    def answer(self, h, body, status=200, media=MEDIA, **headers):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        h.send_response(status)
        h.send_header("Content-Type", media)
        h.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            h.send_header(name.replace("_", "-"), value)
        h.end_headers()
        h.wfile.write(data)

    def handle(self, h):
        path, _, query = h.path.partition("?")
        self.requests.append(h.path)
        if MEDIA not in h.headers.get("Accept", ""):
            return self.answer(h, {"title": "not acceptable"}, 406)
        if not self.allowed(h):
            return self.answer(h, {"title": "unauthorized"}, 401)
        if path == "/taxii2/":
            return self.answer(h, {"title": "test", "default": "/root/", "api_roots": ["/root/", "https://other.example/x/"]})
        if path == "/root/":
            return self.answer(h, {"title": "root", "versions": [MEDIA], "max_content_length": 1 << 20})
        if path == "/root/collections/":
            return self.answer(h, {"collections": [{"id": "c1", "title": "bad things", "can_read": True,
                                                    "can_write": False, "media_types": ["application/stix+json;version=2.1"]}]})
        if path == "/root/collections/c1/objects/":
            return self.list(h, urllib.parse.parse_qs(query))
        return self.answer(h, {"title": "not found"}, 404)

    def list(self, h, query):
        after = query.get("added_after", [""])[0]
        token = query.get("next", ["0"])[0]
        if not token.isdigit() and "all" not in self.faults:
            return self.answer(h, {"title": "no such token"}, 400)
        begin = int(token) if token.isdigit() else 0
        wanted = query.get("match[type]", [None])[0]
        rows = [(t, o) for t, o in self.objects if t > after and (not wanted or o["type"] == wanted)]
        rows, rest = rows[begin:begin + self.page], rows[begin + self.page:]
        body = {"objects": [o for _, o in rows]} if rows else {}
        if rest:
            body |= {"more": True, "next": str(begin + self.page)}
        fault = self.faults.pop(begin, None) if begin in self.faults else self.faults.get("all")
        if fault:
            return fault(self, h, body)
        more = {"X_TAXII_Date_Added_First": rows[0][0], "X_TAXII_Date_Added_Last": rows[-1][0]} if rows else {}
        return self.answer(h, body, **more)

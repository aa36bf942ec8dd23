"""Strangers and careless people at an HTTP API: a suite made from its own OpenAPI description, against the real
program. Every route: without, with a foreign, a dead and an expired session; without and with a wrong CSRF token; from
another site's page; with each role that may not; with bodies malformed, mistyped, oversized; with arguments that hide
paths, zero bytes, endless texts. Nothing may change, nothing may be answered with 5xx, and the program is the same
afterwards. Who uses it (pages_hostile, centre_hostile) brings the program and what only that one has."""
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time

ROOT = pathlib.Path(os.environ.get("BANKEN_ROOT", pathlib.Path(__file__).resolve().parents[2]))
BUILD = pathlib.Path(os.environ.get("BANKEN_BUILD", ROOT / "build"))
BANKEN = BUILD / "control/cli/banken"
PASSWORD = "a long enough password"
# Their effects are the session's own, so the general part leaves them out.
OWN = ("/api/v1/session", "/api/v1/events")


class Failed(Exception):
    pass


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Program:
    """One program with pages on loopback, in a folder of its own. Its class says: name, binary, settings(), ready."""
    name, binary, ready = "", None, "listening"

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="banken-pages-"))
        self.port, self.links, self.asker = free_port(), free_port(), 1
        self.run("keys", "init", self.folder / "ca")
        self.run("keys", "issue", self.folder / "ca", "--role", self.name, "--name", f"{self.name}-1", "--out",
                 self.folder / "keys")
        (self.folder / "run").mkdir()
        (self.folder / "settings.yaml").write_text(
            f"listen: 127.0.0.1:{self.links}\nstate-folder: {self.folder}/state\nrun-folder: {self.folder}/run\n"
            f"keys-folder: {self.folder}/keys\npages: {{listen: \"127.0.0.1:{self.port}\", folder: \"\"}}\n" + self.settings())

    def settings(self):
        return ""

    def run(self, *words, given=None):
        done = subprocess.run([str(BANKEN), "--run-folder", str(self.folder / "run"), *map(str, words)], input=given,
                              capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise Failed(f"banken {' '.join(map(str, words))}: {done.stderr.strip()}")
        return done.stdout

    def start(self):
        self.log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen([str(self.binary), "-c", str(self.folder / "settings.yaml")], stdout=self.log,
                                        stderr=self.log)
        for _ in range(200):
            if self.process.poll() is not None:
                raise Failed((self.folder / "log").read_text()[-1500:])
            if (self.folder / f"run/banken-{self.name}.sock").exists() and self.ready in (self.folder / "log").read_text():
                return
            time.sleep(0.05)
        raise Failed(f"the {self.name} did not start")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(30)
        self.log.close()
        if status:
            raise Failed(f"the {self.name} ended with {status}: " + (self.folder / "log").read_text()[-1500:])
        (self.folder / "log").unlink()

    def expire(self, account):
        """Whoever has not asked for long: the program's own note of when is set back."""
        with sqlite3.connect(self.folder / "state/accounts.db", timeout=10) as db:
            db.execute("UPDATE session SET used=1, created=1 WHERE name=?", (account,))

    # --- asking ---
    def ask(self, method, path, body=None, headers=None, spread=True):
        """Status, headers, parsed body. Each from another loopback address, so that the brake of one
        address says nothing about the others."""
        if spread:
            self.asker += 1
        source = f"127.{1 + self.asker // 20000 % 200}.{self.asker // 200 % 100}.{self.asker % 200 + 1}" if spread else "127.0.0.1"
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30, source_address=(source, 0))
        try:
            c.request(method, path, body=body, headers=headers or {})
            r = c.getresponse()
            data = r.read()
        except (BrokenPipeError, ConnectionResetError, http.client.HTTPException, ValueError) as e:
            return 0, {}, str(e)
        finally:
            c.close()
        try:
            return r.status, r.headers, json.loads(data) if data else None
        except ValueError:
            return r.status, r.headers, data

    def log_in(self, name):
        status, headers, answer = self.ask("POST", "/api/v1/session", json.dumps({"name": name, "password": PASSWORD}),
                                           {"Content-Type": "application/json"})
        if status != 200:
            raise Failed(f"{name} cannot log in: {status} {answer}")
        return {"Cookie": headers["Set-Cookie"].split(";")[0], "X-CSRF-Token": answer["csrf"]}

    def memory(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) * 1024
        return 0

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


# --- requests from the description ---

def example(schema):
    kind = schema.get("type")
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("format") == "date-time":
        return "2030-01-01T00:00:00Z"
    if schema.get("format") == "date":
        return "2026-11-21"
    if kind == "integer":
        return max(1, schema.get("minimum", 1))
    if kind == "boolean":
        return True
    if kind == "array":
        return ["10.0.1.1"]
    if kind == "object":
        return {}
    return "x" * max(3, schema.get("minLength", 0))


class Operation:
    def __init__(self, path, method, spec):
        self.path, self.method, self.spec = path, method.upper(), spec
        self.open = spec.get("security") == []
        self.may = spec["x-may"]
        self.changes = self.method != "GET"
        content = spec.get("requestBody", {}).get("content", {})
        self.schema = content.get("application/json", {}).get("schema")
        self.bytes = "application/octet-stream" in content
        self.params = spec.get("parameters", [])

    def url(self, **replace):
        path = self.path
        for p in self.params:
            if p["in"] == "path":
                path = path.replace("{%s}" % p["name"], str(replace.get(p["name"], example(p["schema"]))))
        query = "&".join(f"{p['name']}={replace.get(p['name'], example(p['schema']))}" for p in self.params
                         if p["in"] == "query" and (p["required"] or p["name"] in replace))
        return path + ("?" + query if query else "")

    def body(self):
        if self.bytes:
            return b"name: x\n"
        if not self.schema:
            return None
        return json.dumps({k: example(s) for k, s in self.schema["properties"].items()
                           if k in self.schema.get("required", [])})

    def headers(self):
        if self.bytes:
            return {"Content-Type": "application/octet-stream"}
        return {"Content-Type": "application/json"} if self.schema else {}

    def __str__(self):
        return f"{self.method} {self.path}"


class Suite:
    """`roles`: account -> rights (control/api/may.h). There are admin, other (an administrator, too) and stale besides.
    state(): what must be the same after everything that was refused."""
    def __init__(self, site, roles):
        self.site, self.roles, self.n, self.wrong = site, roles, 0, []
        self.sessions = {name: site.log_in(name) for name in ("admin", "other", *roles)}
        spec = site.ask("GET", "/api/v1/openapi.json")[2]
        self.all = [Operation(path, method, o) for path, ops in spec["paths"].items() for method, o in ops.items()]

    def expect(self, what, wanted, method, url, body=None, headers=None):
        status, got, answer = self.site.ask(method, url, body, headers)
        self.n += 1
        if status not in wanted:
            self.wrong.append(f"{what}: {method} {url[:80]} answered {status}, not {'/'.join(map(str, wanted))}: {str(answer)[:160]}")
        if status >= 400 and status != 0 and "/api/" in url:
            if not isinstance(answer, dict) or not answer.get("detail"):
                self.wrong.append(f"{what}: {method} {url[:80]}: a refusal without a sentence: {str(answer)[:100]}")
            if status >= 500 and status not in (501, 503):
                self.wrong.append(f"{what}: {method} {url[:80]}: {status} {answer}")
        if status and got.get("X-Content-Type-Options") != "nosniff" and "/api/" in url:
            self.wrong.append(f"{what}: {url[:60]} without its security headers")
        return answer

    # --- who asks ---
    def strangers(self):
        dead = self.site.log_in("other")
        self.site.ask("DELETE", "/api/v1/session", headers=dead)
        expired = self.site.log_in("stale")
        self.site.expire("stale")
        cookies = ({}, {"Cookie": "banken="}, {"Cookie": "banken=" + "A" * 43}, {"Cookie": "banken=" + "A" * 5000},
                   {"Authorization": "Bearer " + "A" * 43}, {"Authorization": "Bearer "}, {"Authorization": "Basic YTpi"},
                   {"Cookie": "banken=' OR 1=1 --"}, dead, expired)
        for o in self.all:
            if o.open:
                continue
            for h in cookies:
                self.expect("stranger", (401,), o.method, o.url(), o.body(), {**o.headers(), **h})

    def forged(self):
        """A browser's session, made to send what its owner did not ask for."""
        admin, other = self.sessions["admin"], self.sessions["other"]
        cookie = {"Cookie": admin["Cookie"]}
        for o in self.all:
            if o.open or not o.changes:
                continue
            for h in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": other["X-CSRF-Token"]}, {"X-CSRF-Token": "A" * 43}):
                self.expect("CSRF", (403,), o.method, o.url(), o.body(), {**o.headers(), **cookie, **h})
            for origin in ("https://evil.example", "null", f"http://127.0.0.1:{self.site.port}.evil.example"):
                self.expect("origin", (403,), o.method, o.url(), o.body(), {**o.headers(), **admin, "Origin": origin})
        self.expect("log-in from elsewhere", (403,), "POST", "/api/v1/session",
                    json.dumps({"name": "admin", "password": PASSWORD}),
                    {"Content-Type": "application/json", "Origin": "https://evil.example"})

    def who_may_not(self):
        for o in self.all:
            for role, rights in self.roles.items():
                if o.may & ~rights:
                    self.expect(f"role {role}", (403,), o.method, o.url(), o.body(), {**o.headers(), **self.sessions[role]})

    # --- what is asked ---
    def bodies(self):
        admin = self.sessions["admin"]
        for o in self.all:
            if not o.schema or o.path.startswith(OWN) and o.method == "DELETE":
                continue
            good = json.loads(o.body())
            first = next(iter(good or o.schema["properties"]))
            cases = [b"", b"{", b"[]", b"null", b"17", b'"x"', b"\xff\xfe{}", b"{}" * 3, b'{"a":' * 5000, b"[" * 60000,
                     json.dumps({**good, "unknown": 1}).encode(), json.dumps({**good, first: None}).encode(),
                     json.dumps({**good, first: {"a": [1]}}).encode(), json.dumps(good)[:-1].encode() + f',"{first}":"twice"}}'.encode(),
                     b'{"%s":"\\u0000"}' % first.encode(), b'{"%s":"\xc3\x28"}' % first.encode()]
            for name, s in o.schema["properties"].items():
                kind = s.get("type")
                cases += [json.dumps({**good, name: v}).encode() for v in (3.5, [], {}) if not (kind == "array" and v == []) and not (kind == "object" and v == {})]
                if kind == "string" and "enum" not in s:
                    cases += [json.dumps({**good, name: v}).encode() for v in ("x" * (s.get("maxLength", 60) + 1), "a\x01b", "a\u0000b")]
                if "enum" in s:
                    cases.append(json.dumps({**good, name: "no such word"}).encode())
                if kind == "integer":
                    cases += [json.dumps({**good, name: v}).encode() for v in (s["minimum"] - 1, s["maximum"] + 1, 1 << 70, "1")]
                if kind == "array":
                    cases.append(json.dumps({**good, name: ["x"] * (s["maxItems"] + 1)}).encode())
            for name in o.schema.get("required", []):
                cases.append(json.dumps({k: v for k, v in good.items() if k != name}).encode())
            for body in cases:
                if body == b"" and not o.schema.get("required"):
                    continue
                self.expect("body", (400, 413), o.method, o.url(), body, {**admin, **o.headers()})
            self.expect("type", (415,), o.method, o.url(), json.dumps(good), {**admin, "Content-Type": "text/plain"})

    def sizes(self):
        admin = self.sessions["admin"]
        for o in self.all:
            if not o.changes or o.open:
                continue
            # An answer before the end of the body may cut the sending short.
            self.expect("oversized", (413, 0), o.method, o.url(), b'{"a":"' + b"x" * (17 << 20 if o.bytes else 200000) + b'"}',
                        {**admin, **(o.headers() or {"Content-Type": "application/json"})})
            status, _, _ = self.site.ask(o.method, o.url(), None, {**admin, "Content-Length": "-5"})
            if status not in (0, 400, 413):
                self.wrong.append(f"length -5: {o} answered {status}")

    def arguments(self):
        admin = self.sessions["admin"]
        bad = ("..%2f..%2fetc%2fpasswd", "%00", "%", "%zz", "%2e%2e", "a" * 3000, "%ff", "%0a", "'%20OR%201=1", "{}", "-1",
               "99999999999999999999", "%E3%81%82" * 100)
        for o in self.all:
            body = b"name: [" if o.bytes else o.body()  # what is odd may be right as a reason: nothing is changed by it
            for p in o.params:
                for text in bad:
                    wanted = (200, 400, 404, 405, 409, 414, 431) if not o.changes else (400, 403, 404, 405, 409, 414, 431)
                    answer = self.expect("argument", wanted, o.method, o.url(**{p["name"]: text}), body, {**admin, **o.headers()})
                    if "root:" in json.dumps(answer, default=str):
                        self.wrong.append(f"{o} gives a file away")
            self.expect("unknown argument", (400,), o.method, o.url() + ("&" if "?" in o.url() else "?") + "surprise=1", o.body(),
                        {**admin, **o.headers()}) if not o.open and not o.path.startswith(OWN) else None

    def ways(self):
        admin = self.sessions["admin"]
        methods = {}
        for o in self.all:
            methods.setdefault(o.path, set()).add(o.method)
        for path, known in methods.items():
            for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - known:
                op = next(o for o in self.all if o.path == path)
                # 400: a word of this path is an argument of another one.
                self.expect("method", (400, 404, 405), method, op.url().split("?")[0], None, admin)
        for path in ("/api/v1/nothing", "/api/v2/status", "/api/v1/", "/api/", "/api/v1/hosts/a/b/c"):
            self.expect("path", (404,), "GET", path, None, admin)
        for path in ("/../../etc/passwd", "/%2e%2e/state/accounts.db", "/accounts.db", "//etc/passwd"):
            status, _, answer = self.site.ask("GET", path)
            if status != 404:
                self.wrong.append(f"{path} answered {status}")

    def brakes(self):
        guesses = [self.site.ask("POST", "/api/v1/session", json.dumps({"name": "viewer", "password": f"guess {i} guess {i}"}),
                                 {"Content-Type": "application/json"}, spread=False)[0] for i in range(8)]
        if 429 not in guesses or guesses[0] != 403:
            self.wrong.append(f"guessing passwords is not slowed down: {guesses}")
        with socket.create_connection(("127.0.0.1", self.site.port), 30, ("127.250.1.1", 0)) as s:
            s.sendall(b"GET /api/v1/nothing HTTP/1.1\r\nHost: x\r\n\r\n" * 700)
            answers, data = b"", b"x"
            while data and answers.count(b"HTTP/1.1 ") < 700:
                data = s.recv(1 << 16)
                answers += data
        if b"HTTP/1.1 429 " not in answers:
            self.wrong.append("an address that asks without end is not slowed down")

    def run(self, *more):
        """`more`: parts that only this program has."""
        admin = self.sessions["admin"]
        before, memory = self.site.state(admin), self.site.memory()
        for part in (self.strangers, self.forged, self.who_may_not, self.bodies, self.sizes, self.arguments, self.ways, *more):
            begin = time.time()
            part()
            after = self.site.state(admin)
            for key in before:
                if after[key] != before[key] and not (key == "tokens" and part in more):
                    self.wrong.append(f"{part.__name__} changed {key}: {str(after[key])[:200]}")
            before = after
            print(f"  {part.__name__}: {self.n} requests so far, {len(self.wrong)} wrong ({time.time() - begin:.1f} s)", flush=True)
            if self.site.process.poll() is not None:
                raise Failed(f"the {self.site.name} is gone")
        self.brakes()
        # Sanitizers keep what was freed for a while.
        if memory < 150 << 20 and self.site.memory() > memory + (96 << 20):
            self.wrong.append(f"memory grew from {memory >> 20} to {self.site.memory() >> 20} MiB")

    def told(self, least):
        for line in self.wrong[:40]:
            print("FAIL ", line)
        print(f"{len(self.all)} routes, {self.n} requests, {len(self.wrong)} answered wrongly")
        return 1 if self.wrong or len(self.all) < least else 0

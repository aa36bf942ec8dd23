"""A real banken-centre with made-up customers whose every text is known: each table of its store is filled by what the
table itself says of its columns, so that a table or column which comes later is filled, too, or the test stops."""
import hashlib
import json
import random
import re
import sqlite3
import time

from hostile import BUILD, PASSWORD, Program

ROLES = ("viewer", "approver", "administrator")
VENDOR = ("vendor-operator", "vendor-analyst", "vendor-administrator")
DAY = 86400 * 10**9
# Rows that are nobody's: the vendor's own, or the program's.
NOBODYS = {"sqlite_sequence", "sqlite_stat1", "gone", "link_seen", "threats", "schema_version"}
# Values that the program reads as words, numbers or JSON.
FIXED = {("peers", "role"): None, ("customers", "zone"): "Asia/Tokyo", ("customers", "language"): "ja",
         ("emergencies", "kind"): "incident", ("recipients", "kind"): "mail", ("recipients", "language"): "ja",
         ("quarantines", "state"): "held", ("quarantines", "action"): "quarantine", ("quarantines", "cause"): "threat",
         ("incidents", "state"): "open", ("report_runs", "kind"): "daily", ("report_runs", "state"): "ready",
         ("report_runs", "zone"): "Asia/Tokyo", ("report_mails", "kind"): "daily", ("report_mails", "language"): "ja",
         ("report_recipients", "language"): "ja", ("records", "type"): "flow"}
LISTS = {"problems", "span", "tactics", "techniques", "reasons", "handling", "handling_ja", "affected", "linked"}
# Columns that name the customer, the site or one of the site's machines by the owner's own names.
OWNER = {"customer": "customer", "site": "site", "sensor": "sensor", "mitigator": "mitigator"}


class Customer:
    """Its id, sites, machines, and the words that nobody else may ever read."""
    def __init__(self, rng, number):
        self.id = f"c{number}{rng.randrange(16**6):06x}"
        self.number, self.rng, self.canaries, self.ids = number, rng, set(), {}
        self.sites = [self.word("site") for _ in range(rng.randint(1, 3))]
        self.name = self.word("name")

    def word(self, what):
        """A word that stands for this customer alone."""
        text = f"zq{self.number}x{hashlib.sha256(f'{self.id}{what}{len(self.canaries)}'.encode()).hexdigest()[:14]}"
        self.canaries.add(text)
        return text


class World(Program):
    name, binary = "centre", BUILD / "control/centre/banken-centre"

    def __init__(self, seed, customers=3, fill=True):
        super().__init__()
        self.rng = random.Random(seed)
        self.customers = [Customer(self.rng, i) for i in range(customers)]
        self.start()
        for c in self.customers:
            self.run("centre", "customer", "add", c.id, c.name, "--zone", "Asia/Tokyo", "--language", "ja")
            for site in c.sites:
                self.run("centre", "site", "give", site, c.id)
            for role in ROLES:
                self.account(f"{role}@{c.id}", role, c.id)
        for role in VENDOR:
            self.account(role, role)
        self.stop()
        if fill:
            self.fill()
        self.start()

    def settings(self):
        return f"report-folder: {self.folder}/reports\nsilent-minutes: 0\nemergencies: false\n"

    def account(self, name, role, customer=None):
        self.run("centre", "account", "add", name, "--role", role, *(("--customer", customer) if customer else ()),
                 given=PASSWORD + "\n")

    # --- the store ---
    def fill(self):
        db = sqlite3.connect(self.folder / "state/centre.db")
        tables = [r[0] for r in db.execute("SELECT name FROM sqlite_master WHERE type='table' ORDER BY name")]
        self.tables = [t for t in tables if t not in NOBODYS and t not in ("customers", "sites")]
        for c in self.customers:
            for site in c.sites:
                sensor, mitigator = c.word("sensor"), c.word("mitigator")
                where = {"customer": c.id, "site": site, "sensor": sensor, "mitigator": mitigator}
                for name, role in ((sensor, "sensor"), (mitigator, "mitigator")):
                    db.execute("INSERT INTO peers VALUES(?,?,?,1,?,?)", (name, role, site, time.time_ns(), time.time_ns()))
                for table in self.tables:
                    if table != "peers":
                        for _ in range(self.rng.randint(2, 5)):
                            self.row(db, c, table, where)
        # The same host and the same rule at everybody's: what joins by them must not join across.
        db.commit()
        db.close()

    def row(self, db, c, table, where):
        """One row of a table; what it says of its columns decides what goes in."""
        names, values = [], []
        for _, name, kind, _, default, key in db.execute(f"PRAGMA table_info({table})"):
            if kind == "INTEGER" and key and name == "id":
                continue  # numbered by the database
            names.append(name)
            values.append(self.value(db, c, table, name, kind or "TEXT", where))
        cursor = db.execute(f"INSERT OR IGNORE INTO {table}({','.join(names)}) VALUES({','.join('?' * len(names))})", values)
        row = dict(zip(names, values))
        if "id" not in row:
            row["id"] = cursor.lastrowid
        c.ids.setdefault(table, []).append(row)

    def value(self, db, c, table, name, kind, where):
        if name in OWNER:
            return where[OWNER[name]]
        if (table, name) in FIXED:
            return FIXED[table, name]
        if kind in ("INTEGER", "BIGINT"):
            return self.number(db, c, table, name)
        if kind == "REAL":
            return 0.9
        if kind == "BLOB":
            return json.dumps({"x": c.word(name)}).encode()
        if name in LISTS or name.endswith("_json"):
            return json.dumps([c.word(name)])
        if name == "steps":
            return json.dumps([{"time": time.time_ns(), "last": time.time_ns(), "text": c.word(name), "text_ja": c.word(name)}])
        if name in ("ip", "peer_ip"):
            return self.rng.choice(("10.1.1.1", "10.1.1.2"))
        if name == "mac":
            return "02:00:00:00:00:01"
        if name == "incident" and c.ids.get("incidents"):
            return self.rng.choice(c.ids["incidents"])["id"]
        if name == "host_id" and c.ids.get("hosts"):
            return self.rng.choice(c.ids["hosts"])["id"]
        if name == "command" or name == "incident":
            return c.word(name)
        if name == "address" and table in ("recipients", "report_recipients", "report_mails"):
            return c.word(name) + "@example.jp"
        return c.word(name)

    def number(self, db, c, table, name):
        now = time.time_ns()
        if name in ("closed", "released", "acknowledged", "sent", "flying", "merged"):
            return 0
        if name == "slot":
            return now // (900 * 10**9) - self.rng.randint(0, 90)
        if name == "threat":
            return db.execute("INSERT INTO threats(gid, sid, msg, category, severity, tactic, technique) VALUES(1,?,?,?,1,"
                              "'TA0001','T1000') RETURNING id", (self.rng.randint(1, 10**9), c.word("msg"), c.word("category"))).fetchone()[0]
        if name in ("rx", "lost", "processed", "rules", "up_s", "tries", "alerts"):
            return self.rng.randint(0, 900)
        if name == "level":
            return 4
        if name in ("severity", "gid", "sid", "tier", "up", "alive", "protected", "version", "wave", "n"):
            return 1 if name != "n" else self.rng.randint(1, 10**9)
        if name == "emergency" and c.ids.get("emergencies"):
            return self.rng.choice(c.ids["emergencies"])["id"]
        if name == "recipient" and c.ids.get("recipients"):
            return self.rng.choice(c.ids["recipients"])["id"]
        if name in ("month", "period"):
            return month_start(now)
        if name in ("next", "due"):
            return now + 365 * DAY  # nothing is to be sent
        return now - self.rng.randint(0, 3 * DAY)

    def state(self, session):
        """What must be the same after everything that was refused."""
        emergencies = self.ask("GET", "/api/v1/emergencies", headers=session)[2]["emergencies"]
        return {"emergencies": [e for e in emergencies if e["kind"] == "incident"]} | {  # others come by themselves
            path: self.ask("GET", "/api/v1/" + path, headers=session)[2] for path in
                ("customers", "sites", "incidents", "recipients", "accounts", "tokens", "orders", "mandates",
                 f"advisories?month={time.strftime('%Y-%m', time.gmtime(time.time() + 9 * 3600))}")}


def month_start(ns):
    """First midnight of the month in Tokyo."""
    t = time.gmtime(ns // 10**9 + 9 * 3600)
    return (int(time.mktime((t.tm_year, t.tm_mon, 1, 0, 0, 0, 0, 0, 0))) - time.timezone - 9 * 3600) * 10**9


def words_in(data):
    """The customers' words in any bytes."""
    return set(re.findall(rb"zq\d+x[0-9a-f]{14}", data)) if isinstance(data, bytes) else set()

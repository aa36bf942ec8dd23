#!/usr/bin/env python3
"""A switch without frames for snmpd (pass_persist): as board/lab/switch_mib.py, but its ports, who is behind them and their
VLANs are in files, so that a thousand ports need no thousand interfaces.

usage in snmpd.conf, once for each of the three: pass_persist OID /path/switch_stack.py FOLDER
OID: .1.3.6.1.2.1.17, .1.3.6.1.2.1.31.1.1.1.1 (ifName), .1.3.6.1.2.1.2.2.1.7 (ifAdminStatus)
FOLDER/hosts: a MAC a line, each behind a port of its own; FOLDER/tags: JSON, port to VLAN, written here."""
import json
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(pathlib.Path(os.environ.get("BANKEN_ROOT", HERE.parents[1])) / "board/lab"))

import switch_mib  # noqa: E402

IF_NAME, ADMIN, UP = (1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 1), (1, 3, 6, 1, 2, 1, 2, 2, 1, 7), 1
USERS = 10


class Stack(switch_mib.Switch):
    def __init__(self, folder):
        super().__init__("", "", "", folder)
        macs = (self.folder / "hosts").read_text().split()
        self.ports = {f"1/0/{i}": i for i in range(1, len(macs) + 1)}
        self.tags = dict.fromkeys(self.ports, USERS)
        self.macs = [tuple(int(b, 16) for b in m.split(":")) for m in macs]

    def look(self):
        path = self.folder / "tags"
        if path.exists():
            self.tags = json.loads(path.read_text())
        self.fdb = [(i, self.tags[f"1/0/{i}"], mac) for i, mac in enumerate(self.macs, 1)]

    def index_of(self, name):
        return 10000 + self.ports[name]

    def build(self):
        rows = super().build()
        for name in self.ports:
            rows[IF_NAME + (self.index_of(name),)] = ("string", name)
            rows[ADMIN + (self.index_of(name),)] = ("integer", UP)
        return rows

    def move(self, port, vlan):
        self.tags[port] = vlan
        aside = self.folder / "tags.new"
        aside.write_text(json.dumps(self.tags))
        aside.replace(self.folder / "tags")


if __name__ == "__main__":
    switch_mib.serve(Stack(sys.argv[1]))

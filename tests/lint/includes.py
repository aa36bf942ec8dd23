#!/usr/bin/env python3
"""Includes point upstream only: each folder may include what this table allows, nothing else.

A folder stands for all its subfolders unless a longer entry names them.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()

# folder -> folders whose headers it may include (itself is always allowed).
ALLOWED = {
    "dataplane/base": [],
    "dataplane/api": ["dataplane/base"],
    "dataplane/decode": ["dataplane/base"],
    "dataplane/flow": ["dataplane/base"],
    "dataplane/stream": ["dataplane/base", "dataplane/flow"],
    # The framework's own files; a protocol folder sees less (below).
    "dataplane/app": ["dataplane/base", "dataplane/api/record.h", "dataplane/flow",
                      "dataplane/stream", "dataplane/files"],
    "dataplane/app/*": ["dataplane/base", "dataplane/api/record.h", "dataplane/app/parser.h",
                        "dataplane/app/file.h", "dataplane/app/text"],
    # It is what its neighbour announced.
    "dataplane/app/ftp_data": ["dataplane/base", "dataplane/api/record.h",
                               "dataplane/app/parser.h", "dataplane/app/file.h",
                               "dataplane/app/text", "dataplane/app/ftp"],
    # On remote procedure calls.
    "dataplane/app/nfs": ["dataplane/base", "dataplane/api/record.h", "dataplane/app/parser.h",
                          "dataplane/app/file.h", "dataplane/app/text", "dataplane/app/rpc"],
    # Mails are read by the reader that SMTP has.
    "dataplane/app/pop3": ["dataplane/base", "dataplane/api/record.h", "dataplane/app/parser.h",
                           "dataplane/app/text", "dataplane/app/smtp/mime.h"],
    "dataplane/app/imap": ["dataplane/base", "dataplane/api/record.h", "dataplane/app/parser.h",
                           "dataplane/app/text", "dataplane/app/smtp/mime.h"],
    # Names are DNS messages, DTLS has the hellos of TLS, LDAP is LDAP over UDP too.
    "dataplane/app/local": ["dataplane/base", "dataplane/api/record.h", "dataplane/app/text",
                            "dataplane/app/dns/message.h", "dataplane/app/tls/hello.h",
                            "dataplane/app/ldap/message.h"],
    # Who binds.
    "dataplane/app/ldap": ["dataplane/base", "dataplane/api/record.h", "dataplane/app/parser.h",
                           "dataplane/app/text", "dataplane/app/ntlmssp"],
    # TLS inside: hellos and their fingerprints.
    "dataplane/app/quic": ["dataplane/base", "dataplane/api/record.h", "dataplane/app/parser.h",
                           "dataplane/app/text", "dataplane/app/tls/hello.h"],
    # Calls inside of pipes, identities inside of session set-ups.
    "dataplane/app/smb": ["dataplane/base", "dataplane/api/record.h", "dataplane/app/parser.h",
                          "dataplane/app/file.h", "dataplane/app/text", "dataplane/app/dcerpc",
                          "dataplane/app/krb5", "dataplane/app/ntlmssp"],
    "dataplane/files": ["dataplane/base", "dataplane/api/record.h", "dataplane/app"],
    "signatures/lang": ["dataplane/base"],
    "signatures/plan": ["dataplane/base", "dataplane/app", "signatures/lang"],
    "signatures/bundle": ["dataplane/base", "signatures/lang", "signatures/lists", "control/wire"],
    "signatures/lists": ["dataplane/base"],
    "dataplane/detect": ["dataplane/base", "dataplane/decode/events.h", "dataplane/decode/checksum.h", "dataplane/flow",
                         "dataplane/stream", "dataplane/app", "dataplane/files", "signatures/lang",
                         "signatures/plan"],
    "dataplane/detect/inspect": ["dataplane/base", "dataplane/flow", "dataplane/stream",
                                 "dataplane/app", "signatures/lang"],
    "dataplane/behave": ["dataplane/base", "dataplane/api"],
    "dataplane/evidence": ["dataplane/base", "dataplane/api", "dataplane/files"],
    "dataplane/event": ["dataplane/base", "dataplane/api", "dataplane/decode/events.h", "dataplane/decode/lldp.h",
                        "dataplane/stream/events.h", "dataplane/stream/stream.h",
                        "dataplane/flow", "dataplane/app", "dataplane/detect", "signatures/lang"],
    "dataplane/rx": ["dataplane/base"],
    "dataplane/respond": ["dataplane/base"],
    "dataplane/worker": ["dataplane", "signatures/lang", "signatures/lists"],
    "control/helper": ["dataplane/base"],
    "control/wire": ["dataplane/base"],
    # HTTP for those programs that have pages.
    "control/api": ["dataplane/base", "control/wire"],
    "control/sensor": ["dataplane/base", "dataplane/api", "dataplane/behave", "control/wire",
                       "control/helper",
                       # Pieces that a person asks for.
                       "dataplane/evidence/chain.h",
                       # Kept records are compared with known-bad lists.
                       "signatures/lists", "signatures/bundle"],
    "control/mitigator": ["dataplane/base", "control/wire", "control/helper", "control/api",
                          # The day so far, while the centre is away.
                          "control/report"],
    "control/enforcer": ["dataplane/base", "control/wire", "control/helper"],
    "control/report": ["dataplane/base", "control/wire"],
    "control/centre": ["dataplane/base", "dataplane/evidence/chain.h", "signatures/bundle", "control/wire", "control/helper", "control/report",
                       "control/api"],
    # Policies are tried without a mitigator, too.
    "control/cli": ["dataplane/base", "dataplane/evidence/chain.h", "control/wire", "control/helper", "control/report", "signatures/lists", "signatures/bundle", "signatures/lang",
                    "control/mitigator/policy", "control/mitigator/csv",
                    # A replayed capture goes through what the mitigator does with alerts.
                    "control/sensor/eve_alert.h", "control/sensor/host",
                    "control/mitigator/host", "control/mitigator/incident",
                    "control/mitigator/undo"],
    "tests": ["dataplane", "signatures", "control", "tests"],
}
# Headers of libraries that only these folders may see.
LIBRARIES = {
    r"rte_\w+\.h": ["dataplane/rx", "dataplane/worker", "dataplane/respond"],
    r".*\.pb-c\.h": ["control/wire"],
}
TEST = re.compile(r"_test\.h$|_(test|fuzz)\.c$|/testdir\.h$|/harness\.[ch]$|_dump\.c$")
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')


def allowed_for(folder):
    parts = folder.split("/")
    for n in range(len(parts), 0, -1):
        key = "/".join(parts[:n])
        if key in ALLOWED:
            return ALLOWED[key], key
        star = "/".join(parts[: n - 1]) + "/*"
        if n > 1 and star in ALLOWED:
            return ALLOWED[star], key
    return None, folder


def is_inside(path, folder):
    return path == folder or path.startswith(folder + "/")


def check(path):
    rel = path.relative_to(ROOT).as_posix()
    folder = rel.rsplit("/", 1)[0]
    allow, own = allowed_for(folder)
    if allow is None:
        return [f"{rel}: folder {folder} is not in the table of tests/lint/includes.py"]
    problems = []
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        found = INCLUDE.match(line)
        if not found:
            continue
        name = found.group(2)
        for pattern, folders in LIBRARIES.items():
            if re.fullmatch(pattern, name.split("/")[-1]) and not any(
                    is_inside(folder, f) for f in folders):
                problems.append(f"{rel}:{number}: {name} is only for {', '.join(folders)}")
        if found.group(1) == "<" or name.endswith(".pb-c.h"):
            continue
        if "/" not in name:
            problems.append(f"{rel}:{number}: write the path from the root: {name}")
            continue
        target = name.rsplit("/", 1)[0]
        if is_inside(target, own) or TEST.search("/" + rel):
            continue
        if not any(is_inside(name, a) for a in allow):
            problems.append(f"{rel}:{number}: {folder} may not include {name}")
    return problems


def main():
    problems = []
    files = [p for top in ("dataplane", "signatures", "control")
             for p in sorted((ROOT / top).rglob("*.[ch]"))]
    for path in files:
        problems += check(path)
    for line in problems:
        print(line)
    print(f"{len(files)} files, {len(problems)} includes against the direction")
    return 1 if problems or not files else 0


sys.exit(main())

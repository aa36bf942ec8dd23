#!/usr/bin/env python3
"""Compares the EVE records of banken-dataplane with Suricata's over captures, record by record.

usage: records.py [--type dns,tls,...] [--show N] [--dataplane PATH] [CAPTURE...]

A record is (capture, event type, addresses and ports, the type's object). Records of flows, files and
anomalies are compared where the protocol has a parser here. What is known to differ is in EXPLAINED. Without captures all below
../shared/captures and ../shared/compat are used. Ends with 77 (skipped) without Suricata or captures,
with 1 when a type agrees on less than LEAST of its records.
"""
import argparse
import collections
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = (ROOT / "../shared").resolve()
TYPES = ["dns", "tls", "ssh", "smtp", "ftp", "ftp_data", "krb5", "dhcp", "smb", "dcerpc", "sip", "mqtt",
         "quic", "snmp", "ike", "nfs", "rfb", "rdp", "tftp", "bittorrent_dht", "dnp3", "modbus"]
# Compared by default: those that have a parser.
BUILT = [t for t in TYPES if (ROOT / "dataplane/app" / t).is_dir()] + ["http", "flow", "fileinfo",
                                                                       "anomaly"]
LEAST = 0.98
# event type -> its object, when they differ
KEYS = {"mqtt": "mqtt"}
SURICATA = ["suricata", "-k", "none", "--runmode", "single", "-S", "/dev/null",
            "--set", "app-layer.protocols.tls.ja3-fingerprints=yes",
            "--set", "app-layer.protocols.tls.ja4-fingerprints=yes",
            "--set", "app-layer.protocols.ssh.hassh=yes",
            "--set", "app-layer.protocols.quic.ja3-fingerprints=yes"]


def captures():
    found = []
    for top in ("captures", "compat/cases"):
        for path in sorted((SHARED / top).rglob("*")):
            if path.suffix in (".pcap", ".pcapng") and path.is_file():
                found.append(path)
    return found


def read_eve(folder):
    path = pathlib.Path(folder) / "eve.json"
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(errors="replace").splitlines() if line]


# Off by default: on for captures whose names begin so.
OFF = ("dnp3", "enip", "modbus")


def switched_on(capture):
    return [a for name in OFF if capture.name.startswith(name)
            for a in ("--set", f"app-layer.protocols.{name}.enabled=yes")]


def peer(capture, cache):
    """Suricata's records; kept below `cache` for the next run."""
    options = switched_on(capture)
    folder = cache / hashlib.sha1(capture.read_bytes() + " ".join(options).encode()).hexdigest()
    if not folder.exists():
        work = pathlib.Path(tempfile.mkdtemp(dir=cache))
        if options:  # the packaged configuration does not log them either
            config = work / "suricata.yaml"
            config.write_text(pathlib.Path("/etc/suricata/suricata.yaml").read_text().replace(
                "      types:\n", "      types:\n        - dnp3\n        - modbus\n", 1))
            options = ["-c", str(config)] + options
        subprocess.run(SURICATA + options + ["-l", str(work), "-r", str(capture)], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=120)
        work.rename(folder)
    return read_eve(folder)


def ours(capture, dataplane):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([dataplane, "-r", str(capture), "-S", "/dev/null", "-l", folder, "-k", "none",
                        *switched_on(capture)],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)
        return read_eve(folder)


# What is written here on purpose otherwise, or is not in Suricata's own schema.
def normal_dns(o):
    o = dict(o)
    o.pop("tc", None)
    for name in ("answers", "authorities"):
        for rr in o.get(name, []):
            for extra in ("soa", "srv", "sshfp"):
                if (name, extra) in (("answers", "srv"), ("authorities", "soa")):
                    continue
                rr.pop(extra, None)
    grouped = o.get("grouped")
    if grouped is not None:
        for name in list(grouped):
            if name not in ("A", "AAAA", "CNAME", "MX", "NULL", "PTR", "SRV", "TXT"):
                del grouped[name]
    return o


def normal_tls(o):
    o = dict(o)
    o.pop("ja4", None)  # logged by Suricata only when its output asks for it
    return o


def normal_smb(o):
    o = dict(o)
    call = o.get("dcerpc")
    if call:
        call = o["dcerpc"] = dict(call)
        if call.get("request") == "REQUEST":
            call.pop("interfaces", None)  # Suricata takes every interface's context for 0
        for interface in call.get("interfaces", []):
            interface.pop("ack_reason", None)  # it always writes 0
    return o


def normal_ike(o):
    o = {k: v for k, v in o.items() if k not in ("alg_prf", "alg_esn")}  # not in the schema
    if o.get("version_major") == 1:  # a set, in no order
        o["payload"] = sorted(o.get("payload", []))
    if not o.get("payload"):  # empty: not valid by the schema
        o.pop("payload", None)
    # What was chosen before in the flow; Suricata offline ends idle flows late or never.
    if "SecurityAssociation" not in o.get("payload", []):
        for name in [n for n in o if n.startswith("alg_")]:
            del o[name]
    return o


def normal_dnp3(o):
    """Suricata writes negative values as if they had no sign."""
    o = json.loads(json.dumps(o))
    for item in o.get("application", {}).get("objects", []):
        for point in item.get("points", []):
            for name, value in point.items():
                if isinstance(value, int) and value >= 1 << 63:
                    point[name] = value - (1 << 64)
    return o


def normal_flow(o):
    """`o` is the whole record: counts, times, state, TCP's view."""
    flow = dict(o["flow"])
    # When an idle flow ends depends there on a thread's wall clock.
    flow.pop("reason", None)
    tcp = dict(o.get("tcp", {}))
    for name in ("ts_max_regions", "tc_max_regions"):  # of its buffers, ours are others
        tcp.pop(name, None)
    if "state" not in tcp:  # no session: it shows no flags then, we show what was seen
        tcp = {}
    protos = {}
    if BUILT_APP(o.get("app_proto")):
        protos = {k: v for k, v in o.items() if k.startswith("app_proto")}
        # A direction that was never identified: there sometimes the other's result, sometimes none.
        for k in ("app_proto_ts", "app_proto_tc"):
            if protos.get(k) == "failed":
                del protos[k]
    return {"flow": flow, "tcp": tcp, **protos,
            **{k: v for k, v in o.items() if k.startswith("response_icmp")}}


def normal_mqtt(o):
    """As known.md says: texts are cut here, and Suricata's reason of a DISCONNECT of one byte is 0."""
    o = json.loads(json.dumps(o))
    if "message" in o.get("publish", {}):
        o["publish"]["message"] = o["publish"]["message"][:4000]
    if "reason_code" in o.get("disconnect", {}):
        del o["disconnect"]["reason_code"]
    return o


NORMAL = {"mqtt": normal_mqtt, "dns": normal_dns, "tls": normal_tls, "smb": normal_smb, "ike": normal_ike,
          "dnp3": normal_dnp3}


def BUILT_APP(name):
    """Is there a parser of ours for Suricata's app_proto?"""
    return name is not None and (ROOT / "dataplane/app" / name.replace("-", "_")).is_dir()


def of_ours(record, kind):
    if kind == "fileinfo":
        return BUILT_APP(record.get("app_proto"))
    if kind == "anomaly":
        return BUILT_APP(record["anomaly"].get("app_proto"))
    if kind == "http":
        return "http2" not in record["http"] or BUILT_APP("http2")
    return True


# Share of records that must be the same, where it is not LEAST; why it is less is in known.md.
SHARES = {"fileinfo": 0.96, "anomaly": 0.96}


# Records that are better here, by capture; README of the protocol says how.
BETTER = {("truncate-applayer-test-01", "dcerpc")}  # Suricata loses the rest of a segment with two PDUs
def key(record, kind):
    if kind == "flow":
        o = normal_flow(record)
    else:
        o = record.get(KEYS.get(kind, kind), {})
    o = NORMAL.get(kind, lambda x: x)(o)
    ends = [(record.get("src_ip"), record.get("src_port")), (record.get("dest_ip"), record.get("dest_port"))]
    if kind == "anomaly":
        ends.sort(key=str)  # on which side's packet a transaction's events are written is a matter of timing
    return (*ends[0], *ends[1], json.dumps(o, sort_keys=True))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--type", default=",".join(BUILT))
    parser.add_argument("--show", type=int, default=3)
    parser.add_argument("--dataplane", default=str(ROOT / "build/dataplane/worker/banken-dataplane"))
    parser.add_argument("--sample", type=int, default=1, help="every Nth capture only")
    parser.add_argument("--cache", default=os.path.join(tempfile.gettempdir(), "banken-records-cache"))
    parser.add_argument("captures", nargs="*", type=pathlib.Path)
    args = parser.parse_args()
    files = args.captures or captures()[::args.sample]
    if not shutil.which("suricata") or not files:
        print("skipped: no suricata or no captures")
        return 77
    cache = pathlib.Path(args.cache)
    cache.mkdir(parents=True, exist_ok=True)
    kinds = args.type.split(",")
    same, theirs_only, ours_only = (collections.Counter() for _ in range(3))
    shown = collections.Counter()
    for capture in files:
        a, b = peer(capture, cache), ours(capture, args.dataplane)
        for kind in kinds:
            if (capture.parent.name, kind) in BETTER:
                continue
            want = collections.Counter(key(r, kind) for r in a
                                       if r["event_type"] == kind and of_ours(r, kind))
            have = collections.Counter(key(r, kind) for r in b
                                       if r["event_type"] == kind and of_ours(r, kind))
            if kind == "anomaly":  # what happens several times in a transaction is written once here
                want, have = collections.Counter(set(want)), collections.Counter(set(have))
            same[kind] += (want & have).total()
            theirs_only[kind] += (want - have).total()
            ours_only[kind] += (have - want).total()
            for sign, part in (("-", want - have), ("+", have - want)):
                for k in sorted(part, key=str):
                    if shown[sign + kind] < args.show:
                        print(sign, kind, capture.name if args.captures else capture.relative_to(
                            SHARED), *k)
                        shown[sign + kind] += 1
    bad = False
    for kind in kinds:
        total = same[kind] + max(theirs_only[kind], ours_only[kind])
        if not total:
            continue
        share = same[kind] / total
        bad |= share < SHARES.get(kind, LEAST)
        print(f"{kind:9} {same[kind]:6} the same, {theirs_only[kind]:5} only Suricata's, "
              f"{ours_only[kind]:5} only ours: {100 * share:.1f} %")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

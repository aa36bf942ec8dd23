#!/usr/bin/env python3
"""The authenticator's hand at the switch: puts an Open vSwitch port into the VLAN of the Access-Accept.

hostapd (driver=wired) speaks 802.1X with the host and RADIUS with the server, and knows no VLANs on a
wired port. This program stands between: it relays hostapd's RADIUS packets unchanged, so that every
authenticator stays valid, and reads from each Access-Accept the VLAN for the MAC of its request
(Tunnel-Private-Group-Id, RFC 3580). hostapd checks the Accept; only when it then says on its control
socket that the host is authenticated does the port get that VLAN. When it says that the session is
over (a Disconnect-Request by RFC 5176 among others) the port falls at once into the VLAN of nobody,
and the link goes down for a moment so that the host authenticates anew.

usage: port_vlans.py --control FOLDER --port NAME --db DB [--relay HOST:PORT --server HOST:PORT]
                     [--nobody 4090] [--link-down 0.2]"""
import argparse
import os
import select
import socket
import subprocess
import sys
import tempfile
import time

REQUEST, ACCEPT = 1, 2
CALLING_STATION_ID, TUNNEL_PRIVATE_GROUP_ID = 31, 81
KEPT = 1024  # requests whose answer is awaited


def say(*words):
    print(f"{time.time():.3f}", *words, flush=True)


def attributes(packet):
    """(type, value) of each; stops where the packet is malformed."""
    at, end = 20, min(len(packet), int.from_bytes(packet[2:4], "big"))
    while at + 2 <= end and packet[at + 1] >= 2 and at + packet[at + 1] <= end:
        yield packet[at], packet[at + 2:at + packet[at + 1]]
        at += packet[at + 1]


def plain(mac):
    return "".join(c for c in mac.lower() if c in "0123456789abcdef")


class Relay:
    """Between hostapd and the server, in both directions."""

    def __init__(self, listen, server):
        self.near = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.near.bind(listen)
        self.far = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.far.connect(server)
        self.asked, self.vlans = {}, {}

    def request(self):
        packet, who = self.near.recvfrom(4096)
        if len(packet) < 20:
            return
        if packet[0] == REQUEST:
            mac = next((plain(v.decode(errors="replace")) for t, v in attributes(packet)
                        if t == CALLING_STATION_ID), "")
            if len(self.asked) >= KEPT:
                self.asked.clear()
            self.asked[packet[1]] = (who, mac)
        try:
            self.far.send(packet)
        except OSError:
            pass

    def answer(self):
        try:
            packet = self.far.recv(4096)
        except OSError:
            return
        if len(packet) < 20 or packet[1] not in self.asked:
            return
        who, mac = self.asked[packet[1]]
        if packet[0] == ACCEPT and mac:
            self.vlans[mac] = next((self.vlan(v) for t, v in attributes(packet)
                                    if t == TUNNEL_PRIVATE_GROUP_ID), 0)
        self.near.sendto(packet, who)

    @staticmethod
    def vlan(value):
        text = value.lstrip(bytes(range(0x20))).decode(errors="replace")  # a tag may stand in front
        return int(text) if text.isdigit() and 1 <= int(text) <= 4094 else 0


class Control:
    """hostapd's control socket of the port."""

    def __init__(self, folder, port):
        self.own = tempfile.mktemp(prefix="port-vlans-")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.own)
        self.socket.connect(f"{folder}/{port}")
        self.socket.send(b"ATTACH")

    def event(self):
        words = self.socket.recv(4096).decode(errors="replace").lstrip("<0123456789>").split()
        return words + [""] * (2 - len(words))

    def close(self):
        os.unlink(self.own)


class Port:
    def __init__(self, opts):
        self.opts = opts

    def move(self, vlan, why):
        subprocess.run(["ovs-vsctl", "--timeout=5", f"--db={self.opts.db}", "set", "Port", self.opts.port,
                        f"tag={vlan}"], check=True, capture_output=True)
        say("vlan", vlan, why)

    def bounce(self):
        for word in ("down", "up"):
            subprocess.run(["ip", "link", "set", self.opts.port, word], check=True)
            time.sleep(self.opts.link_down if word == "down" else 0)


def serve(opts):
    relay, port = Relay(opts.relay, opts.server), Port(opts)
    control = Control(opts.control, opts.port)
    port.move(opts.nobody, "nobody is authenticated")
    say("ready")
    try:
        while True:
            ready, _, _ = select.select([relay.near, relay.far, control.socket], [], [])
            if relay.near in ready:
                relay.request()
            if relay.far in ready:
                relay.answer()
            if control.socket not in ready:
                continue
            word, mac = control.event()[:2]
            if word in ("AP-STA-CONNECTED", "CTRL-EVENT-EAP-SUCCESS", "CTRL-EVENT-EAP-SUCCESS2"):
                vlan = relay.vlans.get(plain(mac), 0)
                port.move(vlan or opts.nobody, f"Access-Accept for {mac}")
            elif word in ("AP-STA-DISCONNECTED", "CTRL-EVENT-EAP-FAILURE", "CTRL-EVENT-EAP-FAILURE2"):
                port.move(opts.nobody, f"the session of {mac} is over")
                port.bounce()
    finally:
        control.close()


def address(text):
    host, _, port = text.rpartition(":")
    return host, int(port)


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--control", required=True)
    words.add_argument("--port", required=True)
    words.add_argument("--db", required=True)
    words.add_argument("--relay", type=address, default=("127.0.0.1", 18120))
    words.add_argument("--server", type=address, default=("127.0.0.1", 1812))
    words.add_argument("--nobody", type=int, default=4090)
    words.add_argument("--link-down", type=float, default=0.2)
    serve(words.parse_args())


if __name__ == "__main__":
    sys.exit(main())

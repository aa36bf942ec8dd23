"""Traffic for the quarantine tests, run inside namespaces: python3 traffic.py PART ARGUMENTS.

Every line printed is "TIME ok" or "TIME fail": one exchange with a peer."""
import socket
import sys
import threading
import time

EVERY = 0.05


def say(word):
    # One write: two would be seen as half a line.
    sys.stdout.write(f"{time.time():.6f} {word}\n")
    sys.stdout.flush()


def echo(connection):
    with connection:
        while True:
            try:
                data = connection.recv(4096)
                if not data:
                    return
                connection.sendall(data)
            except OSError:
                return


def server(port):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("0.0.0.0", int(port)))
    s.listen(64)
    while True:
        connection, _ = s.accept()
        threading.Thread(target=echo, args=(connection,), daemon=True).start()


def exchange(s, n):
    line = f"line {n}\n".encode()
    s.sendall(line)
    got = b""
    while not got.endswith(b"\n"):
        more = s.recv(4096)
        if not more:
            raise OSError("closed")
        got += more


def session(address, port):
    """One connection for as long as it lives: what is established must die with the cut."""
    s = socket.create_connection((address, int(port)), 2)
    s.settimeout(0.4)
    n = 0
    while True:
        n += 1
        try:
            exchange(s, n)
            say("ok")
        except socket.timeout:
            say("fail")
        except OSError:
            say("dead")
            return
        time.sleep(EVERY)


def tries(address, port):
    """A new connection each time."""
    while True:
        try:
            with socket.create_connection((address, int(port)), 0.4) as s:
                s.settimeout(0.4)
                exchange(s, 0)
            say("ok")
        except OSError:
            say("fail")
        time.sleep(EVERY)


def evil(address, port):
    """What the site's rule looks for, once, on a connection of its own."""
    with socket.create_connection((address, int(port)), 2) as s:
        s.sendall(b"banken smoke evil\n")
        say("ok")
        time.sleep(0.05)


if __name__ == "__main__":
    {"server": server, "session": session, "tries": tries, "evil": evil}[sys.argv[1]](*sys.argv[2:])

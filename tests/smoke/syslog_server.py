"""A syslog receiver for tests (RFC 5425: TLS, octet counting): python3 syslog_server.py ADDRESS PORT CERT KEY.

Each message on a line; a line that begins with MALFORMED when the counts are not right."""
import socket
import ssl
import sys
import threading


def serve(peer):
    data = b""
    try:
        while piece := peer.recv(65536):
            data += piece
            while b" " in data[:8]:
                size, rest = data.split(b" ", 1)
                if not size.isdigit():
                    print("MALFORMED", data[:80], flush=True)
                    return
                if len(rest) < int(size):
                    break
                print(rest[:int(size)].decode(), flush=True)
                data = rest[int(size):]
    except OSError:
        pass


def main(address, port, certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = context.wrap_socket(socket.create_server((address, int(port))), server_side=True)
    while True:
        try:
            peer, _ = listener.accept()
            threading.Thread(target=serve, args=(peer,), daemon=True).start()
        except OSError:
            pass


main(*sys.argv[1:])

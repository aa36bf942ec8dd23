"""Real servers of the site, each with no more settings than it needs."""
import os
import pathlib
import subprocess
import sys

from tools_site import DC, LAN, OUT, PC, need, run

# A log-in page and a few files, for what a file server alone does not do.
PAGES = r"""
import http.server, sys, urllib.parse
class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def say(self, status, body=b"", **more):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for k, v in more.items():
            self.send_header(k.replace("_", "-"), v)
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        path = urllib.parse.urlparse(self.path).path
        if path.startswith("/private"):
            return self.say(401, b"no", WWW_Authenticate='Basic realm="x"')
        if path in ("/", "/index.html", "/beat", "/login") or path.startswith("/page"):
            return self.say(200, b"<html><body>a page like any other</body></html>", Content_Type="text/html")
        self.say(404, b"not here")
    def do_POST(self):
        n = self.headers.get("Content-Length")
        if n:
            left = int(n)
            while left > 0:
                part = self.rfile.read(min(left, 65536))
                if not part: break
                left -= len(part)
        if self.path.startswith("/login"):
            return self.say(200, b"<html>Login incorrect</html>")
        self.say(200, b"ok")
    do_PUT = do_POST
    def log_message(self, *a): pass
http.server.ThreadingHTTPServer.request_queue_size = 128
http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Page).serve_forever()
"""


def pages(s, host="lan", address=LAN, port=80):
    s.serve(host, f"pages{port}", port, [sys.executable, "-c", PAGES, address, port])


def sshd(s, host="lan", port=22):
    need("sshd", "ssh-keygen")
    key = s.folder / "ssh_host_key"
    if not key.exists():
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
    pathlib.Path("/run/sshd").mkdir(exist_ok=True)
    conf = s.file(f"sshd-{host}-{port}", f"Port {port}\nListenAddress {OUT if host == 'out' else '0.0.0.0'}\nHostKey {key}\nUsePAM no\nPasswordAuthentication yes\nMaxStartups 200\n"
                  f"PidFile none\nStrictModes no\nAuthorizedKeysFile {s.folder}/ssh_user_key.pub\nPermitRootLogin yes\n"
                  "Subsystem sftp internal-sftp\n")
    s.serve(host, f"sshd{port}", port, ["/usr/sbin/sshd", "-D", "-e", "-f", conf])


def ssh_key(s):
    """A key with which root is let in."""
    key = s.folder / "ssh_user_key"
    if not key.exists():
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
    return ["-i", key, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o",
            "BatchMode=yes"]


def ftpd(s):
    empty = s.folder / "empty"
    empty.mkdir(exist_ok=True)
    conf = s.file("vsftpd.conf", "listen=YES\nbackground=NO\nlocal_enable=YES\nanonymous_enable=NO\n"
                  f"secure_chroot_dir={empty}\nseccomp_sandbox=NO\nmax_login_fails=3\n")
    s.serve("lan", "ftpd", 21, ["/usr/sbin/vsftpd", conf])


def mail(s):
    need("/usr/sbin/dovecot")
    base = s.folder / "dovecot"
    s.file("dovecot/users", "alice:{PLAIN}right:1000:1000::/tmp::\n")
    conf = s.file("dovecot/dovecot.conf", f"base_dir={base}/run\nstate_dir={base}/state\nprotocols=imap pop3\nlisten={LAN}\nssl=no\n"
                  "disable_plaintext_auth=no\nauth_failure_delay=0\nlog_path=/dev/null\n"
                  "service anvil {\n unix_listener anvil-auth-penalty {\n mode=0\n }\n}\nservice imap-login {\n chroot=\n inet_listener imaps {\n port=0\n }\n}\n"
                  "service pop3-login {\n chroot=\n inet_listener pop3s {\n port=0\n }\n}\n"
                  f"mail_location=maildir:{base}/mail/%u\n"
                  f"passdb {{\n driver=passwd-file\n args={base}/users\n}}\n"
                  f"userdb {{\n driver=static\n args=uid=nobody gid=nogroup home={base}/mail\n}}\n")
    s.serve("lan", "dovecot", 143, ["/usr/sbin/dovecot", "-F", "-c", conf])


# A mail server that knows nobody: EHLO, AUTH PLAIN and LOGIN, mail for everybody else.
SMTP = r"""
import socket, sys, threading
def talk(c):
    f = c.makefile("rb"); say = lambda t: c.sendall(t.encode() + b"\r\n")
    say("220 mail.site.example ESMTP")
    while True:
        line = f.readline().strip().upper()
        if not line or line == b"QUIT": break
        if line.startswith(b"EHLO"): say("250-mail.site.example\r\n250 AUTH PLAIN LOGIN")
        elif line.startswith(b"AUTH"):
            for _ in range(0 if len(line) > 12 else 2 if b"LOGIN" in line else 1):
                say("334 VXNlcm5hbWU6"); f.readline()
            say("535 5.7.8 Error: authentication failed: no such user or password")
        elif line == b"DATA":
            say("354 go on")
            while f.readline() not in (b".\r\n", b""): pass
            say("250 2.0.0 queued")
        else: say("250 2.1.0 ok")
    c.close()
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind((sys.argv[1], 25)); s.listen(64)
while True:
    threading.Thread(target=talk, args=(s.accept()[0],), daemon=True).start()
"""


def smtp(s, host="lan", address=LAN):
    s.serve(host, "smtp", 25, [sys.executable, "-c", SMTP, address])


def ldap(s):
    need("/usr/sbin/slapd")
    data = s.folder / "ldap"
    data.mkdir(exist_ok=True)
    conf = s.file("slapd.conf", "include /etc/ldap/schema/core.schema\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\n"
                  f"database mdb\nsuffix \"dc=site\"\nrootdn \"cn=admin,dc=site\"\nrootpw right\ndirectory {data}\n")
    s.serve("lan", "slapd", 389, ["/usr/sbin/slapd", "-d", "0", "-f", conf, "-h", f"ldap://{LAN}/"])


def smbd(s):
    need("/usr/sbin/smbd")
    base = s.folder / "smb"
    for name in ("private", "lock", "state", "cache", "pid", "share", "ncalrpc"):
        (base / name).mkdir(parents=True, exist_ok=True)
    (base / "share").chmod(0o777)
    conf = s.file("smb/smb.conf", f"[global]\nworkgroup=SITE\nserver role=standalone\nprivate dir={base}/private\nlock directory={base}/lock\n"
                  f"state directory={base}/state\ncache directory={base}/cache\npid directory={base}/pid\nncalrpc dir={base}/ncalrpc\n"
                  f"log file={base}/log\nbind interfaces only=yes\ninterfaces={PC}/24\nmap to guest=never\n"
                  f"passdb backend=tdbsam\nserver min protocol=NT1\nserver smb encrypt=off\n[files]\npath={base}/share\nread only=no\n[ADMIN$]\npath={base}/share\nread only=no\n")
    if ("pc", "smbd") not in s.servers:
        for name in ("root",):
            subprocess.run(["smbpasswd", "-c", conf, "-s", "-a", name], input="right\nright\n", text=True,
                           capture_output=True)
    s.serve("pc", "smbd", 445, ["/usr/sbin/smbd", "-F", "--no-process-group", "-s", conf])


def xrdp(s):
    conf = s.file("xrdp.ini", "[Globals]\nini_version=1\nfork=true\nport=3389\nsecurity_layer=negotiate\ncrypt_level=low\n"
                  f"certificate={s.folder}/xrdp.pem\nkey_file={s.folder}/xrdp.key\nmax_bpp=24\n[Logging]\nLogLevel=CORE\nEnableSyslog=false\n"
                  f"LogFile={s.folder}/xrdp.log\n[Channels]\nrdpdr=false\n[Xorg]\nname=Xorg\nlib=libxup.so\nusername=ask\npassword=ask\nip=127.0.0.1\nport=-1\ncode=20\n")
    if not (s.folder / "xrdp.pem").exists():
        need("openssl")
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=pc", "-days", "30",
            "-keyout", s.folder / "xrdp.key", "-out", s.folder / "xrdp.pem")
    s.serve("pc", "xrdp", 3389, ["/usr/sbin/xrdp", "--nodaemon", "-c", conf])


def postgres(s):
    import glob
    import pwd
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"))
    need(found[-1] if found else "/usr/lib/postgresql/postgres")
    folder = s.folder / "pg"
    who = pwd.getpwnam("postgres")
    if not folder.exists():
        folder.mkdir()
        os.chown(folder, who.pw_uid, who.pw_gid)
        run("runuser", "-u", "postgres", "--", found[-1].replace("bin/postgres", "bin/initdb"), "-D", folder,
            "-A", "scram-sha-256", "--pwfile", s.file("pgpw", "right\n"), timeout=300)
        (folder / "pg_hba.conf").write_text("host all all 0.0.0.0/0 scram-sha-256\n")
    s.serve("lan", "postgres", 5432, ["runuser", "-u", "postgres", "--", found[-1], "-D", folder, "-h", LAN,
                                      "-k", folder, "-c", "dynamic_shared_memory_type=mmap"])


def snmpd(s):
    conf = s.file("snmpd.conf", "rocommunity right\n")
    s.serve("lan", "snmpd", 161, ["/usr/sbin/snmpd", "-f", "-C", "-c", conf, "-Lf", "/dev/null", "-I", "-smux",
                                  f"udp:{LAN}:161"], udp=True)


def controller(s):
    """A domain controller of Samba: some twenty seconds to make, once."""
    need("samba-tool", "/usr/sbin/samba", "/usr/share/samba/setup/ad-schema")
    base = s.folder / "ad"
    if not base.exists():
        s.net.inside("dc", "samba-tool", "domain", "provision", "--domain=SITE", "--realm=SITE.EXAMPLE", "--server-role=dc",
                     "--dns-backend=SAMBA_INTERNAL", "--adminpass=Right-1234", f"--targetdir={base}", f"--host-ip={DC}",
                     "--host-name=dc", "--option=server smb encrypt=off", "--option=interfaces=10.77.0.10/24",
                     "--option=bind interfaces only=yes", "--option=ldap server require strong auth=no", timeout=900)
        conf = base / "etc/smb.conf"
        conf.write_text(conf.read_text().replace("[global]\n", "[global]\nserver smb encrypt=off\n", 1))
    s.serve("dc", "samba", 88, ["/usr/sbin/samba", "-F", "--no-process-group", "-s", base / "etc/smb.conf"], seconds=240)
    s.net.wait(lambda: s.listens("dc", 445) and s.listens("dc", 389), "samba's services", 240)

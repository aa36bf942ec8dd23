"""What the centre runs on beyond one machine, on loopback: ClickHouse with two shards of two replicas,
ZooKeeper, a PostgreSQL primary with two synchronous standbys. All files are below one temporary folder,
all ports are free ones, and every process ends with this one, whatever happens to it."""
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

CLICKHOUSE = shutil.which("clickhouse-server")
POSTGRES = next(iter(sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
JARS = ("zookeeper.jar zookeeper-jute.jar slf4j-api.jar slf4j-nop.jar netty-all.jar snappy-java.jar metrics-core.jar "
        "commons-cli.jar").split()
PACKAGES = "clickhouse-server, zookeeper, postgresql-15"


def missing():
    """A sentence when the engines are not installed, else None."""
    if CLICKHOUSE and POSTGRES and shutil.which("java") and pathlib.Path("/usr/share/java/zookeeper.jar").exists():
        return None
    return f"not all of {PACKAGES} are installed: apt-get install {PACKAGES.replace(',', '')}"


def free_ports(n):
    sockets = [socket.socket() for _ in range(n)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def wait_for(what, condition, seconds=60):
    end = time.time() + seconds
    while time.time() < end:
        try:
            if condition():
                return
        except (OSError, subprocess.CalledProcessError):
            pass
        time.sleep(0.1)
    raise RuntimeError(f"{what} did not come within {seconds} s")


class Cluster:
    def __init__(self, shards=2, replicas=2, standbys=2):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="banken-cluster-"))
        self.folder.chmod(0o755)
        self.process = {}
        self.user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self.nodes = [f"s{s}r{r}" for s in range(shards) for r in range(replicas)]
        self.shards, self.replicas = shards, replicas
        self.states = [f"p{i}" for i in range(1 + standbys)]
        ports = iter(free_ports(1 + 3 * len(self.nodes) + len(self.states)))
        self.port = {"zookeeper": next(ports)}
        for node in self.nodes:
            self.port[node] = {"http": next(ports), "tcp": next(ports), "interserver": next(ports)}
        for state in self.states:
            self.port[state] = next(ports)
        self.primary = self.states[0]

    # --- processes ---

    def run(self, name, *command, user=None, cwd=None):
        become = ["--reuid", user, "--regid", user, "--clear-groups"] if user and os.geteuid() == 0 else []
        log = open(self.folder / f"{name}.log", "ab")
        env = dict(os.environ, HOME=str(self.folder), LC_ALL="C")
        self.process[name] = subprocess.Popen(
            ["setpriv", *become, "--pdeathsig", "KILL", *map(str, command)], stdout=log, stderr=log,
            stdin=subprocess.DEVNULL, cwd=cwd or self.folder, env=env, start_new_session=True)

    def kill(self, name):
        """As if the power went."""
        process = self.process.pop(name)
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()

    def stop(self):
        for name in list(self.process):
            self.kill(name)
        for state in self.states:
            self.forget_segment(state)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        # Told to end, it ends its folder, too.
        if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        try:
            self.start()
        except BaseException:
            for log in sorted(self.folder.glob("*.log")):
                print(f"--- {log.name}\n" + log.read_text(errors="replace")[-1500:])
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        self.start_zookeeper()
        self.init_state(self.primary)
        self.start_state(self.primary)
        wait_for("PostgreSQL", lambda: self.sql(self.primary, "SELECT 1"))
        self.sql(self.primary, "CREATE ROLE banken LOGIN REPLICATION")
        self.sql(self.primary, "CREATE DATABASE banken OWNER banken")
        wait_for("ZooKeeper", self.zookeeper_ready)
        for node in self.nodes:
            self.start_node(node)
        for state in self.states[1:]:
            self.clone_state(state)
        for node in self.nodes:
            wait_for(f"ClickHouse {node}", lambda: self.ask(node, "SELECT 1"))
        # From now on nothing is committed that is not on a standby too.
        for state in self.states[1:]:
            wait_for(f"standby {state}", lambda: self.sql(state, "SELECT 1"))
        if len(self.states) > 1:
            wait_for("standbys", lambda: self.sql(self.primary, "SELECT count(*) FROM pg_stat_replication") ==
                     str(len(self.states) - 1))
            self.make_synchronous(self.primary)

    # --- ZooKeeper ---

    def start_zookeeper(self):
        data = self.folder / "zookeeper"
        data.mkdir()
        (data / "zoo.cfg").write_text(
            f"dataDir={data}\nclientPort={self.port['zookeeper']}\nclientPortAddress=127.0.0.1\ntickTime=500\n"
            "maxClientCnxns=0\nadmin.enableServer=false\n4lw.commands.whitelist=ruok\nmaxSessionTimeout=20000\n")
        classes = ":".join(f"/usr/share/java/{jar}" for jar in JARS)
        self.run("zookeeper", "java", "-Xmx128m", "-XX:+UseSerialGC", "-cp", classes,
                 "org.apache.zookeeper.server.quorum.QuorumPeerMain", data / "zoo.cfg")

    def zookeeper_ready(self):
        with socket.create_connection(("127.0.0.1", self.port["zookeeper"]), 1) as s:
            s.sendall(b"ruok")
            return s.recv(8) == b"imok"

    # --- ClickHouse ---

    def start_node(self, node):
        folder, port = self.folder / node, self.port[node]
        folder.mkdir(exist_ok=True)
        shards = "".join(
            "<shard><internal_replication>true</internal_replication>" + "".join(
                f"<replica><host>127.0.0.1</host><port>{self.port[f's{s}r{r}']['tcp']}</port></replica>"
                for r in range(self.replicas)) + "</shard>" for s in range(self.shards))
        (folder / "config.xml").write_text(f"""<yandex>
<logger><level>warning</level><log>{folder}/server.log</log><errorlog>{folder}/error.log</errorlog></logger>
<listen_host>127.0.0.1</listen_host><http_port>{port['http']}</http_port><tcp_port>{port['tcp']}</tcp_port>
<interserver_http_port>{port['interserver']}</interserver_http_port><interserver_http_host>127.0.0.1</interserver_http_host>
<path>{folder}/data/</path><tmp_path>{folder}/tmp/</tmp_path><format_schema_path>{folder}/formats/</format_schema_path>
<users_config>{folder}/users.xml</users_config><default_profile>default</default_profile><default_database>default</default_database>
<mark_cache_size>33554432</mark_cache_size><uncompressed_cache_size>0</uncompressed_cache_size>
<background_pool_size>4</background_pool_size><background_schedule_pool_size>4</background_schedule_pool_size>
<max_concurrent_queries>200</max_concurrent_queries>
<remote_servers><banken>{shards}</banken></remote_servers>
<zookeeper><node><host>127.0.0.1</host><port>{self.port['zookeeper']}</port></node><session_timeout_ms>4000</session_timeout_ms></zookeeper>
<macros><shard>{node[1]}</shard><replica>{node}</replica></macros>
</yandex>""")
        (folder / "users.xml").write_text("""<yandex>
<profiles><default><max_memory_usage>4000000000</max_memory_usage><connect_timeout_with_failover_ms>500</connect_timeout_with_failover_ms></default></profiles>
<users><default><password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default></users>
<quotas><default></default></quotas></yandex>""")
        self.run(node, CLICKHOUSE, f"--config-file={folder}/config.xml", cwd=folder)

    def ask(self, node, sql, timeout=30):
        """The answer, tab-separated."""
        url = f"http://127.0.0.1:{self.port[node]['http']}/"
        with urllib.request.urlopen(url, data=sql.encode(), timeout=timeout) as answer:
            return answer.read().decode().strip()

    # --- PostgreSQL ---

    def init_state(self, state):
        data = self.state_folder(state)
        self.call("initdb", "-D", data, "--locale=C", "--encoding=UTF8", "-U", "postgres", "-A", "trust", "--no-sync")
        with open(data / "pg_hba.conf", "a") as f:
            f.write("host replication all 127.0.0.1/32 trust\n")
        with open(data / "postgresql.conf", "a") as f:
            f.write("listen_addresses='127.0.0.1'\nmax_connections=60\nshared_buffers=32MB\nwal_level=replica\n"
                    "max_wal_senders=8\nhot_standby=on\nwal_keep_size=256MB\nwal_receiver_status_interval=1\n"
                    "wal_retrieve_retry_interval=200\nlogging_collector=off\nrecovery_target_timeline='latest'\n"
                    # Killed, it leaves nothing in /dev/shm: what it shares is in its folder.
                    "dynamic_shared_memory_type=mmap\n")

    def forget_segment(self, state):
        """Killed, PostgreSQL leaves a segment of System V; its own next start would find it, but there is none."""
        try:
            identifier = (self.folder / state / "postmaster.pid").read_text().splitlines()[6].split()[1]
        except (OSError, IndexError):
            return
        subprocess.run(["ipcrm", "-m", identifier], stderr=subprocess.DEVNULL, check=False)

    def state_folder(self, state):
        data = self.folder / state
        self.forget_segment(state)
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir(mode=0o700)
        if os.geteuid() == 0:
            shutil.chown(data, self.user, self.user)
        return data

    def call(self, program, *arguments):
        become = ["setpriv", "--reuid", self.user, "--regid", self.user, "--clear-groups"] if os.geteuid() == 0 else []
        done = subprocess.run([*become, POSTGRES / program, *map(str, arguments)], capture_output=True, text=True,
                              cwd=self.folder, env=dict(os.environ, HOME=str(self.folder), LC_ALL="C"))
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, f"{program}: {done.stderr.strip()}")
        return done.stdout.strip()

    def start_state(self, state):
        self.run(state, POSTGRES / "postgres", "-D", self.folder / state, "-p", self.port[state], "-k", "", user=self.user)

    def sql(self, state, text, database="postgres"):
        return self.call("psql", "-h", "127.0.0.1", "-p", self.port[state], "-U", "postgres", "-d", database, "-XAtc", text)

    def clone_state(self, state):
        """A standby of the primary, made anew."""
        self.state_folder(state)
        self.call("pg_basebackup", "-h", "127.0.0.1", "-p", self.port[self.primary], "-U", "postgres", "-D",
                  self.folder / state, "-R", "-c", "fast", "--no-sync", "-d", f"application_name={state}")
        conf = self.folder / state / "postgresql.auto.conf"
        conf.write_text("".join(line for line in conf.read_text().splitlines(True) if "synchronous_standby" not in line) +
                        f"primary_conninfo='{self.primary_of(state)}'\n")
        self.start_state(state)

    def primary_of(self, state):
        return f"host=127.0.0.1 port={self.port[self.primary]} user=postgres application_name={state}"

    def make_synchronous(self, state):
        others = ",".join(s for s in self.states if s != state)
        self.sql(state, f"ALTER SYSTEM SET synchronous_standby_names='ANY 1 ({others})'")
        self.sql(state, "SELECT pg_reload_conf()")

    def promote(self):
        """What Patroni does after the primary died: the standby that has most becomes it."""
        alive = [s for s in self.states if s in self.process and s != self.primary]
        new = max(alive, key=lambda s: int(self.sql(s, "SELECT pg_wal_lsn_diff(pg_last_wal_receive_lsn(),'0/0')::bigint")))
        self.primary = new
        self.sql(new, "SELECT pg_promote()")
        self.make_synchronous(new)
        for state in alive:
            if state != new:
                self.sql(state, f"ALTER SYSTEM SET primary_conninfo='{self.primary_of(state)}'")
                self.sql(state, "SELECT pg_reload_conf()")
        return new

    # --- for the centre ---

    def state_database(self, name="banken"):
        """For banken-centre's `state-database`."""
        hosts = ",".join("127.0.0.1" for _ in self.states)
        ports = ",".join(str(self.port[s]) for s in self.states)
        return f"postgresql://banken@/{name}?host={hosts}&port={ports}"

    def history_servers(self):
        """For `history-servers`: shards apart by ';', replicas by ','."""
        return ";".join(",".join(f"http://127.0.0.1:{self.port[f's{s}r{r}']['http']}" for r in range(self.replicas))
                        for s in range(self.shards))

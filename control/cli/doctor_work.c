/* What the programs do: running, versions, mirror port, spools, links, rules, drivers, mail. */
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "control/cli/doctor.h"
#include "control/wire/resolve.h"
#include "dataplane/base/slice.h"

#ifndef BANKEN_VERSION
#define BANKEN_VERSION "0.1.0"
#endif

enum {
	LOSS_NOTE_PPM = 100, /* of what came in */
	LOSS_BAD_PPM = 10000,
	WAIT_MS = 4000,	   /* for a server */
	LOOK_MS = 1100,	   /* between two looks at counters */
	OLD_SPOOL_S = 300, /* that something waits */
};

static const uint64_t SECOND_NS = 1000000000;

static json_int_t number(const json_t *o, const char *a, const char *b)
{
	const json_t *inner = b ? json_object_get(o, a) : o;

	return json_integer_value(json_object_get(inner, b ? b : a));
}

/* --- running, versions --- */

static const json_t *status_of(const struct doctor *d, size_t i)
{
	const json_t *const all[] = {NULL, d->control, d->mitigator, d->enforcer, d->centre};

	return all[i];
}

static void look_at_program(struct doctor *d, size_t i)
{
	char name[64];

	snprintf(name, sizeof(name), "banken-%s", doctor_programs[i]);
	if (status_of(d, i)) {
		doctor_find(d, DOCTOR_OK, "programs", name,
			    WORDS("answers", "応答しています", "", ""));
		return;
	}
	doctor_find(
		d, DOCTOR_BAD, "programs", name,
		WORDS("does not answer in %s", "%s で応答がありません",
		      "systemctl status and journalctl -u of its unit say why; as root or in the "
		      "group banken",
		      "systemctl status と journalctl -u で原因を確認してください（root か banken "
		      "グループで）"),
		d->cli->run_folder);
}

/* As each program reports it; those of one release belong together. */
static void look_at_versions(struct doctor *d)
{
	const json_t *versions = json_object_get(d->control, "versions"), *v;
	const char *name;

	json_object_foreach((json_t *)versions, name, v)
	{
		const char *has = json_string_value(v);

		/* Of rules and lists it is their own. */
		if (strcmp(name, "rules") == 0 || strcmp(name, "lists") == 0)
			continue;
		if (has && has[0] && strcmp(has, BANKEN_VERSION) != 0)
			doctor_find(d, DOCTOR_BAD, "versions", name,
				    WORDS("runs as %s, this is %s",
					  "%s が動作中で、こちらは %s です",
					  "restart it: systemctl restart",
					  "再起動してください: systemctl restart"),
				    has, BANKEN_VERSION);
	}
	if (versions)
		doctor_find(d, DOCTOR_OK, "versions", "banken", WORDS("%s", "%s", "", ""),
			    BANKEN_VERSION);
}

void doctor_running(struct doctor *d)
{
	unsigned any = 0;
	char path[512];

	for (size_t i = 0; doctor_programs[i]; i++) {
		if (!doctor_has(d, doctor_programs[i], path, sizeof(path)))
			continue;
		any++;
		if (i > 0)
			look_at_program(d, i);
	}
	if (!any)
		doctor_find(
			d, DOCTOR_BAD, "programs", d->config_folder,
			WORDS("nothing is set up here: no dataplane.yaml, control.yaml ...",
			      "設定がありません（dataplane.yaml、control.yaml など）",
			      "the manual's first page sets a sensor up in ten minutes; or name "
			      "the folder: "
			      "--config-folder",
			      "マニュアルに従って設定するか、--config-folder を指定してください"));
	look_at_versions(d);
}

/* --- the mirror port --- */

static void look_at_losses(struct doctor *d, const json_t *plane)
{
	json_int_t received = number(plane, "rx_packets", NULL), lost = 0;
	const json_t *n;
	const char *name;

	json_object_foreach(json_object_get(plane, "drops"), name, n) lost +=
		strncmp(name, "decoder.", 8) == 0 || strncmp(name, "mirror.", 7) == 0
			? 0
			: json_integer_value(n);
	if (received + lost > 0 && lost * 1000000 / (received + lost) > LOSS_NOTE_PPM)
		doctor_find(
			d,
			lost * 1000000 / (received + lost) > LOSS_BAD_PPM ? DOCTOR_BAD
									  : DOCTOR_NOTE,
			"mirror", "losses",
			WORDS("%lld of %lld frames were lost since it started",
			      "起動以来 %lld / %lld フレームを失いました",
			      "banken status names each loss; more workers, a better driver "
			      "(vfio-pci), "
			      "huge pages",
			      "banken status "
			      "で内訳を確認し、ワーカーやドライバー（vfio-pci）を見直してください"),
			(long long)lost, (long long)(received + lost));
}

static void look_at_traffic(struct doctor *d, const json_t *plane)
{
	struct errmsg e;
	json_int_t before = number(plane, "rx_packets", NULL), after;
	json_t *again;

	poll(NULL, 0, LOOK_MS);
	again = cli_ask_quietly(d->cli, "banken-control", json_pack("{ss}", "do", "status"), &e);
	after = number(again, "dataplane", "rx_packets");
	if (after <= before)
		doctor_find(d, DOCTOR_BAD, "mirror", "banken-dataplane",
			    WORDS("not one frame came in the last second",
				  "この 1 秒間にフレームが届いていません",
				  "check the cable, that the switch mirrors to this port "
				  "(banken-mirror(7)), "
				  "and the interface of -p",
				  "ケーブル、スイッチのミラー設定（banken-mirror(7)）、-p "
				  "のインターフェースを確認してください"));
	else
		doctor_find(d, DOCTOR_OK, "mirror", "banken-dataplane",
			    WORDS("%lld frames in the last second", "この 1 秒間に %lld フレーム",
				  "", ""),
			    (long long)(after - before));
	json_decref(again);
}

void doctor_mirror(struct doctor *d)
{
	const json_t *plane = json_object_get(d->control, "dataplane"), *fault;
	size_t i;

	if (!plane)
		return;
	if (!json_is_true(json_object_get(plane, "alive"))) {
		doctor_find(d, DOCTOR_BAD, "programs", "banken-dataplane",
			    WORDS("gives no sign of life", "動作していません",
				  "journalctl -u banken-dataplane says why it ended",
				  "journalctl -u banken-dataplane で終了の原因を確認してください"));
		return;
	}
	look_at_traffic(d, plane);
	look_at_losses(d, plane);
	json_array_foreach(json_object_get(d->control, "mirror_port"), i, fault)
	{
		const char *text =
			json_is_string(fault) ? json_string_value(fault) : cli_text(fault, "text");

		doctor_find(d, DOCTOR_BAD, "mirror", "mirror port",
			    WORDS("%s", "%s", "the switch's side: banken-mirror(7)",
				  "スイッチ側の設定: banken-mirror(7)"),
			    text);
	}
	json_array_foreach(json_object_get(d->control, "problems"), i, fault)
	{
		if (json_is_string(fault))
			doctor_find(d, DOCTOR_NOTE, "sensor", "banken-control",
				    WORDS("%s", "%s", "", ""), json_string_value(fault));
	}
}

/* --- spools and links --- */

static void look_at_spool(struct doctor *d, const char *to, const json_t *s)
{
	uint64_t oldest = (uint64_t)number(s, "oldest", NULL),
		 now = (uint64_t)time(NULL) * SECOND_NS;
	long age = oldest && now > oldest ? (long)((now - oldest) / SECOND_NS) : 0;

	if (number(s, "dropped_alerts", NULL))
		doctor_find(d, DOCTOR_BAD, "spool", to,
			    WORDS("%lld alerts were given up for want of room",
				  "空きがなく %lld 件の警報を失いました",
				  "raise spool.max-mb, and see that the receiver comes back",
				  "spool.max-mb を増やし、送信先を回復させてください"),
			    (long long)number(s, "dropped_alerts", NULL));
	if (json_is_true(json_object_get(s, "disk_full")))
		doctor_find(d, DOCTOR_BAD, "spool", to,
			    WORDS("the disk is full", "ディスクが満杯です", "make room",
				  "空きを作ってください"));
	if (age > OLD_SPOOL_S)
		doctor_find(d, DOCTOR_NOTE, "spool", to,
			    WORDS("%lld messages wait, the oldest for %ld s",
				  "%lld 件が待機中、最古は %ld 秒前です",
				  "nothing is lost while they wait; see the link below",
				  "待機中に失われることはありません。接続を確認してください"),
			    (long long)number(s, "records", NULL), age);
	else
		doctor_find(d, DOCTOR_OK, "spool", to,
			    WORDS("%lld messages wait", "%lld 件が待機中です", "", ""),
			    (long long)number(s, "records", NULL));
}

void doctor_spools(struct doctor *d)
{
	const char *to;
	json_t *s;

	json_object_foreach(json_object_get(d->control, "spool"), to, s) look_at_spool(d, to, s);
}

static void look_at_link(struct doctor *d, const char *whose, const char *address, bool up,
			 const char *trouble)
{
	if (up)
		doctor_find(d, DOCTOR_OK, "links", whose,
			    WORDS("connected to %s", "%s に接続中", "", ""), address);
	else
		doctor_find(
			d, DOCTOR_BAD, "links", whose,
			WORDS("not connected to %s: %s", "%s に接続できません: %s",
			      "check address, firewall and certificate; it goes on trying, what is "
			      "reported waits",
			      "アドレス、ファイアウォール、証明書を確認してください（再接続は続いて"
			      "います）"),
			address, trouble[0] ? trouble : "-");
}

void doctor_links(struct doctor *d)
{
	const char *to;
	char address[256];
	json_t *l;

	json_object_foreach(json_object_get(d->control, "links"), to, l)
	{
		if (cli_text(l, "address")[0])
			look_at_link(d, "banken-control", cli_text(l, "address"),
				     json_is_true(json_object_get(l, "connected")),
				     cli_text(l, "trouble"));
	}
	if (d->enforcer) {
		doctor_key(d, "enforcer", "mitigator.address", address, sizeof(address));
		look_at_link(d, "banken-enforcer", address,
			     json_is_true(json_object_get(d->enforcer, "connected")),
			     cli_text(d->enforcer, "trouble_link"));
	}
}

/* --- rules --- */

/* A line of a rule file that is a rule: an action's word first. */
static bool is_rule(const char *line)
{
	static const char *const actions[] = {"alert ", "drop ", "pass ", "reject", "config "};

	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (strncmp(line, actions[i], strlen(actions[i])) == 0)
			return true;
	}
	return false;
}

/* Rules in the file of -S in FOLDER/dataplane.env; -1 when there is none. */
static long rules_in_file(const struct doctor *d, char *ret_path, size_t cap)
{
	static char line[65536]; /* too large for the stack */
	char env[512];
	const char *at = NULL;
	long n = 0;
	FILE *f;

	snprintf(env, sizeof(env), "%s/dataplane.env", d->config_folder);
	f = fopen(env, "re");
	while (f && !at && fgets(line, sizeof(line), f))
		at = line[0] == '#' ? NULL : strstr(line, "-S ");
	if (at)
		snprintf(ret_path, cap, "%.*s", (int)strcspn(at + 3, " \"\n"), at + 3);
	if (f)
		fclose(f);
	f = at ? fopen(ret_path, "re") : NULL;
	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		n += is_rule(line);
	fclose(f);
	return n;
}

/* What the installed bundles add to that file (signatures/bundle). */
static long rules_in_set(const struct doctor *d)
{
	char path[600], line[512], folder[512] = "/var/lib/banken/bundle";
	json_int_t n;
	json_t *set;
	FILE *f;

	snprintf(path, sizeof(path), "%s/dataplane.yaml", d->config_folder);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, "rules.folder:", 13) == 0)
			snprintf(folder, sizeof(folder), "%.*s",
				 (int)strcspn(line + 13 + strspn(line + 13, " \""), " \"\n"),
				 line + 13 + strspn(line + 13, " \""));
	}
	if (f)
		fclose(f);
	snprintf(path, sizeof(path), "%.500s/current/set.json", folder);
	set = json_load_file(path, 0, NULL);
	n = json_integer_value(json_object_get(json_object_get(set, "rules"), "enabled"));
	json_decref(set);
	return n > 0 ? (long)n : 0;
}

void doctor_rules(struct doctor *d)
{
	const json_t *plane = json_object_get(d->control, "dataplane");
	json_int_t loaded = number(plane, "rules_loaded", NULL),
		   failed = number(plane, "rules_failed", NULL),
		   skipped = number(plane, "rules_skipped", NULL);
	char path[600] = "banken-dataplane";
	long in_file = rules_in_file(d, path, sizeof(path));

	if (in_file >= 0)
		in_file += rules_in_set(d);
	if (!plane)
		return;
	if (failed || skipped)
		doctor_find(d, DOCTOR_NOTE, "rules", path,
			    WORDS("%lld rules could not be loaded, %lld are not supported",
				  "%lld 件を読み込めず、%lld 件は未対応です",
				  "banken rules check FILE names each",
				  "banken rules check FILE で確認してください"),
			    (long long)failed, (long long)skipped);
	if (in_file >= 0 && in_file != loaded + failed + skipped)
		doctor_find(
			d, DOCTOR_BAD, "rules", path,
			WORDS("the file and the bundles have %ld rules, %lld are in use: they were "
			      "changed since",
			      "ファイルとバンドルは合わせて %ld 件、使用中は %lld "
			      "件です（変更後に読み直されていません）",
			      "systemctl restart banken-dataplane, or have control reload them",
			      "banken-dataplane を再起動するか、ルールを読み直してください"),
			in_file, (long long)(loaded + failed + skipped));
	else
		doctor_find(d, loaded ? DOCTOR_OK : DOCTOR_NOTE, "rules", path,
			    WORDS("%lld rules are in use", "%lld 件を使用中です",
				  "none: behaviour alone finds threats",
				  "ルールがなく、振る舞い検知のみです"),
			    (long long)loaded);
}

/* --- drivers --- */

void doctor_drivers(struct doctor *d)
{
	struct errmsg e;
	json_t *answer = d->mitigator ? cli_ask_quietly(d->cli, "banken-mitigator",
							json_pack("{ss}", "do", "peers"), &e)
				      : NULL,
	       *driver;
	const json_t *problem;
	size_t i;

	json_array_foreach(json_object_get(answer, "drivers"), i, driver)
	{
		bool up = json_is_true(json_object_get(driver, "reachable"));

		if (up)
			doctor_find(d, DOCTOR_OK, "drivers", cli_text(driver, "name"),
				    WORDS("reachable", "利用できます", "", ""));
		else
			doctor_find(d, DOCTOR_BAD, "drivers", cli_text(driver, "name"),
				    WORDS("not reachable: what it should cut is tried by the next "
					  "method",
					  "到達できません（次の方式で遮断します）",
					  "is the switch, server or enforcer up, and its address "
					  "right?",
					  "スイッチ、サーバー、エンフォーサーの稼働とアドレスを確認"
					  "してください"));
	}
	json_array_foreach(json_object_get(d->mitigator, "problems"), i, problem)
	{
		if (json_is_string(problem))
			doctor_find(d, DOCTOR_NOTE, "drivers", "banken-mitigator",
				    WORDS("%s", "%s", "", ""), json_string_value(problem));
	}
	json_decref(answer);
}

/* --- mail --- */

/* Connects within WAIT_MS and reads the greeting; NULL when it is a mail server, else why not. */
static const char *greeting_of(const char *host, const char *port)
{
	struct resolve_answer a;
	struct pollfd p = {.events = POLLOUT};
	const char *why = "no answer";
	char got[64] = "";

	if (resolve_now(host, port, false, &a) < 0)
		return "its name is not found";
	p.fd = socket(a.addr[0].ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (p.fd < 0)
		return strerror(errno);
	(void)connect(p.fd, (const struct sockaddr *)&a.addr[0], a.len[0]);
	if (poll(&p, 1, WAIT_MS) == 1) {
		int error = 0;
		socklen_t len = sizeof(error);

		getsockopt(p.fd, SOL_SOCKET, SO_ERROR, &error, &len);
		p.events = POLLIN;
		if (error)
			why = strerror(error);
		else if (poll(&p, 1, WAIT_MS) == 1 && recv(p.fd, got, sizeof(got) - 1, 0) > 0)
			why = strncmp(got, "220", 3) == 0 ? NULL : "it is no mail server";
	}
	close(p.fd);
	return why;
}

/* "smtp://host:port", "smtps://...", "host:port", "host" */
void doctor_mail(struct doctor *d)
{
	char server[256], host[256], port[16];
	const char *at, *why;
	struct errmsg e;

	doctor_key(d, "centre", "mail-server", server, sizeof(server));
	if (!server[0])
		return;
	at = strstr(server, "://") ? strstr(server, "://") + 3 : server;
	if (resolve_split(at, host, sizeof(host), port, sizeof(port), &e) < 0) {
		snprintf(host, sizeof(host), "%.250s", at);
		snprintf(port, sizeof(port), "%s", strncmp(server, "smtps", 5) == 0 ? "465" : "25");
	}
	/* TLS from the first byte has no greeting to read: that it listens is what can be seen. */
	why = greeting_of(host, port);
	if (why && strncmp(server, "smtps", 5) == 0 && strcmp(why, "no answer") == 0)
		why = NULL;
	if (why)
		doctor_find(
			d, DOCTOR_BAD, "mail", server,
			WORDS("%s: emergencies reach nobody by mail",
			      "%s（緊急メールが届きません）",
			      "check mail-server in centre.yaml, and the firewall",
			      "centre.yaml の mail-server とファイアウォールを確認してください"),
			why);
	else
		doctor_find(d, DOCTOR_OK, "mail", server,
			    WORDS("answers", "応答しています", "", ""));
}

/* banken-enforcer: carries the mitigator's cuts out on a Linux gateway or bridge. */
#include <ifaddrs.h>
#include <netpacket/packet.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <net/if.h>
#include <netinet/in.h>

#include "control/enforcer/enforcer.h"
#include "control/helper/privs.h"
#include "control/wire/program.h"
#include "control/wire/seen.h"
#include "dataplane/base/clock.h"

static const char usage[] =
	"usage: banken-enforcer [-c FILE] [--set KEY=VALUE]...\n"
	"\n"
	"Drops what the site's mitigator orders to cut, with nftables. Started as root it becomes\n"
	"'user'; only a helper process keeps the right to change the firewall.\n"
	"\n"
	"  -c FILE          configuration (YAML)\n"
	"  --set KEY=VALUE  one key, e.g. --set mitigator.address=10.0.0.5:7443\n"
	"  --print-config   all keys with their values and meaning, and end\n"
	"  --help, --version\n"
	"\n"
	"examples:\n"
	"  banken-enforcer -c /etc/banken/enforcer.yaml\n"
	"  banken-enforcer --set mitigator.address=10.0.0.5:7443 --set never=10.0.0.1\n";

static void add_own(struct accept_rules *r, const struct ifaddrs *i)
{
	const struct sockaddr *a = i->ifa_addr;

	if (a->sa_family == AF_PACKET && r->never_macs_n < ACCEPT_MACS_MAX) {
		const struct sockaddr_ll *ll = (const struct sockaddr_ll *)(const void *)a;

		memcpy(&r->never_macs[r->never_macs_n], ll->sll_addr, 6);
		if (ll->sll_halen == 6 && mac_addr_is_host(&r->never_macs[r->never_macs_n]))
			r->never_macs_n++;
	}
	if (r->never_n >= ACCEPT_NEVER_MAX)
		return;
	if (a->sa_family == AF_INET)
		r->never[r->never_n++] = (struct nft_prefix){
			ip_addr_v4((const uint8_t *)&((const struct sockaddr_in *)(const void *)a)
					   ->sin_addr),
			128};
	else if (a->sa_family == AF_INET6)
		r->never[r->never_n++] = (struct nft_prefix){
			ip_addr_v6((const uint8_t *)&((const struct sockaddr_in6 *)(const void *)a)
					   ->sin6_addr),
			128};
}

/* This machine's own addresses are never cut (Q6). */
static void protect_own(struct accept_rules *r)
{
	struct ifaddrs *list;

	if (getifaddrs(&list) < 0)
		return;
	for (struct ifaddrs *i = list; i; i = i->ifa_next) {
		if (i->ifa_addr)
			add_own(r, i);
	}
	freeifaddrs(list);
}

static int open_state(struct enforcer *e, struct errmsg *err)
{
	struct spool_config spool = {.max_bytes = 64 << 20};
	char path[512];

	snprintf(path, sizeof(path), "%s/held.db", e->settings.state_folder);
	e->held = held_open(path, err);
	if (!e->held || seen_init(held_db(e->held), err) < 0 ||
	    held_reload(e->held, loop_wall(e->loop), loop_now(e->loop), err) < 0)
		return ERR_IO;
	snprintf(path, sizeof(path), "%s/spool.db", e->settings.state_folder);
	spool.path = path;
	e->spool = spool_open(&spool, NULL, err);
	return e->spool ? 0 : ERR_IO;
}

static int dial(struct enforcer *e, struct errmsg *err)
{
	struct link_setup setup = {.loop = e->loop,
				   .keys = e->keys,
				   .spool = e->spool,
				   .log = &e->log,
				   .ops = orders_ops(e),
				   .peers = ROLE_SET(ROLE_MITIGATOR),
				   .program = "banken-enforcer",
				   .build = BANKEN_VERSION};

	e->link = link_new(&setup, "mitigator", e->settings.mitigator.address, err);
	return e->link ? 0 : ERR_INVALID;
}

/* ---- the certificate ---- */

/* Nothing of a box's but its certificate is ours: no order comes that would be answered. */
static int send_kept(void *ctx, const struct message *m, struct errmsg *err)
{
	(void)ctx;
	(void)m;
	return errmsg_set(err, ERR_UNSUPPORTED, "an enforcer has no orders of the centre");
}

static bool pass(void *ctx, const struct message *m)
{
	struct enforcer *e = ctx;
	struct slice payload;
	bool sent;

	if (message_encode(m, &payload, NULL))
		return false;
	sent = link_send_passing(e->link, payload);
	payload_free(&payload);
	return sent;
}

static void keys_changed(void *ctx, bool own)
{
	struct enforcer *e = ctx;

	link_keys_changed(e->link, own);
}

static int keep_certificate(struct enforcer *e, struct errmsg *err)
{
	char folder[512];
	const struct box_setup setup = {.loop = e->loop,
					.log = &e->log,
					.keys = e->keys,
					.keys_folder = e->settings.keys_folder,
					.folder = folder,
					.send = send_kept,
					.pass = pass,
					.keys_changed = keys_changed,
					.ctx = e};

	snprintf(folder, sizeof(folder), "%.480s/artefacts", e->settings.state_folder);
	e->box = box_new(&setup, err);
	return e->box ? 0 : ERR_IO;
}

static void on_signal(void *ctx, uint32_t number)
{
	loop_stop(((struct enforcer *)ctx)->loop);
}

/* Rights first: the helper is forked while there is nothing secret in memory. */
static int give_up_rights(struct enforcer *e, struct errmsg *err)
{
	struct nft_layout layout;
	int rc = 0;

	if (!e->settings.mitigator.address[0])
		return errmsg_set(err, ERR_INVALID,
				  "key 'mitigator.address' is missing: set it to host:port");
	rc = settings_layout(&e->settings, &layout, err);

	if (rc == 0)
		rc = settings_rules(&e->settings, &e->rules, err);
	if (rc == 0)
		rc = privs_own_folder(e->settings.state_folder, e->settings.user, err);
	if (rc < 0)
		return rc;
	protect_own(&e->rules);
	if (settings_notice(&e->settings, &e->notice_config, err) < 0 ||
	    notice_start(&e->notice_config, e->settings.user, &e->notice, err) < 0)
		return ERR_IO;
	e->carry = carry_start(&layout, e->settings.user, err);
	if (!e->carry)
		return ERR_IO;
	rc = privs_become(e->settings.user, 0, false, err);
	return rc ? rc : privs_confine(SANDBOX_ENFORCER, "banken-enforcer", err);
}

static int start(struct enforcer *e, struct errmsg *err)
{
	static const int signals[] = {SIGTERM, SIGINT};
	struct carry_ops ops = enforce_ops(e);
	int rc = give_up_rights(e, err);

	if (rc < 0)
		return rc;
	e->loop = loop_new(err);
	e->keys = e->loop ? tls_keys_load(e->settings.keys_folder, ROLE_ENFORCER, err) : NULL;
	if (!e->keys)
		return ERR_DENIED;
	e->rules.name = tls_keys_identity(e->keys)->name;
	e->rules.site = tls_keys_identity(e->keys)->site;
	rc = open_state(e, err);
	if (rc == 0)
		rc = carry_attach(e->carry, e->loop, &e->log, &ops);
	if (rc == 0)
		rc = dial(e, err);
	if (rc == 0)
		rc = keep_certificate(e, err);
	if (rc == 0)
		rc = status_listen(e, err);
	if (rc == 0)
		rc = loop_signals(e->loop, signals, 2, on_signal, e);
	return rc;
}

static void stop(struct enforcer *e)
{
	local_server_delete(e->local);
	link_delete(e->link);
	box_delete(e->box);
	carry_stop(e->carry);
	helper_stop(&e->notice);
	spool_close(e->spool);
	held_close(e->held);
	tls_keys_free(e->keys);
	loop_delete(e->loop);
	free(e->counts);
}

static int run(struct enforcer *e)
{
	struct errmsg err = {""};

	e->notice.fd = -1;
	e->log = (struct log){"banken-enforcer", (enum log_level)e->settings.log_level, 2};
	if (start(e, &err) < 0) {
		log_error(&e->log, "%s", err.text);
		stop(e);
		return 2;
	}
	if (enforce_take_up(e, &err) < 0)
		log_error(&e->log, "%s", err.text);
	log_info(&e->log, "holds %zu hosts cut, dials %s", held_count(e->held),
		 e->settings.mitigator.address);
	presence_begin(&e->presence, e->loop, "carries cuts out");
	loop_run(e->loop);
	presence_end(&e->presence);
	/* What is cut stays cut: the tables are left as they are. */
	log_info(&e->log, "stopped; %zu hosts stay cut", held_count(e->held));
	stop(e);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct program program = {"banken-enforcer", BANKEN_VERSION, usage,
					       enforcer_keys};
	struct enforcer *e = calloc(1, sizeof(*e));
	struct config *memory;
	int status = 2;

	if (!e)
		return 2;
	memory = program_start(&program, argc, argv, &e->settings, sizeof(e->settings), &status);
	if (memory)
		status = run(e);
	config_free(memory);
	free(e);
	return status;
}

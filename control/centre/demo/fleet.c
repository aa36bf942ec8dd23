#include "control/centre/demo/fleet.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/centre/bundle/make.h"
#include "control/centre/demo/cast.h"
#include "control/centre/demo/demo.h"
#include "control/centre/store/fleet.h"
#include "control/centre/store/rollouts.h"
#include "control/centre/store/rows.h"
#include "control/wire/ca.h"
#include "control/wire/file.h"
#include "dataplane/base/clock.h"

enum { PLACE = 600, TURN_S = 1, FRAMES_A_TURN = 60, QUIET_RULES = 30, TEXT = 16384 };

struct demo_fleet {
	struct centre *c;
	struct loop_timer timer;
	uint64_t frames, begun;
	char keys[PLACE], bundle_key[PLACE + 32];
};

/* --- keys --- */

static int make_keys(struct demo_fleet *d, struct errmsg *e)
{
	const struct ca_order own = {
		.role = ROLE_CENTRE, .name = "demonstration", .valid = ca_validity_days(30)};
	char folder[PLACE + 16];
	struct ca *ca;
	int rc;

	snprintf(folder, sizeof(folder), "%.500s/ca", d->c->state_folder);
	snprintf(d->keys, sizeof(d->keys), "%.500s/keys", d->c->state_folder);
	rc = ca_create(folder, "Banken", ca_validity_days(30), e);
	ca = rc == 0 ? ca_open(folder, e) : NULL;
	rc = ca ? ca_issue(ca, &own, d->keys, e) : ERR_IO;
	ca_close(ca);
	if (rc != 0)
		return rc;
	d->c->config.keys_folder = d->keys;
	d->c->keys = tls_keys_load(d->keys, ROLE_CENTRE, e);
	if (!d->c->keys || bundle_key_make(d->keys, "demonstration", e) != ERR_OK)
		return ERR_IO;
	snprintf(d->bundle_key, sizeof(d->bundle_key), "%s/demonstration.key", d->keys);
	d->c->config.bundle_key = d->bundle_key;
	return ERR_OK;
}

static int open_parts(struct demo_fleet *d, struct errmsg *e)
{
	struct centre *c = d->c;
	char path[PLACE + 16], folder[PLACE + 16];
	struct spool_config spool = {.path = path};
	struct fleet_setup setup = {.loop = c->loop,
				    .log = &c->log,
				    .store = c->store,
				    .keys = c->keys,
				    .keys_folder = d->keys,
				    .folder = folder,
				    .ca = &c->ca,
				    .life_s = c->config.certificate_s,
				    .stale_s = c->config.stale_minutes * 60,
				    .audit = c->audit};
	struct link_setup link = {.loop = c->loop,
				  .keys = c->keys,
				  .log = &c->log,
				  .peers = ROLE_SET(ROLE_SENSOR) | ROLE_SET(ROLE_MITIGATOR),
				  .program = "banken-centre",
				  .build = BANKEN_VERSION};

	snprintf(path, sizeof(path), "%.500s/spool.db", c->state_folder);
	snprintf(folder, sizeof(folder), "%.500s/fleet", c->state_folder);
	c->spool = spool_open(&spool, NULL, e);
	setup.spool = link.spool = c->spool;
	c->fleet = c->spool ? fleet_new(&setup, e) : NULL;
	if (!c->fleet)
		return ERR_IO;
	c->ingest = (struct ingest){
		.store = c->store, .log = &c->log, .loop = c->loop, .fleet = c->fleet};
	link.ops = ingest_ops(&c->ingest);
	/* Nobody has a certificate of a CA that is a minute old. */
	c->server = link_server_new(&link, "127.0.0.1:0", e);
	if (!c->server)
		return ERR_IO;
	c->ingest.server = c->server;
	fleet_serve(c->fleet, c->server);
	return ERR_OK;
}

/* --- what is in it --- */

/* Those rules of the cast that are rules, and some that never spoke. */
static int write_rules(char ret[TEXT], unsigned version)
{
	size_t n = 0;

	for (size_t i = 0; i < demo_threat_count; i++) {
		const struct demo_threat *t = &demo_threats[i];

		if (t->gid == 1)
			n += (size_t)snprintf(ret + n, TEXT - n,
					      "alert tcp any any -> any any (msg:\"%s\"; "
					      "content:\"demonstration %zu\"; sid:%u; rev:%u;)\n",
					      t->msg, i, t->sid, version);
	}
	for (unsigned i = 0; i < QUIET_RULES * version; i++)
		n += (size_t)snprintf(
			ret + n, TEXT - n,
			"%salert http any any -> any any (msg:\"Exploit attempt %u\"; "
			"content:\"exploit-%u\"; sid:%u; rev:1;)\n",
			i % 5 == 4 ? "#" : "", i + 1, i, 2200001 + i);
	return (int)n;
}

static int add_bundle(struct demo_fleet *d, unsigned version, struct errmsg *e)
{
	static const char pack[] =
		"{\"name\":\"demonstration\",\"title\":{\"en\":\"Rules of the demonstration\","
		"\"ja\":\"デモ用ルール\"},\"text\":{\"en\":\"What the made-up alerts are about.\","
		"\"ja\":\"デモの検知に対応するルールです。\"}}";
	struct bundle head = {.kind = BUNDLE_SIGNATURES};
	struct bundle_source files[2] = {{.path = "rules/demonstration.rules"},
					 {.path = "packs/demonstration.json"}};
	char *text = malloc(TEXT);
	struct bundle_made made;
	int rc;

	if (!text)
		return ERR_NOMEM;
	files[0].content = SLICE(text, (size_t)write_rules(text, version));
	files[1].content = SLICE_STR(pack);
	snprintf(head.name, sizeof(head.name), "signatures");
	snprintf(head.note, sizeof(head.note), version == 1 ? "October" : "November");
	rc = bundle_publish(d->c, &head, files, 2, "vendor", "monthly signatures", &made, e);
	free(text);
	return rc;
}

static int change(struct demo_fleet *d, const char *who, json_t *request, struct errmsg *e)
{
	struct local_peer peer = {.uid = geteuid(), .account = who};
	json_t *answer = fleet_do_change(d->c->fleet, &peer, request, e);
	int rc = answer ? ERR_OK : ERR_IO;

	json_decref(request);
	json_decref(answer);
	return rc;
}

/* A configuration that was approved, and one that waits for a second person. */
static int add_configurations(struct demo_fleet *d, struct errmsg *e)
{
	int rc = change(d, "operator",
			json_pack("{ss ss ss ss}", "what", "configuration", "scope", "fleet",
				  "body", "log-level: info\n", "reason", "as it was agreed"),
			e);

	rc = rc == ERR_OK ? change(d, "administrator",
				   json_pack("{ss ss si sb ss}", "what", "review", "scope", "fleet",
					     "version", 1, "approve", 1, "note", "looks right"),
				   e)
			  : rc;
	return rc == ERR_OK ? change(d, "operator",
				     json_pack("{ss ss ss ss}", "what", "configuration", "scope",
					       "site:kobe-port", "body", "log-level: debug\n",
					       "reason", "to find why one direction is missing"),
				     e)
			    : rc;
}

static int fill(struct demo_fleet *d, struct errmsg *e)
{
	int rc = add_bundle(d, 1, e);

	rc = rc == ERR_OK ? add_bundle(d, 2, e) : rc;
	rc = rc == ERR_OK ? add_configurations(d, e) : rc;
	return rc == ERR_OK ? change(d, "operator",
				     json_pack("{ss ss ss si ss}", "what", "rollout", "kind",
					       "bundle", "version", "signatures-1", "soak_s", 0,
					       "reason", "monthly signatures"),
				     e)
			    : rc;
}

/* --- the boxes --- */

static struct identity identity_of(unsigned site, bool sensor)
{
	struct identity id = {.role = sensor ? ROLE_SENSOR : ROLE_MITIGATOR};

	snprintf(id.name, sizeof(id.name), "%s",
		 sensor ? demo_sites[site].sensor : demo_sites[site].mitigator);
	snprintf(id.site, sizeof(id.site), "%s", demo_sites[site].site);
	return id;
}

static void come(struct demo_fleet *d)
{
	for (unsigned i = 0; i < DEMO_SITES; i++) {
		struct identity sensor = identity_of(i, true), mitigator = identity_of(i, false);

		struct errmsg e;

		if (i != DEMO_SILENT_SITE)
			(void)fleet_up(d->c->fleet, &sensor);
		else
			(void)fleet_box_up(d->c->store, &sensor,
					   loop_wall(d->c->loop) - DEMO_SILENT_MIN * NS_PER_MIN,
					   &e);
		(void)fleet_up(d->c->fleet, &mitigator);
	}
}

static void say_well(struct demo_fleet *d)
{
	static const struct component_version runs[] = {{"banken-control", BANKEN_VERSION}};
	uint64_t now = loop_wall(d->c->loop);
	struct message m = {.kind = MESSAGE_REPORT};
	struct errmsg e;

	d->frames += FRAMES_A_TURN;
	m.report = (struct report){.time = now, .kind = REPORT_HEALTH};
	m.report.health = (struct sensor_health){.uptime = (now - d->begun) / NS_PER_SEC,
						 .dataplane_alive = true,
						 .rx_packets = d->frames,
						 .processed = d->frames,
						 .versions = {(void *)(uintptr_t)runs, 1}};
	for (unsigned i = 0; i < DEMO_SITES; i++) {
		m.report.sensor = demo_sites[i].sensor;
		if (i != DEMO_SILENT_SITE)
			(void)fleet_message(d->c->fleet, demo_sites[i].sensor, &m, &e);
	}
}

/* What it was offered: the answer names it. */
static void offered(struct demo_fleet *d, json_int_t rollout, const char *box,
		    char ret_sha256[FLEET_HEX], char ret_version[64])
{
	struct db_stmt *st = store_prepare(
		d->c->store,
		"SELECT sha256, version FROM rollout_boxes WHERE rollout = ?1 AND box = ?2", NULL);

	ret_sha256[0] = ret_version[0] = 0;
	if (!st)
		return;
	bind_number(st, 1, (uint64_t)rollout);
	bind_text(st, 2, box);
	if (db_step(st)) {
		snprintf(ret_sha256, FLEET_HEX, "%s", column_text(st, 0));
		snprintf(ret_version, 64, "%s", column_text(st, 1));
	}
	db_end(st);
}

/* As a box would say that the file is in force. */
static void obey(struct demo_fleet *d, const json_t *rollout, const json_t *box)
{
	const char *step = json_string_value(json_object_get(box, "step"));
	const char *name = json_string_value(json_object_get(box, "box"));
	bool back = step && strcmp(step, "going-back") == 0;
	struct message m = {.kind = MESSAGE_ARTEFACT_RESULT};
	json_int_t number = json_integer_value(json_object_get(rollout, "id"));
	char id[48], sha256[FLEET_HEX], version[64];
	struct errmsg e;

	if (!name || !step || (!back && strcmp(step, "offered") != 0) ||
	    strcmp(name, demo_sites[DEMO_SILENT_SITE].sensor) == 0)
		return;
	snprintf(id, sizeof(id), "r%lld%s", (long long)number, back ? ".back" : "");
	offered(d, number, name, sha256, version);
	m.artefact_result = (struct artefact_result){.id = id,
						     .version = version,
						     .sha256 = sha256,
						     .state = ARTEFACT_STATE_IN_FORCE,
						     .text = "",
						     .time = loop_wall(d->c->loop)};
	if (artefact_kind_parse(json_string_value(json_object_get(rollout, "kind")),
				&m.artefact_result.kind) < 0 ||
	    store_begin(d->c->store, &e) != ERR_OK)
		return;
	if (fleet_message(d->c->fleet, name, &m, &e) != ERR_OK ||
	    store_commit(d->c->store, &e) != ERR_OK)
		store_rollback(d->c->store);
}

static json_t *ask(struct demo_fleet *d, json_t *request)
{
	struct local_peer peer = {.uid = geteuid(), .account = "demonstration"};
	struct errmsg e;
	json_t *answer = fleet_do_read(d->c->fleet, &peer, request, &e);

	json_decref(request);
	return answer;
}

static bool goes_on(const json_t *rollout)
{
	const char *state = json_string_value(json_object_get(rollout, "state"));

	return state && (strcmp(state, "running") == 0 || strcmp(state, "rolling-back") == 0);
}

static void turn(void *ctx)
{
	struct demo_fleet *d = ctx;
	json_t *all = ask(d, json_pack("{ss}", "what", "rollouts")), *row, *one, *box;
	size_t i, k;

	say_well(d);
	json_array_foreach(json_object_get(all, "rollouts"), i, row)
	{
		if (!goes_on(row))
			continue;
		one = ask(d, json_pack("{ss sO}", "what", "rollout", "id",
				       json_object_get(row, "id")));
		json_array_foreach(json_object_get(json_object_get(one, "rollout"), "boxes"), k,
				   box) obey(d, row, box);
		json_decref(one);
	}
	json_decref(all);
	loop_timer_set(d->c->loop, &d->timer, TURN_S * NS_PER_SEC);
}

struct demo_fleet *demo_fleet_start(struct centre *c, struct errmsg *err)
{
	struct demo_fleet *d = calloc(1, sizeof(*d));
	int rc = d ? ERR_OK : errmsg_set(err, ERR_NOMEM, "no memory");

	if (rc != ERR_OK)
		return NULL;
	d->c = c;
	d->begun = loop_wall(c->loop) - NS_PER_DAY;
	rc = make_keys(d, err);
	rc = rc == ERR_OK ? open_parts(d, err) : rc;
	if (rc == ERR_OK) {
		come(d);
		rc = fill(d, err);
	}
	if (rc != ERR_OK) {
		free(d);
		return NULL;
	}
	d->timer = (struct loop_timer){.fn = turn, .ctx = d};
	loop_timer_set(c->loop, &d->timer, TURN_S * NS_PER_SEC);
	return d;
}

void demo_fleet_stop(struct demo_fleet *d)
{
	if (!d)
		return;
	loop_timer_stop(d->c->loop, &d->timer);
	free(d);
}

#include "control/sensor/control.h"

#include <grp.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/sensor/memory/memory.h"
#include "control/sensor/retro/search.h"
#include "control/sensor/site/site.h"
#include "control/wire/file.h"
#include "dataplane/base/clock.h"

#ifndef BANKEN_VERSION
#define BANKEN_VERSION "0.1.0"
#endif

enum { RECENT_ALERTS = 1000, RECENT_BYTES = 8 << 20, FIRST_HEALTH_MS = 500 };

static int store(void *ctx, const struct link_item *items, size_t n, struct errmsg *e)
{
	struct control *c = ctx;

	return orders_store(c->orders, items, n, e);
}

static void health_due(void *ctx)
{
	struct control *c = ctx;
	uint64_t now = loop_wall(c->loop);
	struct errmsg e = {0};
	struct report r;

	health_report(c->health, now, &r);
	if (outbox_send(&c->outbox, &r, LANE_STATE, OUTBOX_FOR_BOTH, now, &e))
		log_warn(c->log, "a health report is lost: %s", e.text);
	(void)loop_timer_set(c->loop, &c->health_timer, c->conf->health_seconds * NS_PER_SEC);
}

static int open_spool(struct control *c, struct errmsg *e)
{
	char path[300];
	struct spool_config s = {
		.path = path,
		.max_bytes = c->conf->spool.max_mb << 20,
		.urgent_percent = (unsigned)c->conf->spool.urgent_percent,
		.ballast_bytes = c->conf->spool.ballast_mb << 20,
	};
	bool damaged = false;
	int rc = file_make_folder(c->conf->statedir, 0750, e);

	if (rc)
		return rc;
	snprintf(path, sizeof(path), "%s/spool.db", c->conf->statedir);
	c->spool = spool_open(&s, &damaged, e);
	if (damaged && c->spool)
		log_error(c->log, "the spool %s was damaged and was put aside beside it", path);
	return c->spool ? 0 : ERR_IO;
}

static int time_zone_minutes(void)
{
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	return (int)(tm.tm_gmtoff / 60);
}

static int make_converter(struct control *c, struct errmsg *e)
{
	c->hosts = hosts_new(c->conf->networks.items, c->conf->networks.n);
	c->convert = calloc(1, sizeof(*c->convert));
	c->recent = recent_new(RECENT_ALERTS, RECENT_BYTES);
	if (!c->hosts || !c->convert || !c->recent)
		return errmsg_set(e, ERR_NOMEM, "no memory to start");
	c->convert->hosts = c->hosts;
	c->convert->oui = oui_load(OUI_FILE);
	c->convert->sensor = tls_keys_identity(c->keys)->name;
	c->convert->community_id = c->conf->community_id;
	c->convert->offset_minutes = time_zone_minutes();
	if (c->conf->eve.enabled)
		c->evelog = evelog_open(c->conf->eve.folder, e);
	return c->conf->eve.enabled && !c->evelog ? ERR_IO : 0;
}

/* Without it everything else works: a sentence is enough. */
static void start_search(struct control *c)
{
	struct search_setup s = {.loop = c->loop,
				 .log = c->log,
				 .outbox = &c->outbox,
				 .convert = c->convert,
				 .lists = c->conf->search.lists,
				 .max_mb = c->conf->search.max_mb,
				 .disk_percent = (unsigned)c->conf->search.disk_percent};
	struct errmsg e = {""};
	char folder[300];

	snprintf(folder, sizeof(folder), "%.250s/records", c->conf->statedir);
	s.folder = c->conf->search.folder[0] ? c->conf->search.folder : folder;
	c->search = search_new(&s, &e);
	if (e.text[0])
		log_warn(c->log, "records are not kept for search: %s", e.text);
}

static void start_site(struct control *c)
{
	struct errmsg e = {""};
	char path[300];
	struct site_setup s = {.loop = c->loop, .log = c->log, .path = path, .hosts = c->hosts};

	snprintf(path, sizeof(path), "%.250s/learnt.json", c->conf->statedir);
	c->site = site_new(&s, &e);
	if (!c->site)
		log_warn(c->log, "%s", e.text);
}

static void start_memory(struct control *c)
{
	const struct conf_behave *conf = &c->conf->behave;
	struct errmsg e = {""};
	char path[300];
	struct memory_setup s = {.loop = c->loop,
				 .log = c->log,
				 .path = path,
				 .hosts = c->hosts,
				 .config = behave_config_default,
				 .save_seconds = conf->save_seconds,
				 .offer = c->site ? site_offer : NULL,
				 .verdict = c->site ? site_verdict : NULL,
				 .ctx = c->site};

	if (!conf->enabled)
		return;
	snprintf(path, sizeof(path), "%.250s/behaviour", c->conf->statedir);
	s.config.memory_mb = 1;
	s.config.past_mb = (unsigned)conf->memory_mb;
	s.config.utc_offset_minutes = c->convert->offset_minutes;
	s.config.limits.learn_days = (uint32_t)conf->learn_days;
	s.config.limits.learn_seconds = (uint32_t)conf->learn_days * 86400;
	s.config.limits.history_days = (uint32_t)conf->history_days;
	c->memory = memory_new(&s, &e);
	if (!c->memory)
		log_warn(c->log, "%s", e.text);
}

static void start_samples(struct control *c)
{
	const struct samples_setup s = {.log = c->log,
					.conf = &c->conf->samples,
					.statedir = c->conf->statedir,
					.outbox = &c->outbox};
	struct errmsg e = {""};

	c->samples = samples_new(&s, &e);
	if (!c->samples)
		log_warn(c->log, "no sample is handed over: %s", e.text);
}

static void start_again(void *ctx)
{
	struct control *c = ctx;

	log_info(c->log, "starting again with the configuration of the centre");
	c->again = true;
	loop_stop(c->loop);
}

/* ---- rule sets ---- */

static bool rules_run(void *ctx, uint64_t *ret_content)
{
	struct control *c = ctx;

	return c->health && health_rules(c->health, loop_wall(c->loop), ret_content);
}

static void settled(void *ctx, enum artefact_kind kind, int rc, const char *sentence)
{
	struct control *c = ctx;

	artefact_settle(box_artefacts(steer_box(c->steer)), kind, rc, sentence);
}

static void start_deployed(struct control *c)
{
	const struct deployed_setup s = {.loop = c->loop,
					 .log = c->log,
					 .folder = c->conf->bundle.folder,
					 .helper = c->bundles,
					 .runs = rules_run,
					 .settled = settled,
					 .ctx = c};

	c->deployed = deployed_new(&s);
}

static int start_firmware(struct control *c, struct errmsg *e)
{
	const struct firmware_setup s = {.loop = c->loop,
					 .log = c->log,
					 .statedir = c->conf->statedir,
					 .answer = c->conf->firmware.answer,
					 .settled = settled,
					 .ctx = c};

	if (!c->conf->firmware.answer[0])
		return 0;
	c->firmware = firmware_new(&s, e);
	return c->firmware ? 0 : ERR_IO;
}

static int start_steering(struct control *c, struct errmsg *e)
{
	struct steer_setup s = {.loop = c->loop,
				.log = c->log,
				.keys = c->keys,
				.conf = c->conf,
				.outbox = &c->outbox,
				.try = c->try,
				.again = start_again,
				.ctx = c};

	if (start_firmware(c, e))
		return ERR_IO;
	start_deployed(c);
	s.deployed = c->deployed;
	s.firmware = c->firmware;
	c->steer = steer_new(&s, e);
	return c->steer ? 0 : ERR_IO;
}

static int start_forward(struct control *c, struct errmsg *e)
{
	const struct forward_setup s = {.loop = c->loop,
					.log = c->log,
					.ways = c->ways,
					.sensor = tls_keys_identity(c->keys)->name,
					.site = tls_keys_identity(c->keys)->site};

	if (!c->ways || !c->ways->n)
		return 0;
	c->forward = forward_new(&s);
	return c->forward ? 0 : errmsg_set(e, ERR_NOMEM, "no memory to forward alerts");
}

static int start_drain(struct control *c, struct errmsg *e)
{
	struct drain_setup drain = {
		.loop = c->loop,
		.log = c->log,
		.rundir = c->conf->rundir,
		.outbox = &c->outbox,
		.convert = c->convert,
		.evelog = c->evelog,
		.forward = c->forward,
		.recent = c->recent,
		.records_to_centre = c->conf->records_to_centre,
		.search = c->search,
		.memory = c->memory,
		.site = c->site,
	};
	struct health_setup health = {
		.deployed = c->deployed,
		.rundir = c->conf->rundir,
		.statedir = c->conf->statedir,
		.build = BANKEN_VERSION,
		.config_version = c->conf->version,
		.outbox = &c->outbox,
		.keys = c->keys,
		.box = steer_box(c->steer),
		.mirror_window_s = c->conf->mirror_window_seconds,
		.vlans = c->vlans,
		.n_vlans = c->conf->vlans.n < 64 ? c->conf->vlans.n : 64,
	};
	struct orders_setup orders = {
		.loop = c->loop,
		.log = c->log,
		.rundir = c->conf->rundir,
		.outbox = &c->outbox,
		.keys = c->keys,
		.box = steer_box(c->steer),
		.samples = c->samples,
		.evidence = {.loop = c->loop,
			     .log = c->log,
			     .outbox = &c->outbox,
			     .keys = c->keys,
			     .folder = c->conf->evidence.folder,
			     .give = (enum evidence_give)c->conf->evidence.give},
	};

	for (size_t i = 0; i < health.n_vlans; i++)
		c->vlans[i] = (uint16_t)strtoul(c->conf->vlans.items[i], NULL, 10);
	c->drain = drain_new(&drain, e);
	health.drain = c->drain;
	c->health = c->drain ? health_new(&health, loop_wall(c->loop)) : NULL;
	orders.health = c->health;
	c->orders = c->health ? orders_new(&orders, e) : NULL;
	return c->orders ? 0 : ERR_IO;
}

static void passing(void *ctx, const struct identity *peer, struct slice payload)
{
	struct control *c = ctx;

	(void)peer;
	steer_passing(c->steer, payload);
}

static void centre_up(void *ctx, const struct identity *peer)
{
	struct control *c = ctx;

	(void)peer;
	box_up(steer_box(c->steer));
}

static struct link *start_link(struct control *c, const char *destination, const char *address,
			       enum wire_role role, struct errmsg *e)
{
	struct link_setup s = {
		.loop = c->loop,
		.keys = c->keys,
		.spool = c->spool,
		.log = c->log,
		.ops = {.store = store, .ctx = c},
		.peers = ROLE_SET(role),
		.program = "banken-control",
		.build = BANKEN_VERSION,
	};

	if (role == ROLE_CENTRE) {
		s.ops.passing = passing;
		s.ops.up = centre_up;
	}
	return link_new(&s, destination, address, e);
}

static int start_links(struct control *c, struct errmsg *e)
{
	const char *mitigator = c->conf->mitigator.address, *centre = c->conf->centre.address;

	c->outbox.to_mitigator = mitigator[0];
	c->outbox.to_centre = centre[0];
	if (mitigator[0]) {
		c->outbox.mitigator = start_link(c, OUTBOX_MITIGATOR, mitigator, ROLE_MITIGATOR, e);
		if (!c->outbox.mitigator)
			return ERR_INVALID;
	}
	if (centre[0]) {
		c->outbox.centre = start_link(c, OUTBOX_CENTRE, centre, ROLE_CENTRE, e);
		if (!c->outbox.centre)
			return ERR_INVALID;
	}
	if (!mitigator[0] && !centre[0])
		log_warn(c->log, "neither a mitigator nor a centre is configured: nothing is "
				 "reported");
	return 0;
}

static int start_local(struct control *c, struct errmsg *e)
{
	char path[128];
	struct local_setup s = {
		.loop = c->loop,
		.log = c->log,
		.path = path,
		.group = (gid_t)-1,
		.commands = control_commands,
		.n_commands = control_n_commands,
		.ctx = c,
	};

	if (c->conf->group[0]) {
		struct group *g = getgrnam(c->conf->group);

		if (!g)
			return errmsg_set(e, ERR_NOTFOUND, "group %s does not exist",
					  c->conf->group);
		s.group = g->gr_gid;
	}
	snprintf(path, sizeof(path), "%s/banken-control.sock", c->conf->rundir);
	c->local = local_server_new(&s, e);
	return c->local ? 0 : ERR_IO;
}

int control_start(struct control *c, struct errmsg *e)
{
	int rc = open_spool(c, e);

	if (rc)
		return rc;
	outbox_init(&c->outbox, c->spool, tls_keys_identity(c->keys)->name);
	rc = make_converter(c, e);
	if (rc == 0) {
		start_search(c);
		start_site(c);
		start_memory(c);
		start_samples(c);
	}
	if (rc == 0)
		rc = start_steering(c, e);
	if (rc == 0)
		rc = start_forward(c, e);
	if (rc == 0)
		rc = start_drain(c, e);
	if (rc == 0)
		rc = start_links(c, e);
	if (rc == 0)
		rc = start_local(c, e);
	c->health_timer = (struct loop_timer){.fn = health_due, .ctx = c};
	if (rc == 0)
		rc = loop_timer_set(c->loop, &c->health_timer, FIRST_HEALTH_MS * NS_PER_MS);
	return rc;
}

void control_stop(struct control *c)
{
	loop_timer_stop(c->loop, &c->health_timer);
	local_server_delete(c->local);
	link_delete(c->outbox.mitigator);
	link_delete(c->outbox.centre);
	orders_free(c->orders);
	samples_free(c->samples);
	steer_delete(c->steer);
	deployed_free(c->deployed);
	firmware_free(c->firmware);
	health_free(c->health);
	drain_delete(c->drain);
	memory_delete(c->memory);
	site_free(c->site);
	search_free(c->search);
	recent_free(c->recent);
	evelog_close(c->evelog);
	forward_delete(c->forward);
	if (c->convert)
		oui_free(c->convert->oui);
	free(c->convert);
	hosts_free(c->hosts);
	spool_close(c->spool);
}

/* What comes over the links: reports of sensors, statuses of enforcers. */
#include <string.h>

#include "control/mitigator/incident/story_json.h"
#include "control/mitigator/mitigator.h"
#include "control/wire/seen.h"

/* A file that can bring something in: remembered with its hash, in case an incident follows. */
static void on_file(struct mitigator *m, const struct flow_summary *f)
{
	json_t *line = json_loadb((const char *)f->eve.data, f->eve.len, JSON_ALLOW_NUL, NULL);
	const struct host *h = hosts_by_ip(m->decide.hosts, &f->flow.dst);
	struct incident_file file = {.time = f->end, .peer = f->flow.src};

	if (h && incident_file_of(line, &file))
		incidents_note_file(m->decide.incidents, h->id, &file);
	json_decref(line);
}

static void on_report(struct mitigator *m, const struct report *r, const char *peer)
{
	struct cut_now now = mitigator_now(m);

	m->count.reports++;
	if (r->kind == REPORT_ALERT && alert_is_self_test(&r->alert))
		return; /* nobody is judged by it */
	if (r->kind == REPORT_ALERT) {
		except_note(m, &r->alert, peer);
		decide_alert(&m->decide, &r->alert, peer, now);
	} else if (r->kind == REPORT_FLOW && strcmp(r->flow.event_type, "fileinfo") == 0)
		on_file(m, &r->flow);
	else if (r->kind == REPORT_HOST_FACT)
		decide_fact(&m->decide, &r->host_fact, peer, now);
	else if (r->kind == REPORT_HEALTH)
		peers_health(m, peer, &r->health);
}

static void on_watch(struct mitigator *m, const struct watch_result *w, const char *peer)
{
	uint32_t number;
	uint64_t id;
	struct cut *c;

	m->count.watches++;
	if (!cut_command_parse(m->name, w->command_id, &id, &number))
		return;
	c = cuts_find(m->decide.cuts, id);
	if (c && strcmp(c->watch_id, w->command_id) == 0)
		cuts_seen(m->decide.cuts, c, peer, w, mitigator_now(m));
}

/* Each kind only from whom it may come. */
static void on_message(struct mitigator *m, const struct message *msg, const struct identity *peer)
{
	bool sensor = peer->role == ROLE_SENSOR;

	if (msg->kind == MESSAGE_REPORT && sensor && msg->report.kind == REPORT_WATCH) {
		on_watch(m, &msg->report.watch, peer->name);
	} else if (msg->kind == MESSAGE_REPORT && sensor) {
		on_report(m, &msg->report, peer->name);
	} else if (msg->kind == MESSAGE_STATUS && (sensor || peer->role == ROLE_ENFORCER)) {
		m->count.statuses++;
		if (!sensor || !collect_status(m, &msg->status, peer))
			orders_status(m, &msg->status, peer);
	} else if (msg->kind == MESSAGE_SAMPLE_PART && sensor) {
		collect_part(m, &msg->sample_part, peer);
	} else {
		m->count.malformed++;
		log_warn(&m->log, "a %s of %s %s is of no use here", message_kind_text(msg->kind),
			 role_text(peer->role), peer->name);
	}
}

static int on_item(struct mitigator *m, const struct link_item *item, struct errmsg *e)
{
	struct identity peer = {.role = item->role};
	struct errmsg why = {""};
	struct message *msg;
	int rc = seen_new(m->db, item, e);

	if (rc <= 0) {
		m->count.doubles += rc == 0;
		return rc;
	}
	snprintf(peer.name, sizeof(peer.name), "%s", item->peer);
	msg = message_decode(item->payload, &why);
	if (msg) {
		on_message(m, msg, &peer);
	} else {
		m->count.malformed++;
		log_warn(&m->log, "a message of %s is malformed: %s", item->peer, why.text);
	}
	message_free(msg);
	return 0;
}

static int store(void *ctx, const struct link_item *items, size_t n, struct errmsg *e)
{
	struct mitigator *m = ctx;
	int rc = mitigator_begin(m, e);

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = on_item(m, &items[i], e);
	/* Acknowledged when this returns, so the turn is closed here. */
	return rc == 0 ? mitigator_commit(m, e) : rc;
}

static void passing(void *ctx, const struct identity *peer, struct slice payload)
{
	struct mitigator *m = ctx;
	struct errmsg e = {""};
	struct message *msg = message_decode(payload, &e);

	if (msg && msg->kind == MESSAGE_ENROL_REQUEST && peer->role == ROLE_ENFORCER)
		steer_relay(m, &msg->enrol_request, peer);
	else if (msg && mitigator_begin(m, &e) == 0)
		on_message(m, msg, peer);
	else
		m->count.malformed++;
	message_free(msg);
}

/* "10.0.0.5:49152", "[2001:db8::5]:49152": the address without its port. */
static bool peer_address(const char *where, struct ip_addr *ret)
{
	const char *colon = strrchr(where, ':');
	char text[IP_ADDR_TEXT];
	size_t n;

	if (!colon)
		return false;
	n = (size_t)(colon - where);
	if (where[0] == '[' && n >= 2) {
		where++;
		n -= 2;
	}
	if (n >= sizeof(text))
		return false;
	memcpy(text, where, n);
	text[n] = 0;
	return ip_addr_parse(text, ret) == 0;
}

/* Whoever of us is connected is never cut (Q6). */
static void protect_peer(struct mitigator *m, const struct link_status *s)
{
	struct protect_entry e = {.source = PROTECT_OWN,
				  .bits = 128,
				  .has_prefix = true,
				  .since = mitigator_now(m).wall};

	if (!peer_address(s->where, &e.prefix) || !ip_addr_is_host(&e.prefix))
		return;
	snprintf(e.role, sizeof(e.role), "%s", role_text(s->peer.role));
	snprintf(e.note, sizeof(e.note), "%s is connected from there", s->peer.name);
	own_peer(m, &e);
}

static void up(void *ctx, const struct identity *peer)
{
	struct mitigator *m = ctx;
	struct link_status s;

	log_info(&m->log, "%s %s is connected", role_text(peer->role), peer->name);
	peers_note(m, peer, true, "");
	for (unsigned i = 0; link_server_peer(m->server, i, &s); i++) {
		if (strcmp(s.peer.name, peer->name) == 0)
			protect_peer(m, &s);
	}
	orders_peer_up(m, peer);
}

static void down(void *ctx, const struct identity *peer, const char *sentence)
{
	struct mitigator *m = ctx;

	log_info(&m->log, "%s %s is gone: %s", role_text(peer->role), peer->name, sentence);
	peers_note(m, peer, false, sentence);
}

struct link_ops ingest_server_ops(struct mitigator *m)
{
	return (struct link_ops){store, passing, up, down, m};
}

/* The centre may order cuts within the mandate, and steer what steer.c says; whatever else it sends
 * is passed over. */
static int on_centre_item(struct mitigator *m, const struct link_item *item, struct errmsg *e)
{
	struct errmsg why = {""};
	struct message *msg;
	int steered = 0, rc = seen_new(m->db, item, e);

	if (rc <= 0)
		return rc;
	msg = message_decode(item->payload, &why);
	if (msg && msg->kind == MESSAGE_COMMAND)
		vendor_order(m, msg, item->peer);
	else if (msg && msg->kind == MESSAGE_PERSON_ORDER)
		remote_order(m, msg, item->peer);
	else if (!msg || !box_take(m->box, msg, &steered, e))
		m->count.malformed++;
	message_free(msg);
	return steered;
}

static int store_centre(void *ctx, const struct link_item *items, size_t n, struct errmsg *e)
{
	struct mitigator *m = ctx;
	int rc = mitigator_begin(m, e);

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = on_centre_item(m, &items[i], e);
	return rc == 0 ? mitigator_commit(m, e) : rc;
}

static void centre_up(void *ctx, const struct identity *peer)
{
	struct mitigator *m = ctx;
	struct link_status s;

	log_info(&m->log, "connected to the centre %s", peer->name);
	link_status(m->centre, &s);
	protect_peer(m, &s);
	box_up(m->box);
}

static void centre_down(void *ctx, const struct identity *peer, const char *sentence)
{
	struct mitigator *m = ctx;

	log_warn(&m->log, "the centre is away: %s; decisions go on here", sentence);
}

struct link_ops ingest_centre_ops(struct mitigator *m)
{
	return (struct link_ops){store_centre, steer_passing, centre_up, centre_down, m};
}

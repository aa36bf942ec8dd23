#include "control/centre/fleet/fleet.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "control/centre/fleet/private.h"
#include "control/centre/fleet/rollouts.h"

enum { LIST_MOST = 1000, CODES_KEPT_DAYS = 90 };

const char *fleet_text(const json_t *request, const char *key)
{
	const char *s = json_string_value(json_object_get(request, key));

	return s ? s : "";
}

void fleet_audit(void *fleet, const char *actor, const char *what, json_t *detail)
{
	struct fleet *f = fleet;
	struct errmsg e = {""};

	if (f->setup.audit &&
	    audit_append(f->setup.audit, loop_wall(f->setup.loop), actor, what, detail, 0, &e) < 0)
		log_error(f->setup.log, "%s", e.text);
	json_decref(detail);
}

void fleet_actor(const struct local_peer *peer, char ret[64])
{
	const struct passwd *pw = peer->account ? NULL : getpwuid(peer->uid);

	snprintf(ret, 64, "%s", peer->account ? peer->account : pw ? pw->pw_name : "?");
}

/* ---- boxes ---- */

void fleet_stranger(void *fleet, struct tls_conn *conn, const char *where)
{
	struct fleet *f = fleet;

	door_guest(f->door, conn, where);
}

/* Known to be revoked beyond what fits into the keys' own list. */
static bool is_revoked(struct fleet *f, const struct identity *peer)
{
	struct fleet_cert c;
	struct errmsg e;

	return fleet_cert_find(f->setup.store, peer->serial, &c, &e) > 0 && c.revoked;
}

bool fleet_up(struct fleet *f, const struct identity *peer)
{
	uint64_t now = loop_wall(f->setup.loop);
	struct errmsg e = {""};

	if (is_revoked(f, peer))
		return false;
	if (fleet_box_up(f->setup.store, peer, now, &e) || enrol_came(&f->enrol, peer, now, &e) < 0)
		log_error(f->setup.log, "%s", e.text);
	fleet_trust_send(f, peer->name);
	rollouts_up(f->rollouts, peer);
	return true;
}

void fleet_down(struct fleet *f, const struct identity *peer)
{
	rollouts_down(f->rollouts, peer->name);
}

/* A mitigator asks for an enforcer of its own site, by the serial number of the certificate that it
 * sees; that one must hold. */
static bool stands_for(struct fleet *f, const struct identity *peer, const struct enrol_request *q,
		       struct identity *ret)
{
	uint64_t now = loop_wall(f->setup.loop);
	struct fleet_cert c;
	struct errmsg e;

	if (peer->role != ROLE_MITIGATOR || !q->code[0] ||
	    strcmp(q->role, role_text(ROLE_ENFORCER)) != 0 ||
	    fleet_cert_find(f->setup.store, q->code, &c, &e) <= 0 || c.revoked || c.until < now ||
	    strcmp(c.role, q->role) != 0 || strcmp(c.name, q->name) != 0 ||
	    strcmp(c.site, peer->site) != 0)
		return false;
	*ret = (struct identity){.role = ROLE_ENFORCER};
	snprintf(ret->name, sizeof(ret->name), "%s", c.name);
	snprintf(ret->site, sizeof(ret->site), "%s", c.site);
	snprintf(ret->serial, sizeof(ret->serial), "%s", c.serial);
	/* It is in use: those before it are void. */
	return enrol_came(&f->enrol, ret, now, &e) >= 0;
}

static void renew(struct fleet *f, const struct identity *asker, const struct enrol_request *q)
{
	bool for_another = strcmp(q->role, role_text(ROLE_ENFORCER)) == 0;
	struct identity other;
	const struct identity *peer = for_another ? &other : asker;
	struct message back = {.kind = MESSAGE_ENROL_ANSWER};
	struct enrol_memory *memory = calloc(1, sizeof(*memory));
	struct slice payload;
	struct errmsg e = {""};

	if (!memory)
		return;
	if (for_another && !stands_for(f, asker, q, &other)) {
		log_warn(f->setup.log, "%s asks for a certificate that is none of its enforcers'",
			 asker->name);
		free(memory);
		return;
	}
	enrol_renew(&f->enrol, q, peer, loop_wall(f->setup.loop), &back.enrol_answer, memory);
	/* Also when it is refused: the mitigator knows whom it is for. */
	if (for_another) {
		back.enrol_answer.name = other.name;
		back.enrol_answer.role = role_text(ROLE_ENFORCER);
	}
	if (message_encode(&back, &payload, &e) == 0) {
		(void)link_server_send_passing(f->server, asker->name, payload);
		payload_free(&payload);
	}
	free(memory);
}

void fleet_passing(struct fleet *f, const struct identity *peer, struct slice payload)
{
	struct errmsg e = {""};
	struct message *m = message_decode(payload, &e);

	if (m && m->kind == MESSAGE_ENROL_REQUEST && m->enrol_request.renew)
		renew(f, peer, &m->enrol_request);
	else if (m && m->kind == MESSAGE_ARTEFACT_WANT)
		rollouts_want(f->rollouts, peer->name, &m->artefact_want);
	message_free(m);
}

int fleet_message(struct fleet *f, const char *peer, const struct message *m, struct errmsg *e)
{
	if (m->kind == MESSAGE_TRUST_RESULT)
		return fleet_trust_result(f, peer, &m->trust_result, e);
	if (m->kind == MESSAGE_ARTEFACT_RESULT)
		return rollouts_result(f->rollouts, peer, &m->artefact_result, e);
	if (m->kind == MESSAGE_REPORT && m->report.kind == REPORT_HEALTH)
		return rollouts_health(f->rollouts, peer, &m->report, e);
	if (m->kind == MESSAGE_MITIGATOR_STATE && m->mitigator_state.versions.n)
		return rollouts_versions(f->rollouts, peer, &m->mitigator_state.versions, e);
	return ERR_OK;
}

/* ---- commands ---- */

/* A customer's account revokes its own boxes only; of others it is told nothing. */
static int check_customer(struct fleet *f, const json_t *request, const char *name,
			  struct errmsg *e)
{
	const char *customer = fleet_text(request, "customer");
	char whose[WIRE_NAME_MAX];
	struct fleet_cert c;

	if (!customer[0])
		return 0;
	if (fleet_cert_of_name(f->setup.store, name, &c, e) > 0 &&
	    fleet_site_customer(f->setup.store, c.site, whose, e) == 0 &&
	    strcmp(whose, customer) == 0)
		return 0;
	return errmsg_set(e, ERR_NOTFOUND, "there is no certificate and no code of %s that holds",
			  name);
}

static json_t *revoke(struct fleet *f, const json_t *request, const char *actor, struct errmsg *e)
{
	const char *name = fleet_text(request, "name"), *reason = fleet_text(request, "reason");

	if (!name[0] || check_customer(f, request, name, e) ||
	    enrol_revoke(&f->enrol, name, reason[0] ? reason : "revoked", actor,
			 loop_wall(f->setup.loop), e)) {
		if (!name[0])
			errmsg_set(e, ERR_INVALID, "\"name\" is missing");
		return NULL;
	}
	fleet_trust_changed(f);
	/* One that was made by hand and is not known here has no serial number on the list. */
	if (f->server)
		link_server_drop(f->server, name, "its certificate was revoked");
	return json_pack("{sb}", "ok", 1);
}

json_t *fleet_do_enrol(void *fleet, const struct local_peer *peer, const json_t *request,
		       struct errmsg *e)
{
	struct fleet *f = fleet;
	const char *what = fleet_text(request, "what");
	char actor[64];

	fleet_actor(peer, actor);
	if (strcmp(what, "code") == 0)
		return enrol_make_code(&f->enrol, request, actor, loop_wall(f->setup.loop), e);
	if (strcmp(what, "revoke") == 0)
		return revoke(f, request, actor, e);
	if (strcmp(what, "rotate") == 0)
		return fleet_rotate(f, request, actor, e);
	errmsg_set(e, ERR_INVALID, "\"what\" must be code, revoke or rotate");
	return NULL;
}

/* Why a box is stale; false when it is not. */
static bool is_stale(const struct fleet *f, const json_t *box, char why[128])
{
	uint64_t now = loop_wall(f->setup.loop);
	uint64_t seen = (uint64_t)json_integer_value(json_object_get(box, "last_seen"));
	uint64_t until = (uint64_t)json_integer_value(json_object_get(box, "certificate_until"));
	const char *program = fleet_text(box, "program_version");
	uint64_t life = f->setup.life_s * NS_PER_SEC;

	why[0] = '\0';
	if (!json_is_true(json_object_get(box, "up")) && now - seen > f->setup.stale_s * NS_PER_SEC)
		snprintf(why, 128, "no contact for %llu hours",
			 (unsigned long long)((now - seen) / NS_PER_HOUR));
	else if (until && until < now + life / 6)
		snprintf(why, 128, "its certificate runs out in %lld hours and was not renewed",
			 (long long)(until - now) / (long long)NS_PER_HOUR);
	else if (program[0] && strcmp(program, BANKEN_VERSION) != 0)
		snprintf(why, 128, "it runs version %.40s, the centre %s", program, BANKEN_VERSION);
	return why[0] != '\0';
}

static json_t *stale(struct fleet *f, const char *customer, struct errmsg *e)
{
	json_t *boxes = fleet_boxes(f->setup.store, customer, e), *box, *list = json_array();
	char why[128];
	size_t i;

	json_array_foreach(boxes, i, box)
	{
		if (!is_stale(f, box, why))
			continue;
		json_object_set_new(box, "why", json_string(why));
		json_array_append(list, box);
	}
	json_decref(boxes);
	return list;
}

json_t *fleet_do_change(void *fleet, const struct local_peer *peer, const json_t *request,
			struct errmsg *e)
{
	struct fleet *f = fleet;
	char actor[64];

	fleet_actor(peer, actor);
	return rollouts_change(f->rollouts, request, actor, e);
}

json_t *fleet_do_read(void *fleet, const struct local_peer *peer, const json_t *request,
		      struct errmsg *e)
{
	const char *what = fleet_text(request, "what"), *customer = fleet_text(request, "customer");
	struct fleet *f = fleet;
	json_t *list = NULL;

	(void)peer;
	if (strcmp(what, "boxes") == 0)
		list = fleet_boxes(f->setup.store, customer, e);
	else if (strcmp(what, "codes") == 0)
		list = fleet_codes(f->setup.store, customer, LIST_MOST, e);
	else if (strcmp(what, "certificates") == 0)
		list = fleet_certs(f->setup.store, customer, LIST_MOST, e);
	else if (strcmp(what, "stale") == 0)
		list = stale(f, customer, e);
	else
		return rollouts_read(f->rollouts, request, e);
	return list ? json_pack("{sb so}", "ok", 1, what, list) : NULL;
}

/* ---- life ---- */

/* What was on its way to the machine that had the name is not for this one; whom to trust is. */
static void begin_anew(struct fleet *f, const char *name)
{
	struct errmsg e = {""};

	if (spool_forget(f->setup.spool, name, &e) ||
	    fleet_box_set(f->setup.store, name, "trust", 0, &e))
		log_error(f->setup.log, "%s", e.text);
	rollouts_anew(f->rollouts, name);
}

static void certificate_given(void *ctx)
{
	struct fleet *f = ctx;

	if (f->enrol.enrolled[0])
		begin_anew(f, f->enrol.enrolled);
	f->enrol.enrolled[0] = '\0';
	/* Who had the name before is void. */
	if (f->enrol.has_revoked)
		fleet_trust_changed(f);
	f->enrol.has_revoked = false;
}

static void own_due(void *ctx)
{
	struct fleet *f = ctx;
	struct errmsg e = {""};

	(void)fleet_codes_expire(f->setup.store,
				 loop_wall(f->setup.loop) - CODES_KEPT_DAYS * NS_PER_DAY, &e);
	fleet_own_certificate(f);
}

struct fleet *fleet_new(const struct fleet_setup *setup, struct errmsg *e)
{
	struct fleet *f = calloc(1, sizeof(*f));
	struct door_setup door = {.loop = setup->loop, .log = setup->log};

	if (!f) {
		errmsg_set(e, ERR_NOMEM, "no memory for the fleet");
		return NULL;
	}
	f->setup = *setup;
	snprintf(f->folder, sizeof(f->folder), "%s", setup->folder);
	f->setup.folder = f->folder;
	f->timer = (struct loop_timer){.fn = own_due, .ctx = f};
	f->enrol = (struct enrol){.store = setup->store,
				  .log = setup->log,
				  .ca = setup->ca,
				  .life_s = setup->life_s,
				  .audit = fleet_audit,
				  .ctx = f};
	door.enrol = &f->enrol;
	door.given = certificate_given;
	door.ctx = f;
	if (fleet_tables(setup->store, e) == ERR_OK)
		f->door = door_new(&door, e);
	if (f->door && fleet_trust_begin(f, e) == 0)
		f->rollouts = rollouts_new(f, e);
	if (!f->rollouts || loop_timer_set(setup->loop, &f->timer, NS_PER_SEC)) {
		fleet_delete(f);
		return NULL;
	}
	return f;
}

void fleet_serve(struct fleet *f, struct link_server *server)
{
	f->server = server;
}

void fleet_delete(struct fleet *f)
{
	if (!f)
		return;
	loop_timer_stop(f->setup.loop, &f->timer);
	rollouts_delete(f->rollouts);
	door_delete(f->door);
	free(f);
}

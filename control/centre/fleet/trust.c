/* Whom everybody trusts: CAs and revoked certificates, told to every box; a new CA in three steps,
 * so that nobody stands outside in between. */
#include <stdlib.h>
#include <string.h>

#include "control/centre/fleet/private.h"
#include "control/wire/enrol/place.h"
#include "control/wire/sign.h"

enum { SHOWN = 10, OWN_LOOK_MOST_S = 3600 };

/* ---- our own keys ---- */

static int cas_of(const struct ca_set *set, struct trusted_ca ret[CA_HELPER_CAS])
{
	for (unsigned i = 0; i < set->n; i++)
		ret[i].der = SLICE(set->der[i], set->len[i]);
	return (int)set->n;
}

/* Serial numbers of rows; the array is the caller's, its texts the rows'. */
static struct text_list serials_of(const json_t *rows)
{
	size_t n = json_array_size(rows);
	const char **items = calloc(n + 1, sizeof(*items));

	for (size_t i = 0; items && i < n; i++)
		items[i] = json_string_value(json_object_get(json_array_get(rows, i), "serial"));
	return (struct text_list){items, items ? n : 0};
}

static int write_own(struct fleet *f, struct errmsg *e)
{
	json_t *rows = fleet_revoked(f->setup.store, "", loop_wall(f->setup.loop), e);
	struct text_list serials = serials_of(rows);
	struct trusted_ca cas[CA_HELPER_CAS];
	struct trusted_ca_list list = {cas, 0};
	struct ca_set set;
	int rc = rows ? 0 : ERR_IO;

	if (rc == 0)
		rc = enrol_place_revoked(f->setup.keys_folder, &serials, e);
	if (rc == 0 && f->setup.ca->fd >= 0) {
		rc = ca_helper_cas(f->setup.ca, &set, e);
		if (rc == 0) {
			list.n = (size_t)cas_of(&set, cas);
			rc = enrol_place_trust(f->setup.keys_folder, &list, e);
		}
	}
	free(serials.items);
	json_decref(rows);
	return rc;
}

static void read_own(struct fleet *f)
{
	struct errmsg e = {""};

	f->problem[0] = '\0';
	if (write_own(f, &e) || tls_keys_reload(f->setup.keys, &e)) {
		snprintf(f->problem, sizeof(f->problem), "%.250s", e.text);
		log_error(f->setup.log, "%s", e.text);
	}
	if (f->server)
		link_server_keys_changed(f->server);
}

int fleet_trust_begin(struct fleet *f, struct errmsg *e)
{
	struct errmsg why = {""};

	if (f->setup.ca->fd < 0)
		return 0; /* keys that were made by hand stay as they are */
	/* With another CA's keys, or on a disk that takes nothing, everything else still works. */
	if (write_own(f, &why) || tls_keys_reload(f->setup.keys, &why)) {
		snprintf(f->problem, sizeof(f->problem), "%.250s", why.text);
		log_error(f->setup.log, "the CA and the centre's keys in %s: %s",
			  f->setup.keys_folder, why.text);
	}
	return 0;
}

/* ---- telling ---- */

static int put(struct fleet *f, const struct fleet_box *box, uint64_t number, struct errmsg *e)
{
	json_t *rows = fleet_revoked(f->setup.store, box->site, loop_wall(f->setup.loop), e);
	struct text_list serials = serials_of(rows);
	struct message m = {.kind = MESSAGE_TRUST_ORDER};
	struct trusted_ca cas[CA_HELPER_CAS];
	struct slice payload;
	struct ca_set set;
	int rc = rows ? 0 : ERR_IO;

	m.trust_order = (struct trust_order){
		.number = number, .issued = loop_wall(f->setup.loop), .revoked = serials};
	if (rc == 0 && f->setup.ca->fd >= 0 && (rc = ca_helper_cas(f->setup.ca, &set, e)) == 0) {
		m.trust_order.cas.items = cas;
		m.trust_order.cas.n = (size_t)cas_of(&set, cas);
	}
	if (rc == 0)
		rc = sign_message(f->setup.keys, &m, &payload, e);
	if (rc == 0) {
		rc = spool_put(f->setup.spool, box->name, LANE_STATE, payload,
			       loop_wall(f->setup.loop), e);
		payload_free(&payload);
	}
	free(serials.items);
	json_decref(rows);
	return rc;
}

void fleet_trust_send(struct fleet *f, const char *name)
{
	struct fleet_box box;
	struct errmsg e = {""};
	uint64_t number = fleet_trust(f->setup.store, false, &e);
	int rc = fleet_box_find(f->setup.store, name, &box, &e);

	/* 1: nothing was ever revoked or changed. */
	if (rc <= 0 || box.trust >= number || number <= 1)
		return;
	rc = put(f, &box, number, &e);
	if (rc == 0)
		rc = fleet_box_set(f->setup.store, name, "trust", number, &e);
	if (rc)
		log_error(f->setup.log, "%s is not told whom to trust: %s", name, e.text);
	else if (f->server)
		link_server_wake(f->server, name);
}

void fleet_trust_changed(struct fleet *f)
{
	struct errmsg e = {""};
	struct link_status s;

	if (!fleet_trust(f->setup.store, true, &e))
		log_error(f->setup.log, "%s", e.text);
	read_own(f);
	/* Who is away is told when he comes. */
	for (unsigned i = 0; f->server && link_server_peer(f->server, i, &s); i++)
		fleet_trust_send(f, s.peer.name);
}

int fleet_trust_result(struct fleet *f, const char *peer, const struct trust_result *r,
		       struct errmsg *e)
{
	if (!r->accepted) {
		log_warn(f->setup.log, "%s does not trust as it is told: %s", peer, r->text);
		return ERR_OK;
	}
	return fleet_box_set(f->setup.store, peer, "trusts", r->number, e);
}

/* ---- a new CA ---- */

/* Boxes of which `is_behind` is true, as a list with commas; how many. */
static unsigned who_is_behind(struct fleet *f, bool (*is_behind)(const json_t *box, uint64_t value),
			      uint64_t value, char ret[256], struct errmsg *e)
{
	json_t *boxes = fleet_boxes(f->setup.store, "", e), *box;
	uint64_t now = loop_wall(f->setup.loop);
	unsigned n = 0;
	size_t i, at = 0;

	ret[0] = '\0';
	json_array_foreach(boxes, i, box)
	{
		uint64_t seen = (uint64_t)json_integer_value(json_object_get(box, "last_seen"));

		/* Who has been silent for long is no reason to wait: he is enrolled again. */
		if (now - seen > f->setup.stale_s * NS_PER_SEC || !is_behind(box, value))
			continue;
		if (n < SHOWN)
			at += (size_t)snprintf(ret + at, 256 - at, "%s%.20s", n ? ", " : "",
					       json_string_value(json_object_get(box, "name")));
		n++;
	}
	json_decref(boxes);
	return n;
}

static bool trusts_less(const json_t *box, uint64_t number)
{
	return (uint64_t)json_integer_value(json_object_get(box, "trusts")) < number;
}

static bool issued_before(const json_t *box, uint64_t when)
{
	return (uint64_t)json_integer_value(json_object_get(box, "certificate_issued")) <= when;
}

static int check_behind(struct fleet *f, enum ca_step step, struct errmsg *e)
{
	char names[256];
	unsigned n = 0;

	if (step == CA_STEP_SWITCH)
		n = who_is_behind(f, trusts_less, fleet_trust(f->setup.store, false, e), names, e);
	else if (step == CA_STEP_FINISH)
		n = who_is_behind(f, issued_before, fleet_kept(f->setup.store, "switched", e),
				  names, e);
	if (n)
		return errmsg_set(e, ERR_AGAIN,
				  "%u boxes are not ready for that step yet and would have to be "
				  "enrolled again (--force): %s",
				  n, names);
	return 0;
}

static int after_switch(struct fleet *f, struct errmsg *e)
{
	const struct identity *self = tls_keys_identity(f->setup.keys);
	uint64_t now = loop_wall(f->setup.loop);
	int rc = fleet_keep(f->setup.store, "switched", now, e);

	/* They name the old one. */
	if (rc == 0 && fleet_codes_withdraw(f->setup.store, "", "-", now, e) < 0)
		rc = ERR_IO;
	if (rc == 0)
		rc = enrol_own(f->setup.ca, f->setup.keys_folder, self->name, self->site,
			       f->setup.life_s, e);
	return rc;
}

json_t *fleet_rotate(struct fleet *f, const json_t *request, const char *actor, struct errmsg *e)
{
	static const char *const steps[CA_STEPS] = {"begin", "switch", "finish"};
	const char *word = fleet_text(request, "step");
	enum ca_step step = CA_STEP_BEGIN;
	int rc = 0;

	while (step < CA_STEPS && strcmp(steps[step], word) != 0)
		step++;
	if (step == CA_STEPS)
		rc = errmsg_set(e, ERR_INVALID, "\"step\" must be begin, switch or finish");
	if (rc == 0 && !json_is_true(json_object_get(request, "force")))
		rc = check_behind(f, step, e);
	if (rc == 0)
		rc = ca_helper_step(f->setup.ca, step, e);
	if (rc)
		return NULL;
	fleet_audit(f, actor, "CA changed", json_pack("{ss}", "step", word));
	/* Trusted first, then used: a kill between the two leaves both CAs trusted. */
	if (step == CA_STEP_SWITCH && after_switch(f, e))
		return NULL;
	fleet_trust_changed(f);
	log_warn(f->setup.log, "%s: the CA's change, step %s, is done", actor, word);
	return json_pack("{sb ss}", "ok", 1, "step", word);
}

/* ---- the centre's own certificate ---- */

static uint64_t own_pause(const struct fleet *f)
{
	uint64_t part = f->setup.life_s / 20;

	return part < 1 ? 1 : part > OWN_LOOK_MOST_S ? OWN_LOOK_MOST_S : part;
}

void fleet_own_certificate(struct fleet *f)
{
	const struct identity *self = tls_keys_identity(f->setup.keys);
	int64_t begin = tls_keys_begin(f->setup.keys), end = tls_keys_expiry(f->setup.keys);
	struct errmsg e = {""};

	(void)loop_timer_set(f->setup.loop, &f->timer, own_pause(f) * NS_PER_SEC);
	if (f->setup.ca->fd < 0)
		return;
	if ((int64_t)(loop_wall(f->setup.loop) / NS_PER_SEC) < end - (end - begin) / 3 &&
	    tls_keys_issued_by_first(f->setup.keys))
		return;
	if (enrol_own(f->setup.ca, f->setup.keys_folder, self->name, self->site, f->setup.life_s,
		      &e) == 0)
		log_info(f->setup.log, "the centre's own certificate was renewed");
	else
		log_error(f->setup.log, "the centre's own certificate cannot be renewed: %s",
			  e.text);
	read_own(f);
}

#include "control/centre/ingest/ingest.h"

#include <stdlib.h>

#include "control/centre/ingest/own.h"
#include "control/centre/store/evidence.h"
#include "control/centre/store/forwards.h"
#include "control/centre/store/orders.h"
#include "control/centre/store/selftests.h"
#include "dataplane/base/clock.h"

enum { PIECE = 32, TRIES = 4 };

static void tell(struct ingest *in, const char *peer, unsigned parts)
{
	if (in->changed)
		in->changed(in->ctx, peer, parts);
}

/* What of a mitigator's state is in the message. */
static unsigned parts_of(const struct mitigator_state *m)
{
	unsigned parts = INGEST_MANDATES;

	if (m->incidents.n)
		parts |= INGEST_INCIDENTS | INGEST_EMERGENCIES;
	if (m->quarantines.n)
		parts |= INGEST_CUTS | INGEST_EMERGENCIES;
	return m->hosts.n ? parts | INGEST_HOSTS : parts;
}

static int store_report(struct ingest *in, const char *peer, const struct report *r,
			struct errmsg *err)
{
	int rc;

	switch (r->kind) {
	case REPORT_ALERT:
		if (alert_is_self_test(&r->alert))
			return self_test_alert(in->store, peer, &r->alert, loop_wall(in->loop),
					       err);
		rc = store_alert(in->store, peer, &r->alert, err);
		tell(in, peer, INGEST_ALERTS);
		return rc == ERR_OK ? forward_note(in->store, peer, &r->alert, err) : rc;
	case REPORT_FLOW:
		return store_record(in->store, peer, &r->flow, err);
	case REPORT_HEALTH:
		return store_health(in->store, peer, r->time, &r->health, err);
	default:
		return ERR_OK; /* of no use to the centre */
	}
}

static int store_state(struct ingest *in, const char *peer, struct mitigator_state *m,
		       struct errmsg *err)
{
	void *ids;
	uint64_t foreign = own_state(peer, m, &ids);
	int rc = store_mitigator(in->store, peer, m, err);

	tell(in, peer, parts_of(m));
	rc = rc == ERR_OK ? store_mandate(in->store, peer, m, err) : rc;
	rc = rc == ERR_OK ? store_policy(in->store, peer, m, err) : rc;

	if (foreign) {
		in->foreign += foreign;
		log_warn(in->log, "%s names %llu cuts that are not its own: they are left out",
			 peer, (unsigned long long)foreign);
	}
	free(ids);
	return rc;
}

static int store_message(struct ingest *in, const char *peer, struct message *m, struct errmsg *err)
{
	switch (m->kind) {
	case MESSAGE_REPORT:
		return store_report(in, peer, &m->report, err);
	case MESSAGE_EVENT:
		return store_event(in->store, peer, &m->event, err);
	case MESSAGE_MITIGATOR_STATE:
		return store_state(in, peer, &m->mitigator_state, err);
	case MESSAGE_STATUS:
		if (in->status)
			in->status(in->ctx, peer, &m->status);
		return ERR_OK;
	case MESSAGE_LIST_PROPOSAL:
		return store_proposal(in->store, peer, &m->list_proposal, err);
	case MESSAGE_EVIDENCE_PART:
		return store_evidence(in->store, peer, &m->evidence_part, err);
	case MESSAGE_AUDIT_HEAD:
		return store_audit_head(in->store, peer, &m->audit_head, err);
	default:
		return ERR_OK;
	}
}

/* One item; what cannot be decoded is counted and passed over, or it would come for ever. */
static int take(struct ingest *in, const struct link_item *item, struct errmsg *err)
{
	struct errmsg why = {""};
	struct message *m;
	int rc = store_seen(in->store, item, err);

	if (rc <= 0)
		return rc;
	m = message_decode(item->payload, &why);
	if (!m) {
		in->malformed++;
		log_warn(in->log, "%s: a message is malformed and left out: %s", item->peer,
			 why.text);
		return ERR_OK;
	}
	rc = store_message(in, item->peer, m, err);
	if (rc == ERR_OK && in->fleet)
		rc = fleet_message(in->fleet, item->peer, m, err);
	message_free(m);
	in->stored += rc == ERR_OK;
	return rc;
}

static int store_batch(struct ingest *in, const struct link_item *items, size_t n, bool *ret_full,
		       struct errmsg *err)
{
	int rc = store_begin(in->store, err);

	for (size_t i = 0; i < n && rc == ERR_OK; i++)
		rc = take(in, &items[i], err);
	if (rc == ERR_OK)
		rc = store_commit(in->store, err);
	*ret_full = rc != ERR_OK && store_refused(in->store);
	if (rc != ERR_OK)
		store_rollback(in->store);
	return rc;
}

/* On a full disk: few at a time, so that the log needs little room, and the oldest make room for
 * each. What was stored before one failed comes again and is known. */
static int store_pieces(struct ingest *in, const struct link_item *items, size_t n,
			struct errmsg *err)
{
	int rc = ERR_OK;

	for (size_t at = 0; at < n && rc == ERR_OK; at += PIECE) {
		size_t piece = n - at < PIECE ? n - at : PIECE;
		bool full;

		for (int i = 0; i < TRIES && store_tight(in->store); i++) {
			if (store_make_room(in->store) <= 0)
				break;
		}
		rc = store_batch(in, items + at, piece, &full, err);
	}
	return rc;
}

static int store(void *ctx, const struct link_item *items, size_t n, struct errmsg *err)
{
	struct ingest *in = ctx;
	bool full;
	int rc;

	store_look(in->store, loop_now(in->loop) / NS_PER_SEC);
	full = store_full(in->store);
	rc = full ? ERR_IO : store_batch(in, items, n, &full, err);
	if (full && !in->told_full)
		log_error(in->log, "%s", err->text);
	in->told_full = full;
	if (full)
		rc = store_pieces(in, items, n, err);
	if (rc != ERR_OK)
		log_error(in->log, "nothing was acknowledged, peers will send again: %s",
			  err->text);
	return rc;
}

static void note_peer(struct ingest *in, const struct identity *peer, bool is_up)
{
	struct errmsg err;

	if (store_peer(in->store, peer->name, role_text(peer->role), peer->site, is_up,
		       loop_wall(in->loop), &err) != ERR_OK)
		log_error(in->log, "%s", err.text);
	tell(in, peer->name, INGEST_SENSORS);
}

static void up(void *ctx, const struct identity *peer)
{
	struct ingest *in = ctx;

	log_info(in->log, "%s %s of site %s is connected", role_text(peer->role), peer->name,
		 peer->site);
	note_peer(in, peer, true);
	if (in->fleet && !fleet_up(in->fleet, peer))
		link_server_drop(in->server, peer->name, "its certificate was revoked");
}

static void down(void *ctx, const struct identity *peer, const char *sentence)
{
	struct ingest *in = ctx;

	if (!peer || !peer->name[0])
		return;
	log_info(in->log, "%s %s is gone: %s", role_text(peer->role), peer->name, sentence);
	note_peer(in, peer, false);
	if (in->fleet)
		fleet_down(in->fleet, peer);
}

static void passing(void *ctx, const struct identity *peer, struct slice payload)
{
	struct ingest *in = ctx;

	if (in->fleet)
		fleet_passing(in->fleet, peer, payload);
}

static void stranger(void *ctx, struct tls_conn *conn, const char *where)
{
	struct ingest *in = ctx;

	fleet_stranger(in->fleet, conn, where);
}

struct link_ops ingest_ops(struct ingest *in)
{
	return (struct link_ops){.store = store,
				 .passing = passing,
				 .up = up,
				 .down = down,
				 .ctx = in,
				 .stranger = in->fleet ? stranger : NULL};
}

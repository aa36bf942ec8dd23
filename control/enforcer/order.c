/* Orders as they come over the link: judged, stored, then handed to enforce.c. */
#include <stdlib.h>
#include <string.h>

#include "control/enforcer/enforcer.h"
#include "control/wire/seen.h"
#include "control/wire/sign.h"
#include "dataplane/base/clock.h"

static const char destination[] = "mitigator";

void orders_tell(struct enforcer *e, const char *id, const struct held_answer *a,
		 const struct held_cut *cut)
{
	struct message m = {.kind = MESSAGE_STATUS};
	struct slice payload;
	struct errmsg err;

	m.status = (struct command_status){.command_id = id,
					   .state = a->state,
					   .time = loop_wall(e->loop),
					   .actor = tls_keys_identity(e->keys)->name,
					   .reason = a->reason,
					   .method = "enforcer"};
	if (cut) {
		m.status.drops = cut->drops;
		m.status.host.mac = cut->host.mac;
		if (cut->host.ips_n)
			m.status.host.ip = cut->host.ips[0];
	}
	if (message_encode(&m, &payload, &err) < 0 ||
	    spool_put(e->spool, destination, LANE_URGENT, payload, loop_wall(e->loop), &err) < 0)
		log_error(&e->log, "the answer to %s is not kept: %s", id, err.text);
	else
		link_wake(e->link);
	payload_free(&payload);
}

static void change(struct enforcer *e, enum nft_op op, const struct nft_host *host)
{
	if (e->changes_n >= ENFORCER_PENDING) {
		e->whole = true;
		return;
	}
	e->hosts[e->changes_n] = *host;
	e->changes[e->changes_n] = (struct nft_change){op, &e->hosts[e->changes_n]};
	e->changes_n++;
}

/* The same host: by MAC where both know one, else by an address. */
static bool same_host(const struct nft_host *a, const struct nft_host *b)
{
	if (!mac_addr_is_zero(&a->mac) && !mac_addr_is_zero(&b->mac))
		return mac_addr_eq(&a->mac, &b->mac);
	return true; /* held_sharing found a common address */
}

/* Takes out a held cut. Elements that another cut needs too may not go with it: then everything is
 * laid anew. */
static int take_out(struct enforcer *e, struct held_cut *c, struct errmsg *err)
{
	struct held_cut gone = *c;
	size_t i = 0;
	int rc = held_remove(e->held, gone.id, err);

	if (held_sharing(e->held, &gone.host, &i))
		e->whole = true;
	else
		change(e, NFT_REMOVE, &gone.host);
	return rc;
}

/* What the new order takes the place of: named by it, or the same host's. */
static int take_out_replaced(struct enforcer *e, const struct quarantine_command *q,
			     const struct nft_host *host, struct errmsg *err)
{
	struct held_cut *c = q->replaces[0] ? held_find(e->held, q->replaces) : NULL;
	size_t i = 0;

	if (c && take_out(e, c, err) < 0)
		return ERR_IO;
	while ((c = held_sharing(e->held, host, &i))) {
		if (!same_host(&c->host, host))
			continue;
		if (take_out(e, c, err) < 0)
			return ERR_IO;
		i = 0; /* the last moved into its place */
	}
	return 0;
}

static int put_in(struct enforcer *e, const struct quarantine_command *q,
		  const struct accept_order *o, struct slice payload, struct errmsg *err)
{
	struct held_cut c = {
		.host = o->host, .lease_expires = o->lease_expires, .since = loop_now(e->loop)};

	snprintf(c.id, sizeof(c.id), "%s", q->command_id);
	if (c.lease_expires) {
		c.deadline = c.since + (c.lease_expires - loop_wall(e->loop));
		c.host.timeout = (uint32_t)((c.deadline - c.since) / NS_PER_SEC + 1);
	}
	change(e, NFT_ADD, &c.host);
	return held_add(e->held, &c, payload, err);
}

void orders_await(struct enforcer *e, const char *id, bool release)
{
	struct pending *p = &e->pending[e->pending_n];

	if (e->pending_n >= ENFORCER_PENDING)
		return; /* confirmed by the mitigator's next question */
	p->token = 0;
	p->release = release;
	p->told_failed = false;
	snprintf(p->id, sizeof(p->id), "%s", id);
	e->pending_n++;
}

/* Remembered as under way until the firewall answered, so that a crash in between does it again
 * and a replay never. */
static int obey(struct enforcer *e, const struct quarantine_command *q,
		const struct accept_order *o, struct slice payload, struct errmsg *err)
{
	struct held_answer under_way = {.state = COMMAND_STATE_SENT, .release = o->release};
	int rc = take_out_replaced(e, q, &o->host, err);

	if (rc == 0 && !o->release)
		rc = put_in(e, q, o, payload, err);
	if (rc == 0)
		rc = held_remember(e->held, q->command_id, &under_way,
				   q->order_expires + e->rules.skew_ns + NS_PER_HOUR, err);
	if (rc == 0) {
		orders_await(e, q->command_id, o->release);
		e->count.accepted++;
		log_info(&e->log, "%s: %s by %s: %s", q->command_id, command_action_text(q->action),
			 q->actor, q->reason);
	}
	return rc;
}

static void refuse(struct enforcer *e, const struct quarantine_command *q, const char *peer,
		   const struct errmsg *why)
{
	struct held_answer a = {.state = COMMAND_STATE_REFUSED};

	e->count.refused++;
	snprintf(a.reason, sizeof(a.reason), "%.255s", why->text);
	log_warn(&e->log, "refused an order of %s (%s): %s", peer, q->command_id, why->text);
	if (accept_id_ok(q->command_id))
		orders_tell(e, q->command_id, &a, NULL);
}

/* An order that was had before is answered as before and changes nothing. */
static void answer_again(struct enforcer *e, const char *id, const struct held_answer *a)
{
	e->count.again++;
	if (a->state != COMMAND_STATE_SENT)
		orders_tell(e, id, a, held_find(e->held, id));
}

/* 0 also when it was refused; an error only when it cannot be stored. */
static int on_command(struct enforcer *e, const struct message *m, const struct link_item *item,
		      struct errmsg *err)
{
	const struct quarantine_command *q = &m->command;
	struct accept_order order;
	struct held_answer before;
	struct identity signer;
	struct errmsg why;

	if (sign_check(e->keys, m, ROLE_SET(ROLE_MITIGATOR), &signer, &why) < 0) {
		refuse(e, q, item->peer, &why);
		return 0;
	}
	if (accept_id_ok(q->command_id) && held_known(e->held, q->command_id, &before)) {
		answer_again(e, q->command_id, &before);
		return 0;
	}
	if (accept_check(&e->rules, q, &signer, loop_wall(e->loop), &order, &why) < 0) {
		refuse(e, q, item->peer, &why);
		return 0;
	}
	if (!order.release && held_count(e->held) >= HELD_MAX) {
		errmsg_set(&why, ERR_LIMIT, "%d hosts are cut here, no more fit", HELD_MAX);
		refuse(e, q, item->peer, &why);
		return 0;
	}
	return obey(e, q, &order, item->payload, err);
}

static int on_item(struct enforcer *e, const struct link_item *item, struct errmsg *err)
{
	int rc = seen_new(held_db(e->held), item, err);
	struct errmsg why = {""};
	struct message *m;

	if (rc <= 0)
		return rc;
	m = message_decode(item->payload, &why);
	rc = 0;
	if (m && m->kind == MESSAGE_COMMAND)
		rc = on_command(e, m, item, err);
	else
		log_warn(&e->log, "a message of %s is of no use here: %s", item->peer,
			 m ? message_kind_text(m->kind) : why.text);
	message_free(m);
	return rc;
}

static int store(void *ctx, const struct link_item *items, size_t n, struct errmsg *err)
{
	struct enforcer *e = ctx;
	size_t pending_before = e->pending_n;
	int rc;

	e->changes_n = 0;
	e->whole = false;
	rc = held_begin(e->held, err);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = on_item(e, &items[i], err);
	if (rc == 0)
		rc = held_commit(e->held, err);
	if (rc == 0) {
		enforce_changes(e);
		return 0;
	}
	held_rollback(e->held);
	held_reload(e->held, loop_wall(e->loop), loop_now(e->loop), NULL);
	e->pending_n = pending_before;
	return rc;
}

/* Tells what is held, so that the mitigator finds what it does not know of. */
static void up(void *ctx, const struct identity *peer)
{
	struct held_answer a = {.state = COMMAND_STATE_ACKED, .reason = "held"};
	struct enforcer *e = ctx;

	log_info(&e->log, "connected to %s, %zu hosts are held cut", peer->name,
		 held_count(e->held));
	for (size_t i = 0; i < held_count(e->held); i++) {
		struct held_cut *c = held_at(e->held, i);

		if (c->confirmed)
			orders_tell(e, c->id, &a, c);
	}
	if (e->box)
		box_up(e->box);
}

/* The centre's answer with our next certificate. */
static void passing(void *ctx, const struct identity *peer, struct slice payload)
{
	struct enforcer *e = ctx;
	struct errmsg err = {""};
	struct message *m = message_decode(payload, &err);

	(void)peer;
	if (m && m->kind == MESSAGE_ENROL_ANSWER && e->box)
		box_passing(e->box, m);
	message_free(m);
}

static void down(void *ctx, const struct identity *peer, const char *sentence)
{
	struct enforcer *e = ctx;

	log_warn(&e->log, "the mitigator is away: %s; what is cut stays cut", sentence);
}

struct link_ops orders_ops(struct enforcer *e)
{
	return (struct link_ops){
		.store = store, .passing = passing, .up = up, .down = down, .ctx = e};
}

#include "control/mitigator/send.h"

#include <stdlib.h>
#include <string.h>

#include "control/wire/sign.h"
#include "dataplane/base/clock.h"

/* ---- an order from a cut ---- */

static void add_exempts(const struct mitigator *m, const struct cut *c, struct driver_order *o)
{
	const struct policy *p = m->policy;
	const struct policy_scope *s = NULL;

	for (unsigned i = 0; i < p->scopes_n; i++) {
		if (strcmp(p->scopes[i].name, c->scope) == 0)
			s = &p->scopes[i];
	}
	if (!s && c->target.ips_n)
		s = policy_scope_of(p, &c->target.ips[0]);
	for (unsigned i = 0; s && i < s->exempt_n && o->exempts_n < DRIVER_EXEMPTS; i++)
		o->exempts[o->exempts_n++] =
			(struct driver_prefix){s->exempt[i].addr, s->exempt[i].bits};
	/* Exempt addresses behind a gateway need the gateway's hardware address. */
	for (unsigned i = 0; i < p->protected_n && o->resolves_n < DRIVER_RESOLVES; i++) {
		const struct policy_protected *g = &p->protected_hosts[i];

		if (g->has_prefix && g->prefix.bits == 128 && strcmp(g->role, "gateway") == 0)
			o->resolves[o->resolves_n++] = g->prefix.addr;
	}
}

struct driver_order send_order_of(const struct mitigator *m, const struct cut *c,
				  enum driver_verb verb, unsigned method)
{
	uint64_t now = mitigator_now(m).wall;
	struct driver_order o = {.verb = verb,
				 .cut = c->id,
				 .number = c->number,
				 .target = c->target,
				 .whole_port = c->whole_port,
				 .retry = c->retries > 0,
				 .cause = cut_cause_wire(c->causes),
				 .lease_expires = cut_end(c),
				 .issued = now,
				 .order_expires = now + SEND_ORDER_LIFE_S * NS_PER_SEC,
				 .review = c->review};
	const struct host *h;

	o.block = o.lease_expires && c->causes == CAUSE_BIT(CAUSE_BLOCK);
	cut_command_id(m->name, c->id, c->number, o.command_id);
	if (verb == DRIVER_RELEASE)
		cut_command_id(m->name, c->id, c->numbers[method], o.replaces);
	snprintf(o.threat_id, sizeof(o.threat_id), "%.95s", c->threat_id);
	snprintf(o.actor, sizeof(o.actor), "%s", c->actor);
	snprintf(o.reason, sizeof(o.reason), "%s", c->reason);
	add_exempts(m, c, &o);
	h = hosts_by_id(m->decide.hosts, c->host_id);
	snprintf(o.host, sizeof(o.host), "%.63s", h ? h->name : "");
	snprintf(o.url, sizeof(o.url), "%s", c->url);
	return o;
}

void send_result(struct mitigator *m, const struct cut_result *r)
{
	if (mitigator_begin(m, NULL) == 0)
		cuts_result(m->decide.cuts, r, mitigator_now(m));
}

/* ---- by link ---- */

/* The peer of the driver: named, else the first connected of the role. */
static bool peer_of(const struct mitigator *m, const struct method *md, enum wire_role role,
		    char ret[WIRE_NAME_MAX])
{
	struct link_status s;

	if (md->config.peer[0]) {
		snprintf(ret, WIRE_NAME_MAX, "%s", md->config.peer);
		return true;
	}
	for (unsigned i = 0; link_server_peer(m->server, i, &s); i++) {
		if (s.peer.role == role) {
			snprintf(ret, WIRE_NAME_MAX, "%s", s.peer.name);
			return true;
		}
	}
	return false;
}

int send_signed(struct mitigator *m, const char *peer, const struct message *msg, struct errmsg *e)
{
	struct slice payload;
	int rc = sign_message(m->keys, msg, &payload, e);

	if (rc == 0) {
		rc = spool_put(m->spool, peer, LANE_URGENT, payload, mitigator_now(m).wall, e);
		payload_free(&payload);
	}
	if (rc == 0)
		link_server_wake(m->server, peer);
	return rc;
}

static void order_by_link(struct mitigator *m, unsigned i, const struct driver_order *o)
{
	struct method *md = &m->methods[i];
	enum wire_role role = strcmp(md->desc->name, "enforcer") == 0 ? ROLE_ENFORCER : ROLE_SENSOR;
	struct driver_letter *l = calloc(1, sizeof(*l));
	struct driver_config named = md->config;
	struct errmsg e = {""};
	char peer[WIRE_NAME_MAX];
	int rc = l ? 0 : ERR_NOMEM;

	if (rc == 0 && !peer_of(m, md, role, peer))
		rc = errmsg_set(&e, ERR_NOTFOUND, "no %s was ever connected", role_text(role));
	if (rc == 0) {
		snprintf(named.peer, sizeof(named.peer), "%s", peer);
		rc = md->desc->letter(&named, o, l);
	}
	if (rc == 0)
		rc = send_signed(m, peer, &l->message, &e);
	free(l);
	if (rc < 0)
		send_result(m, &(struct cut_result){o->cut, o->number, i, o->verb == DRIVER_RELEASE,
						    CUT_ANSWER_AWAY, e.text});
}

/* ---- by helper ---- */

void send_to_helper(struct mitigator *m, unsigned i, const struct driver_order *o)
{
	struct method *md = &m->methods[i];

	if (md->helper.fd >= 0 && helper_send(md->helper.fd, o, sizeof(*o)) == 0)
		return;
	if (o->cut)
		send_result(m,
			    &(struct cut_result){o->cut, o->number, i, o->verb == DRIVER_RELEASE,
						 CUT_ANSWER_BUSY, "its helper does not keep up"});
}

void send_order(struct mitigator *m, unsigned i, const struct driver_order *o)
{
	if (m->methods[i].desc->place == DRIVER_HELPER)
		send_to_helper(m, i, o);
	else
		order_by_link(m, i, o);
}

/* Orders of other systems (OpenC2): what the consumer asks of the mitigator. Their safety is
 * decide_program_cuts'. */
#include <string.h>
#include <strings.h>

#include "control/mitigator/mitigator.h"
#include "control/mitigator/openc2/route.h"
#include "control/mitigator/quarantine/cut_store.h"
#include "control/mitigator/request.h"

static int on_begin(void *ctx, struct errmsg *e)
{
	return mitigator_begin(ctx, e);
}

static int on_commit(void *ctx, struct errmsg *e)
{
	return mitigator_commit(ctx, e);
}

static int on_find(void *ctx, const char *text, bool is_name, char ret[OPENC2_HOST],
		   struct errmsg *e)
{
	struct mitigator *m = ctx;
	const struct host *found = is_name ? NULL : hosts_by_id(m->decide.hosts, text);

	for (unsigned i = 0; is_name && i < hosts_count(m->decide.hosts); i++) {
		const struct host *h = hosts_at(m->decide.hosts, i);

		if (strcasecmp(h->name, text) != 0)
			continue;
		if (found)
			return errmsg_set(e, ERR_INVALID,
					  "several hosts are called \"%.64s\": name one by its "
					  "address",
					  text);
		found = h;
	}
	if (!found)
		return errmsg_set(e, ERR_NOTFOUND, "no sensor has seen a host \"%.64s\"", text);
	snprintf(ret, OPENC2_HOST, "%s", found->id);
	return 0;
}

static const struct host *host_of(struct mitigator *m, const char *text)
{
	struct mac_addr mac;
	struct ip_addr ip;

	if (mac_addr_parse(text, &mac) == 0)
		return hosts_by_mac(m->decide.hosts, &mac);
	if (ip_addr_parse(text, &ip) == 0)
		return hosts_by_ip(m->decide.hosts, &ip);
	return hosts_by_id(m->decide.hosts, text);
}

static bool is_exempt(const struct policy_scope *s, const struct openc2_prefix *p)
{
	for (unsigned i = 0; s && i < s->exempt_n; i++) {
		if (p->bits >= s->exempt[i].bits &&
		    ip_addr_in_prefix(&p->addr, &s->exempt[i].addr, s->exempt[i].bits))
			return true;
	}
	return false;
}

/* What stays reachable is the policy's matter (Q5): an order that wants more is not carried out. */
static int check_permitted(struct mitigator *m, const struct openc2_order *o, struct errmsg *e)
{
	const struct host *h = host_of(m, o->host);
	const struct policy_scope *s = h ? decide_scope_of(&m->decide, h) : NULL;
	char text[IP_PREFIX_TEXT];

	for (unsigned i = 0; h && i < o->permitted_n; i++) {
		if (!is_exempt(s, &o->permitted[i]))
			return errmsg_set(
				e, ERR_UNSUPPORTED,
				"Option not supported: the policy leaves %s not reachable",
				ip_prefix_text(&o->permitted[i].addr, o->permitted[i].bits, text));
	}
	return 0;
}

static struct decide_order order_of(struct mitigator *m, const struct openc2_order *o,
				    char id[CUT_ID_TEXT])
{
	return (struct decide_order){.host = o->host[0] ? o->host
							: cut_command_id(m->name, o->cut, 0, id),
				     .actor = o->actor,
				     .reason = o->reason,
				     .mitigator = m->name,
				     .end = o->end};
}

static int on_cut(void *ctx, const struct openc2_order *o, uint64_t *ret, struct errmsg *e)
{
	struct mitigator *m = ctx;
	char id[CUT_ID_TEXT];
	struct decide_order order = order_of(m, o, id);
	struct cut *c;
	int rc = check_permitted(m, o, e);

	if (rc == 0)
		rc = decide_program_cuts(&m->decide, &order, mitigator_now(m), &c, e);
	if (rc == 0)
		*ret = c->id;
	return rc;
}

static int on_release(void *ctx, const struct openc2_order *o, uint64_t *ret, struct errmsg *e)
{
	struct mitigator *m = ctx;
	char id[CUT_ID_TEXT];
	struct decide_order order = order_of(m, o, id);
	struct cut_now now = mitigator_now(m);
	struct cut *c;
	int rc;

	/* An address or a number that was never heard of is a mistake rather than released. */
	if (o->host[0] ? !host_of(m, o->host) : o->cut == 0)
		return errmsg_set(e, ERR_NOTFOUND, "there is no such host");
	rc = decide_program_releases(&m->decide, &order, now, &c, e);
	*ret = rc == 0 && c ? c->id : o->cut;
	return rc;
}

static int on_look(void *ctx, uint64_t number, struct openc2_state *ret, struct errmsg *e)
{
	struct mitigator *m = ctx;
	struct cut *open = cuts_find(m->decide.cuts, number), stored;
	const struct cut *c = open ? open : &stored;

	if (!open && cut_store_find(m->store, number, &stored, e) < 0)
		return ERR_NOTFOUND;
	*ret = (struct openc2_state){.state = c->state};
	cut_command_id(m->name, c->id, c->number, ret->command_id);
	snprintf(ret->note, sizeof(ret->note), "%s", c->note);
	if (c->sent && c->method < m->methods_n)
		snprintf(ret->method, sizeof(ret->method), "%s", m->methods[c->method].config.name);
	return 0;
}

static void on_audit(void *ctx, const char *actor, const char *what, json_t *detail)
{
	audit_note(ctx, actor, what, detail);
}

int ordered_start(struct mitigator *m, struct errmsg *e)
{
	const struct openc2_ops ops = {on_begin,   on_commit, on_find,	on_cut,
				       on_release, on_look,   on_audit, m};

	m->openc2 = openc2_consumer_new(m->db, m->name, &ops, e);
	return m->openc2 ? 0 : ERR_IO;
}

void ordered_stop(struct mitigator *m)
{
	openc2_consumer_free(m->openc2);
}

struct api_table ordered_routes(struct mitigator *m)
{
	return openc2_api_table(m->openc2);
}

void ordered_tick(struct mitigator *m)
{
	openc2_consumer_tick(m->openc2, mitigator_now(m).wall);
}

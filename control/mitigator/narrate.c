#include "control/mitigator/narrate.h"

#include "control/mitigator/incident/story_json.h"

const char *host_display(const struct host *h, const char *id, char *ret, size_t cap)
{
	struct host_ident ident = h ? host_ident_of(h) : (struct host_ident){0};
	char ip[IP_ADDR_TEXT] = "";

	if (h && !ip_addr_is_zero(&ident.ip))
		ip_addr_text(&ident.ip, ip, false);
	if (!h || (!ip[0] && !h->name[0]))
		snprintf(ret, cap, "%s", id);
	else if (h->name[0] && ip[0])
		snprintf(ret, cap, "%s (%s)", h->name, ip);
	else
		snprintf(ret, cap, "%s", h->name[0] ? h->name : ip);
	return ret;
}

static const char *host_text(void *ctx, const char *host_id, char ret[STORY_NAME])
{
	struct mitigator *m = ctx;

	return host_display(hosts_by_id(m->decide.hosts, host_id), host_id, ret, STORY_NAME);
}

static const char *host_address(void *ctx, const char *host_id, char ret[STORY_NAME])
{
	struct mitigator *m = ctx;
	const struct host *h = hosts_by_id(m->decide.hosts, host_id);
	struct host_ident ident;

	snprintf(ret, STORY_NAME, "%.100s", host_id);
	if (!h)
		return ret;
	ident = host_ident_of(h);
	if (!ip_addr_is_zero(&ident.ip))
		ip_addr_text(&ident.ip, ret, false);
	return ret;
}

const struct protect_entry *host_protection(struct mitigator *m, const struct host *h)
{
	struct cut_target t;

	host_target(h, &h->ips[0].ip, &t);
	return protect_find(m->decide.protect, &t);
}

struct story *narrate(struct mitigator *m, const struct incident *i)
{
	const struct cut *c = cuts_of_host(m->decide.cuts, i->host_id);
	const struct host *h = hosts_by_id(m->decide.hosts, i->host_id);
	const struct protect_entry *p = h ? host_protection(m, h) : NULL;
	struct story_setup setup = {.incidents = m->decide.incidents,
				    .host_text = host_text,
				    .host_address = host_address,
				    .ctx = m,
				    .zone = &m->zone,
				    .cut_state = c ? cut_state_text(c->state) : "",
				    .protected_as =
					    p && p->source != PROTECT_PROPOSED ? p->role : ""};

	return story_new(i, &setup);
}

json_t *narrate_json(struct mitigator *m, const struct incident *i)
{
	struct story *s = narrate(m, i);
	char host[STORY_NAME];
	json_t *o = s ? story_json(i, s, host_text(m, i->host_id, host)) : NULL;

	story_free(s);
	return o;
}

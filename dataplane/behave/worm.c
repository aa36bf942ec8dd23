/* Worm-like spread (T1210): a host that was contacted on a service soon contacts many others on the
 * same one, where it did not before. */
#include "dataplane/behave/detector.h"

struct worm_entry { /* one host, one service */
	struct behave_entry entry;
	uint64_t contacted_ns; /* 0: not seen being contacted */
	struct ip_addr by;
	uint32_t before; /* calls of its own before that */
	struct behave_set hosts;
};

static const struct behave_sign sign = {2220,
					"BANKEN spread of a service from host to host",
					"TA0008",
					"T1210",
					"Malware spreading",
					BEHAVE_HIGH,
					false};

/* Servers of these services call others of their kind all day. */
static bool relayed(uint16_t port)
{
	switch (port) {
	case 25:
	case 53:
	case 80:
	case 88:
	case 123:
	case 179:
	case 389:
	case 443:
	case 465:
	case 500:
	case 853:
	case 1080:
	case 3128:
	case 4500:
	case 5060:
	case 5061:
	case 5222:
	case 5269:
	case 636:
	case 135:
	case 3268:
	case 8080:
	case 8443:
	case 5353:
	case 5355:
	case 137:
	case 138:
		return true;
	default:
		return false;
	}
}

static struct worm_entry *entry_of(const struct behave_view *v, const struct behave_event *e,
				   const struct ip_addr *host, bool make)
{
	uint64_t key[2] = {behave_word(host),
			   (uint64_t)e->ends.server_port << 8 | e->ends.ip_proto};
	bool is_new;

	if (!make)
		return behave_table_find(&v->tables[0], key, 2);
	return behave_table_get(&v->tables[0], key, 2, e->time_ns, &is_new);
}

static void tell(const struct behave_view *v, const struct behave_event *e, struct worm_entry *w,
		 unsigned hosts)
{
	struct behave_text host = behave_address(&e->ends.client), by = behave_address(&w->by);
	double seconds = behave_seconds(w->contacted_ns, e->time_ns);
	struct behave_hit hit;

	behave_hit_init(&hit, &sign, e);
	behave_say_en(
		&hit,
		"%s was contacted by %s on port %u and within %.0f seconds contacted about %u "
		"other hosts on the same port, which it had not done before.",
		host.s, by.s, e->ends.server_port, seconds, hosts);
	behave_say_ja(&hit,
		      "%sは%sからポート%uで接続された後、%.0f秒以内にそれまで行っていなかった同じ"
		      "ポートへの接続を約%u台のホストに対して行いました。",
		      host.s, by.s, e->ends.server_port, seconds, hosts);
	behave_figure(&hit, "hosts", hosts);
	behave_figure(&hit, "seconds", seconds);
	behave_tell(v, &hit, &w->entry);
}

static void contacted(const struct behave_view *v, const struct behave_event *e)
{
	struct worm_entry *w = entry_of(v, e, &e->ends.server, true);

	if (w->contacted_ns &&
	    behave_seconds(w->contacted_ns, e->time_ns) <= v->limits->worm_seconds)
		return;
	w->contacted_ns = e->time_ns;
	w->by = e->ends.client;
	memset(&w->hosts, 0, sizeof(w->hosts));
}

static void contacts(const struct behave_view *v, const struct behave_event *e)
{
	/* Only a host that was contacted before matters. */
	struct worm_entry *w = entry_of(v, e, &e->ends.client, false);
	unsigned hosts;

	if (!w)
		return;
	if (behave_seconds(w->contacted_ns, e->time_ns) > v->limits->worm_seconds) {
		w->before++;
		return;
	}
	if (ip_addr_eq(&e->ends.server, &w->by) ||
	    !behave_set_add(v, &w->hosts, v->facts->server) || w->before)
		return;
	hosts = behave_set_count(&w->hosts);
	if (hosts >= v->limits->worm_hosts && !behave_told(v, &w->entry, e->time_ns))
		tell(v, e, w, hosts);
}

static bool can_spread(const struct behave_view *v, const struct behave_event *e)
{
	if (e->ends.ip_proto != 6 && e->ends.ip_proto != 17)
		return false;
	/* Ports above are of clients, or of peers that agree on one for each. */
	return e->ends.server_port < 32768 && !relayed(e->ends.server_port) &&
	       v->facts->server_unicast;
}

static void event(const struct behave_view *v, const struct behave_event *e)
{
	enum behave_moment moment = e->connection.moment;

	if (!can_spread(v, e))
		return;
	if (moment == BEHAVE_OPEN)
		contacted(v, e);
	else if (moment == BEHAVE_TRY)
		contacts(v, e);
}

static void ahead(const struct behave_view *v, const struct behave_event *e, struct behave_ahead *a)
{
	bool open = e->connection.moment == BEHAVE_OPEN;
	uint64_t key[2] = {open ? v->facts->server : v->facts->client,
			   (uint64_t)e->ends.server_port << 8 | e->ends.ip_proto};

	if (can_spread(v, e))
		behave_ahead_add(a, &v->tables[0], key, 2);
}

const struct behave_detector behave_worm = {
	.kinds = 1 << BEHAVE_CONNECTION,
	.moments = 1 << BEHAVE_TRY | 1 << BEHAVE_OPEN,
	.entry_size = {sizeof(struct worm_entry)},
	.weight = {4},
	.event = event,
	.ahead = ahead,
};

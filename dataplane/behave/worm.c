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
	static const uint16_t ports[] = {25,  53,  80,	 88,   123,  179,  389,	 443,  465,
					 500, 853, 1080, 3128, 4500, 5060, 5061, 5222, 5269,
					 636, 135, 3268, 8080, 8443, 5353, 5355, 137,  138};

	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		if (ports[i] == port)
			return true;
	}
	return false;
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
	    !behave_set_add(v, &w->hosts, behave_word(&e->ends.server)) || w->before)
		return;
	hosts = behave_set_count(&w->hosts);
	if (hosts >= v->limits->worm_hosts && !behave_told(v, &w->entry, e->time_ns))
		tell(v, e, w, hosts);
}

static void event(const struct behave_view *v, const struct behave_event *e)
{
	enum behave_moment moment = e->connection.moment;

	if (e->ends.ip_proto != 6 && e->ends.ip_proto != 17)
		return;
	if (relayed(e->ends.server_port) || !behave_unicast(&e->ends.server))
		return;
	/* Ports above are of clients, or of peers that agree on one for each. */
	if (e->ends.server_port >= 32768)
		return;
	if (moment == BEHAVE_OPEN)
		contacted(v, e);
	else if (moment == BEHAVE_TRY)
		contacts(v, e);
}

const struct behave_detector behave_worm = {
	.kinds = 1 << BEHAVE_CONNECTION,
	.entry_size = {sizeof(struct worm_entry)},
	.weight = {4},
	.event = event,
};

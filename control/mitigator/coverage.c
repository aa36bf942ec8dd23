/* Which networks and hosts the sensors see (P10): a host whose own frames were seen is on a
 * mirrored segment; one known by its address alone is behind a router, so that what it does with
 * its neighbours there is seen by nobody. */
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/mitigator.h"
#include "dataplane/base/clock.h"

enum { COVERAGE_NETWORKS = 4096, SHOWN = 500 };
/* A host unseen for that long is not counted. */
#define COVERAGE_AGE (7 * NS_PER_DAY)

struct seen_network {
	struct ip_addr prefix; /* /24 or /64 */
	unsigned own_frames, address_only, silent;
	uint64_t last;
	char sensors[3][HOST_TEXT]; /* the first ones */
	unsigned sensors_n;
};

static struct seen_network *find(struct seen_network *all, unsigned *n, const struct ip_addr *ip)
{
	struct ip_addr prefix = *ip;
	unsigned keep = ip_addr_is_v4(ip) ? 15 : 8;

	memset(prefix.bytes + keep, 0, 16 - keep);
	for (unsigned i = 0; i < *n; i++) {
		if (ip_addr_eq(&all[i].prefix, &prefix))
			return &all[i];
	}
	if (*n == COVERAGE_NETWORKS)
		return NULL;
	all[*n] = (struct seen_network){.prefix = prefix};
	return &all[(*n)++];
}

static void note_sensor(struct seen_network *s, const char *sensor)
{
	for (unsigned i = 0; i < s->sensors_n; i++) {
		if (strcmp(s->sensors[i], sensor) == 0)
			return;
	}
	if (s->sensors_n < 3 && sensor[0])
		snprintf(s->sensors[s->sensors_n++], HOST_TEXT, "%s", sensor);
}

static void add_host(struct seen_network *all, unsigned *n, const struct host *h, uint64_t now)
{
	struct host_ident ident = host_ident_of(h);
	struct seen_network *s;

	if (ip_addr_is_zero(&ident.ip))
		return;
	s = find(all, n, &ident.ip);
	if (!s)
		return;
	if (now > h->last_seen && now - h->last_seen > COVERAGE_AGE)
		s->silent++;
	else if (mac_addr_is_zero(&h->mac))
		s->address_only++;
	else
		s->own_frames++;
	s->last = h->last_seen > s->last ? h->last_seen : s->last;
	note_sensor(s, h->sensor);
}

/* Most unseen hosts first: there a tap point would help most. */
static int by_unseen(const void *a, const void *b)
{
	const struct seen_network *x = a, *y = b;

	if (x->address_only != y->address_only)
		return x->address_only > y->address_only ? -1 : 1;
	return ip_addr_cmp(&x->prefix, &y->prefix);
}

static const char *advice(const struct seen_network *s)
{
	if (s->own_frames == 0 && s->address_only == 0)
		return "nothing was heard from here for a week";
	if (s->own_frames == 0)
		return "only what crosses the router is seen: mirror a switch of this network";
	if (s->address_only > s->own_frames)
		return "most hosts are behind a router: mirror the switch they are on";
	return s->address_only ? "some hosts are behind a router" : "seen";
}

static json_t *network_json(const struct seen_network *s)
{
	char text[IP_PREFIX_TEXT];
	json_t *sensors = json_array();

	for (unsigned i = 0; i < s->sensors_n; i++)
		json_array_append_new(sensors, local_text(s->sensors[i]));
	return json_pack("{ss si si si sI so ss}", "network",
			 ip_prefix_text(&s->prefix, ip_addr_is_v4(&s->prefix) ? 120 : 64, text),
			 "seen", (int)s->own_frames, "behind_router", (int)s->address_only,
			 "silent", (int)s->silent, "last_seen", (json_int_t)s->last, "sensors",
			 sensors, "advice", advice(s));
}

json_t *coverage_json(struct mitigator *m)
{
	struct seen_network *all = calloc(COVERAGE_NETWORKS, sizeof(*all));
	json_t *list = json_array();
	unsigned n = 0, seen = 0, unseen = 0;

	for (unsigned i = 0; all && i < hosts_count(m->decide.hosts); i++)
		add_host(all, &n, hosts_at(m->decide.hosts, i), mitigator_now(m).wall);
	if (all)
		qsort(all, n, sizeof(*all), by_unseen);
	for (unsigned i = 0; i < n; i++) {
		seen += all[i].own_frames;
		unseen += all[i].address_only;
		if (i < SHOWN)
			json_array_append_new(list, network_json(&all[i]));
	}
	free(all);
	return json_pack("{sb si si si so}", "ok", 1, "hosts_seen", (int)seen, "hosts_unseen",
			 (int)unseen, "sensors", (int)link_server_peers(m->server), "networks",
			 list);
}

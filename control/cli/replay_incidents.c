#include "control/cli/replay_incidents.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/mitigator/host/host.h"
#include "control/mitigator/incident/story_json.h"
#include "control/mitigator/policy/policy.h"
#include "control/sensor/eve_alert.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

enum { REPLAY_INCIDENTS = 4096 };

struct replay {
	sqlite3 *db;
	struct policy *policy;
	struct hosts *hosts;
	struct incidents *incidents;
	struct eve_texts texts;
	uint64_t now; /* the capture's last time so far */
};

/* As the sensor has it by default. */
static bool is_inside(const struct ip_addr *ip)
{
	static const char *const networks[] = {"10.0.0.0/8",	"172.16.0.0/12",  "192.168.0.0/16",
					       "100.64.0.0/10", "169.254.0.0/16", "fc00::/7",
					       "fe80::/10"};
	struct ip_addr prefix;
	uint8_t bits;

	for (size_t i = 0; i < ARRAY_SIZE(networks); i++) {
		if (ip_prefix_parse(networks[i], &prefix, &bits) == 0 &&
		    ip_addr_in_prefix(ip, &prefix, bits))
			return true;
	}
	return false;
}

/* "2026-11-21T09:00:00.123456+0000" */
static uint64_t parse_time(const char *text)
{
	int hours = 0, minutes = 0;
	unsigned micros = 0;
	struct tm tm = {0};
	char sign = '+';
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	int64_t seconds;

	if (!rest || sscanf(rest, ".%6u%c%2d%2d", &micros, &sign, &hours, &minutes) < 1)
		return 0;
	seconds = timegm(&tm) - (sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
	return seconds < 0 ? 0 : (uint64_t)seconds * NS_PER_SEC + micros * NS_PER_US;
}

static void read_flow(const json_t *line, struct flow_tuple *f)
{
	bool swap = strcmp(eve_text(line, "direction"), "to_client") == 0;
	struct ip_addr src = {0}, dst = {0};
	uint32_t sport = (uint32_t)json_integer_value(json_object_get(line, "src_port"));
	uint32_t dport = (uint32_t)json_integer_value(json_object_get(line, "dest_port"));

	(void)ip_addr_parse(eve_text(line, "src_ip"), &src);
	(void)ip_addr_parse(eve_text(line, "dest_ip"), &dst);
	f->src = swap ? dst : src;
	f->dst = swap ? src : dst;
	f->src_port = swap ? dport : sport;
	f->dst_port = swap ? sport : dport;
	f->app_proto = eve_text(line, "app_proto");
}

static struct host_ident end_of(const struct ip_addr *ip)
{
	return (struct host_ident){.ip = *ip,
				   .side = is_inside(ip) ? HOST_SIDE_INSIDE : HOST_SIDE_OUTSIDE};
}

/* The one to act on is inside; when both are, or neither, it is who opened the flow. */
static void pick_host(struct alert *a)
{
	struct host_ident src = end_of(&a->flow.src), dst = end_of(&a->flow.dst);

	a->host_is_source = src.side == HOST_SIDE_INSIDE || dst.side != HOST_SIDE_INSIDE;
	a->host = a->host_is_source ? src : dst;
	a->peer = a->host_is_source ? dst : src;
	a->host.side = HOST_SIDE_INSIDE;
}

static void know(struct replay *r, const struct host_ident *who)
{
	struct host_fact f = {
		.host = *who, .kind = HOST_FACT_SEEN, .value = "", .source = "packet"};

	if (who->side == HOST_SIDE_INSIDE)
		hosts_note_fact(r->hosts, &f, "replay", r->now);
}

static void take(struct replay *r, const json_t *line, size_t number)
{
	const struct host *h, *peer;
	struct incident_news news;
	struct host_proof proof;
	struct incident *i;
	enum level level;
	struct alert a;
	char id[32];

	if (eve_alert(line, &r->texts, &a) < 0)
		return;
	snprintf(id, sizeof(id), "alert-%zu", number + 1);
	a.id = id;
	a.time = parse_time(eve_text(line, "timestamp"));
	a.to_client = strcmp(eve_text(line, "direction"), "to_client") == 0;
	r->now = a.time > r->now ? a.time : r->now;
	read_flow(line, &a.flow);
	pick_host(&a);
	know(r, &a.peer);
	h = hosts_note_alert(r->hosts, &a, "replay", r->now, &proof);
	level = policy_level_of(r->policy, &a);
	if (!h || level == LEVEL_SAFE)
		return;
	i = incidents_note(r->incidents, h->id, &a, level, r->now, r->policy->incident_window,
			   &news, NULL);
	peer = a.peer.side == HOST_SIDE_INSIDE ? hosts_by_ip(r->hosts, &a.peer.ip) : NULL;
	if (i && peer)
		incidents_note_peer(r->incidents, i, &a, peer->id);
}

static void take_file(struct replay *r, const json_t *line)
{
	struct incident_file f = {.time = parse_time(eve_text(line, "timestamp"))};
	const struct host *h;
	struct flow_tuple flow = {0};

	read_flow(line, &flow);
	f.peer = flow.src;
	h = hosts_by_ip(r->hosts, &flow.dst);
	if (h && incident_file_of(line, &f))
		incidents_note_file(r->incidents, h->id, &f);
}

/* ---- telling ---- */

static const char *host_text(void *ctx, const char *host_id, char ret[STORY_NAME])
{
	struct replay *r = ctx;
	const struct host *h = hosts_by_id(r->hosts, host_id);
	struct host_ident ident;

	snprintf(ret, STORY_NAME, "%.100s", host_id);
	if (!h || h->ips_n == 0)
		return ret;
	ident = host_ident_of(h);
	return ip_addr_text(&ident.ip, ret, false);
}

static int by_opened(const void *a, const void *b)
{
	const struct incident *const *x = a, *const *y = b;

	if ((*x)->opened != (*y)->opened)
		return (*x)->opened < (*y)->opened ? -1 : 1;
	return (*x)->number < (*y)->number ? -1 : 1;
}

static json_t *tell(struct replay *r)
{
	struct story_setup setup = {.incidents = r->incidents,
				    .host_text = host_text,
				    .host_address = host_text,
				    .ctx = r};
	static struct incident *all[REPLAY_INCIDENTS];
	unsigned n = incidents_count(r->incidents);
	json_t *list = json_array();
	char host[STORY_NAME];

	n = n < REPLAY_INCIDENTS ? n : REPLAY_INCIDENTS;
	for (unsigned k = 0; k < n; k++) {
		all[k] = incidents_at(r->incidents, k);
		incidents_rate(r->incidents, all[k], r->now);
	}
	qsort(all, n, sizeof(all[0]), by_opened);
	for (unsigned k = 0; k < n; k++) {
		struct story *s = story_new(all[k], &setup);

		if (s)
			json_array_append_new(
				list, story_json(all[k], s, host_text(r, all[k]->host_id, host)));
		story_free(s);
	}
	return list;
}

static int open_replay(struct replay *r, struct errmsg *e)
{
	if (sqlite3_open(":memory:", &r->db) != SQLITE_OK)
		return errmsg_set(e, ERR_NOMEM, "no memory for incidents");
	r->policy = policy_load(NULL, e);
	r->hosts = hosts_new();
	r->incidents = incidents_new();
	if (!r->policy || !r->hosts || !r->incidents)
		return errmsg_set(e, ERR_NOMEM, "no memory for incidents");
	return incidents_open(r->incidents, r->db, e);
}

json_t *replay_incidents(const json_t *alerts, const json_t *files, struct errmsg *e)
{
	struct replay *r = calloc(1, sizeof(*r));
	json_t *list = NULL, *line;
	size_t k;

	if (r && open_replay(r, e) == 0) {
		json_array_foreach(alerts, k, line) take(r, line, k);
		/* Then the hosts are known that files are looked for. */
		json_array_foreach(files, k, line) take_file(r, line);
		list = tell(r);
	}
	if (r) {
		incidents_free(r->incidents);
		hosts_free(r->hosts);
		policy_free(r->policy);
		sqlite3_close(r->db);
	}
	free(r);
	return list;
}

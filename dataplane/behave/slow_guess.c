/* Guessing that takes its time (T1110): a try every half minute or few, so that nobody is locked
 * out and no window of minutes fills. Sessions of login services that end soon, over hours; account
 * names refused one by one. What works at whole minutes (cron and monitoring) and, in
 * banken-control, what was there while the site was learnt is not told. */
#include <string.h>

#include "dataplane/behave/detector.h"

enum { PAIRS, NAMES };

/* Servers wait two minutes for a password (sshd_config, LoginGraceTime). */
enum { TCP = 6, STEP_S = 30, STEP_SLACK_MS = 1500, GRACE = 4 };

struct guess_entry { /* one client, one server, one port */
	struct behave_entry entry;
	uint32_t sessions, let_in;
	uint32_t by_clock; /* that began a whole number of half minutes behind the one before */
	bool known;	   /* since the site was learnt */
	uint64_t last_start_ns;
};

struct names_entry { /* one client, one service */
	struct behave_entry entry;
	uint32_t refused, let_in;
	uint64_t names;
};

static const struct behave_sign sessions_sign = {2215,
						 "BANKEN slow guessing at a login service",
						 "TA0006",
						 "T1110",
						 "Password guessing",
						 BEHAVE_MEDIUM,
						 false};
static const struct behave_sign names_sign = {2216,
					      "BANKEN account names refused one by one over hours",
					      "TA0006",
					      "T1110.003",
					      "Password guessing",
					      BEHAVE_MEDIUM,
					      false};

static void tell_sessions(const struct behave_view *v, const struct behave_event *e,
			  struct guess_entry *g, const char *service)
{
	struct behave_text client = behave_address(&e->ends.client);
	struct behave_text server = behave_address(&e->ends.server);
	double minutes = behave_seconds(g->entry.start_ns, e->time_ns) / 60;
	struct behave_hit hit;

	behave_hit_init(&hit, &sessions_sign, e);
	/* Nobody outside has a reason to knock for hours. */
	if (!behave_inside(&e->ends.client) && behave_inside(&e->ends.server))
		hit.severity = BEHAVE_HIGH;
	behave_say_en(&hit,
		      "%s opened %u %s sessions at %s port %u within %.0f minutes; %u of them went "
		      "beyond what a refused login takes.",
		      client.s, g->sessions + g->let_in, service, server.s, e->ends.server_port,
		      minutes, g->let_in);
	behave_say_ja(&hit,
		      "%sは%.0f分間に%sのポート%uへ%sセッションを%u回開きました。拒否されたログイン"
		      "以上の通信をしたのはそのうち%u回です。",
		      client.s, minutes, server.s, e->ends.server_port, service,
		      g->sessions + g->let_in, g->let_in);
	behave_figure(&hit, "sessions", g->sessions + g->let_in);
	behave_figure(&hit, "minutes", minutes);
	behave_figure(&hit, "let_in", g->let_in);
	behave_tell(v, &hit, &g->entry);
}

static void tell_names(const struct behave_view *v, const struct behave_event *e,
		       struct names_entry *n, unsigned names)
{
	struct behave_text client = behave_address(&e->ends.client);
	struct behave_text server = behave_address(&e->ends.server);
	double minutes = behave_seconds(n->entry.start_ns, e->time_ns) / 60;
	struct behave_hit hit;

	behave_hit_init(&hit, &names_sign, e);
	behave_say_en(
		&hit,
		"%s was refused logins (%s) with about %u different account names within %.0f "
		"minutes, last by %s.",
		client.s, e->login.service, names, minutes, server.s);
	behave_say_ja(&hit,
		      "%sは%.0f分間に約%u個の異なるアカウント名でのログイン(%s)を拒否されました"
		      "(最後は%s)。",
		      client.s, minutes, names, e->login.service, server.s);
	behave_figure(&hit, "names", names);
	behave_figure(&hit, "minutes", minutes);
	behave_tell(v, &hit, &n->entry);
}

/* Whoever is there at whole minutes or half ones is a program of the site's own. */
static bool by_the_clock(uint64_t from_ns, uint64_t to_ns)
{
	uint64_t ms = to_ns > from_ns ? (to_ns - from_ns) / NS_PER_MS : 0;
	uint64_t rest = ms % (STEP_S * 1000);

	return ms > STEP_SLACK_MS &&
	       (rest <= STEP_SLACK_MS || rest >= STEP_S * 1000 - STEP_SLACK_MS);
}

static bool learning(const struct behave_view *v, uint64_t now_ns)
{
	return v->sink->offer &&
	       behave_seconds(v->first_ns, now_ns) < (double)v->limits->learn_days * 86400;
}

static struct guess_entry *pair_of(const struct behave_view *v, const struct behave_event *e)
{
	uint64_t key[3] = {behave_word(&e->ends.client), behave_word(&e->ends.server),
			   e->ends.server_port};
	uint64_t start_ns = e->connection.start_ns;
	uint32_t window = behave_inside(&e->ends.client) ? v->limits->slow_guess_inside_seconds
							 : v->limits->slow_guess_seconds;
	bool is_new;
	struct guess_entry *g = behave_table_get(&v->tables[PAIRS], key, 3, e->time_ns, &is_new);

	if (is_new || behave_seconds(g->entry.start_ns, start_ns) > window) {
		g->sessions = g->let_in = g->by_clock = 0;
		g->entry.start_ns = start_ns;
	}
	g->known |= learning(v, e->time_ns);
	return g;
}

static bool enough(const struct behave_view *v, const struct guess_entry *g, uint64_t now_ns)
{
	return g->sessions >= v->limits->slow_guess_sessions && g->let_in * 4 <= g->sessions &&
	       g->by_clock * 2 < g->sessions && !g->known &&
	       behave_seconds(g->entry.start_ns, now_ns) >= v->limits->slow_guess_least_seconds;
}

static void session(const struct behave_view *v, const struct behave_event *e)
{
	const struct behave_connection *c = &e->connection;
	const char *service = behave_login_service(e);
	struct behave_event turned;
	struct guess_entry *g;

	/* Where only the server is seen it stands as the client. */
	if (c->packets[1] == 0 && e->ends.client_port < e->ends.server_port) {
		turned = *e;
		behave_turn(&turned.ends);
		e = &turned;
		c = &e->connection;
		service = behave_login_service(e);
	}
	if (c->moment != BEHAVE_END || e->ends.ip_proto != TCP || !service ||
	    !(strcmp(service, "ssh") == 0 || strcmp(service, "rdp") == 0 ||
	      strcmp(service, "telnet") == 0 || strcmp(service, "rfb") == 0))
		return;
	/* A greeting alone is somebody's look whether the service is there. */
	if (c->bytes[0] + c->bytes[1] < v->limits->slow_guess_bytes)
		return;
	g = pair_of(v, e);
	if (c->bytes[0] + c->bytes[1] > v->limits->brute_session_bytes ||
	    behave_seconds(c->start_ns, e->time_ns) > GRACE * v->limits->brute_session_seconds) {
		g->let_in++;
		return;
	}
	g->sessions++;
	g->by_clock += by_the_clock(g->last_start_ns, c->start_ns);
	g->last_start_ns = c->start_ns;
	if (enough(v, g, e->time_ns) && !behave_told(v, &g->entry, e->time_ns))
		tell_sessions(v, e, g, service);
}

static void login(const struct behave_view *v, const struct behave_event *e)
{
	const struct behave_login *l = &e->login;
	uint64_t key[2] = {v->facts->client, 0};
	struct names_entry *n;
	unsigned names;

	if (l->outcome != BEHAVE_DENIED && l->outcome != BEHAVE_NO_USER &&
	    l->outcome != BEHAVE_LET_IN)
		return;
	memcpy(&key[1], l->service, strnlen(l->service, sizeof(key[1])));
	n = behave_window(v, NAMES, key, 2, e->time_ns, v->limits->slow_guess_seconds);
	if (l->outcome == BEHAVE_LET_IN) {
		n->let_in++;
		return;
	}
	n->refused++;
	if (l->user.len == 0 || !behave_small_add(v, &n->names, behave_word_bytes(v, l->user)))
		return;
	names = behave_small_count(n->names);
	/* Where many people log in through one host some mistype. */
	if (names >= v->limits->slow_guess_names && n->let_in <= n->refused &&
	    !behave_told(v, &n->entry, e->time_ns) &&
	    behave_seconds(n->entry.start_ns, e->time_ns) >= v->limits->slow_guess_least_seconds)
		tell_names(v, e, n, names);
}

static void event(const struct behave_view *v, const struct behave_event *e)
{
	if (e->kind == BEHAVE_LOGIN)
		login(v, e);
	else
		session(v, e);
}

const struct behave_detector behave_slow_guess = {
	.hours = true,
	.past_memory = true,
	.kinds = 1 << BEHAVE_CONNECTION | 1 << BEHAVE_LOGIN,
	.moments = 1 << BEHAVE_END,
	.entry_size = {sizeof(struct guess_entry), sizeof(struct names_entry)},
	.weight = {1, 1},
	.event = event,
};

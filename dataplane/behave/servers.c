/* Servers that nobody registered: a host inside begins to answer names, hand out addresses, take
 * mail or stand as a proxy after the time in which servers were learnt (T1557, T1090). */
#include <stdio.h>
#include <string.h>

#include "dataplane/behave/detector.h"

enum role { DNS, DHCP, SMTP, PROXY, ROLES };

enum { SERVERS, KNOWN };

struct server_entry { /* one host, one role */
	struct behave_entry entry;
	uint32_t answers;
	bool registered;
};

static const struct behave_sign signs[ROLES] = {
	{2500, "BANKEN DNS server that nobody registered", "TA0006", "T1557", "Unregistered server",
	 BEHAVE_MEDIUM, false},
	{2501, "BANKEN DHCP server that nobody registered", "TA0006", "T1557.003",
	 "Unregistered server", BEHAVE_MEDIUM, false},
	{2502, "BANKEN mail server that nobody registered", "TA0011", "T1071.003",
	 "Unregistered server", BEHAVE_MEDIUM, false},
	{2503, "BANKEN proxy that nobody registered", "TA0011", "T1090.001", "Unregistered server",
	 BEHAVE_MEDIUM, false},
};

static const char *const roles_en[ROLES] = {"answers DNS questions", "hands out addresses by DHCP",
					    "takes mail by SMTP", "serves as a proxy"};
static const char *const roles_ja[ROLES] = {"DNSの問い合わせに応答し", "DHCPでアドレスを配布し",
					    "SMTPでメールを受け付け", "プロキシとして動作し"};

struct role_entry { /* one role */
	struct behave_entry entry;
	uint32_t registered;
};

static struct role_entry *role_of(const struct behave_view *v, enum role role, uint64_t now_ns)
{
	uint64_t key = role;
	bool is_new;

	return behave_table_get(&v->tables[KNOWN], &key, 1, now_ns, &is_new);
}

static const char *const role_words[ROLES] = {"dns", "dhcp", "smtp", "proxy"};

/* A person decides, where one is asked: what was learnt is offered, what was accepted is registered
 * whenever it came, what was rejected is told. */
static void ask(const struct behave_view *v, const struct behave_event *e,
		const struct ip_addr *who, enum role role, struct server_entry *s)
{
	struct behave_text host = behave_address(who);
	struct behave_offer o = {.kind = BEHAVE_OFFER_SERVER, .time_ns = e->time_ns, .host = *who};
	enum behave_verdict verdict = v->sink->verdict(v->sink->ctx, o.kind, who, role_words[role]);

	if (verdict == BEHAVE_ACCEPTED && !s->registered)
		role_of(v, role, e->time_ns)->registered++;
	if (verdict != BEHAVE_UNDECIDED) {
		s->registered = verdict == BEHAVE_ACCEPTED;
		return;
	}
	if (!v->sink->offer)
		return;
	snprintf(o.what, sizeof(o.what), "%s", role_words[role]);
	snprintf(o.reason_en, sizeof(o.reason_en), "%s %s: %u answers seen", host.s, roles_en[role],
		 s->answers);
	snprintf(o.reason_ja, sizeof(o.reason_ja), "%sが%sています(応答%u件)", host.s,
		 roles_ja[role], s->answers);
	v->sink->offer(v->sink->ctx, &o);
}

static void answers(const struct behave_view *v, const struct behave_event *e, enum role role)
{
	const struct ip_addr *who = role == DHCP ? &e->ends.client : &e->ends.server;
	uint64_t key[2] = {behave_word(who), role};
	double learnt = behave_seconds(v->first_ns, e->time_ns);
	struct behave_text host, client;
	struct server_entry *s;
	struct behave_hit hit;
	bool is_new;

	if (!behave_inside(who))
		return;
	s = behave_table_get(&v->tables[SERVERS], key, 2, e->time_ns, &is_new);
	s->answers++;
	if (is_new && learnt <= v->limits->learn_seconds) {
		s->registered = true;
		role_of(v, role, e->time_ns)->registered++;
	}
	/* At first, then now and then: a verdict may come at any time. */
	if (v->sink->verdict && ((s->answers & 63) == 1 || s->answers < 4))
		ask(v, e, who, role, s);
	/* Where none was learnt, nothing says that the first one is wrong. */
	if (role_of(v, role, e->time_ns)->registered == 0)
		return;
	if (s->registered || behave_told(v, &s->entry, e->time_ns))
		return;
	host = behave_address(who);
	client = behave_address(role == DHCP ? &e->ends.server : &e->ends.client);
	behave_hit_init(&hit, &signs[role], e);
	if (role != DHCP) { /* who did it is the server */
		hit.ends.client = e->ends.server;
		hit.ends.server = e->ends.client;
		hit.ends.client_port = e->ends.server_port;
		hit.ends.server_port = e->ends.client_port;
		hit.ends.client_mac = e->ends.server_mac;
		hit.ends.handshake = false;
	}
	behave_say_en(
		&hit,
		"%s %s (last for %s), which it did not do in the first %.0f minutes, and is not "
		"registered for it.",
		host.s, roles_en[role], client.s, v->limits->learn_seconds / 60.0);
	behave_say_ja(&hit,
		      "%sが%sています(最後の相手は%s)。観測開始から%.0f分間にはなく、登録もされて"
		      "いません。",
		      host.s, roles_ja[role], client.s, v->limits->learn_seconds / 60.0);
	behave_figure(&hit, "answers", s->answers);
	behave_tell(v, &hit, &s->entry);
}

static void event(const struct behave_view *v, const struct behave_event *e)
{
	switch (e->kind) {
	case BEHAVE_DNS:
		if (e->dns.answer && e->ends.server_port == 53)
			answers(v, e, DNS);
		break;
	case BEHAVE_LEASE:
		if (e->lease.offers)
			answers(v, e, DHCP);
		break;
	case BEHAVE_HTTP:
		if (e->http.status / 100 == 2 &&
		    (slice_eq(e->http.method, SLICE_LIT("CONNECT")) ||
		     slice_eq_nocase(slice_sub(e->http.path, 0, 7), SLICE_LIT("http://"))))
			answers(v, e, PROXY);
		break;
	case BEHAVE_CONNECTION:
		if (e->connection.moment == BEHAVE_END &&
		    strcmp(e->connection.protocol, "smtp") == 0)
			answers(v, e, SMTP);
		break;
	default:
		break;
	}
}

const struct behave_detector behave_servers = {
	.hours = true,
	.kinds = 1 << BEHAVE_DNS | 1 << BEHAVE_LEASE | 1 << BEHAVE_HTTP | 1 << BEHAVE_CONNECTION,
	.moments = 1 << BEHAVE_END,
	.entry_size = {sizeof(struct server_entry), sizeof(struct role_entry)},
	.weight = {1, 1},
	.event = event,
};

/* Guessing of passwords and account names (T1110, T1087, T1558): refused logins where the answer
 * can be read (SMB, Kerberos, LDAP, FTP, mail, HTTP), short sessions that end without anything done
 * where it is encrypted (SSH, RDP, ...). */
#include "dataplane/behave/detector.h"

#include <string.h>

enum table { PAIRS, CLIENTS, ASKED };

enum { TCP = 6, RST = 4 };

struct pair_entry { /* one client, one server, one service */
	struct behave_entry entry;
	uint32_t failures, sessions, sessions_in;
	uint32_t let_in, asked; /* where one side is all that is seen */
	uint64_t secrets;
	uint32_t together; /* sessions that were open beside another one */
	uint64_t sessions_told_ns, last_start_ns, last_end_ns;
};

struct asked_entry { /* one connection */
	struct behave_entry entry;
	uint64_t user; /* who was last asked for: answers do not say */
	bool ssh;      /* it says so itself, whatever the port and however much was seen */
};

struct client_entry { /* one client, one service, whatever the server */
	struct behave_entry entry;
	uint32_t failures, unknown, answers;
	uint64_t names, asked, tickets, servers;
	uint64_t tickets_told_ns;
};

static const struct behave_sign guess_sign = {2210,
					      "BANKEN guessing of passwords",
					      "TA0006",
					      "T1110.001",
					      "Password guessing",
					      BEHAVE_HIGH,
					      true};
static const struct behave_sign spray_sign = {2211,
					      "BANKEN one password tried on many accounts",
					      "TA0006",
					      "T1110.003",
					      "Password guessing",
					      BEHAVE_HIGH,
					      true};
static const struct behave_sign names_sign = {2212,
					      "BANKEN guessing of account names",
					      "TA0007",
					      "T1087.002",
					      "Password guessing",
					      BEHAVE_MEDIUM,
					      false};
static const struct behave_sign sessions_sign = {2213,
						 "BANKEN many short sessions of a login service",
						 "TA0006",
						 "T1110",
						 "Password guessing",
						 BEHAVE_HIGH,
						 false};
static const struct behave_sign roast_sign = {2214,
					      "BANKEN service tickets collected for cracking",
					      "TA0006",
					      "T1558.003",
					      "Password guessing",
					      BEHAVE_HIGH,
					      false};

static void tell_guess(const struct behave_view *v, const struct behave_event *e,
		       struct pair_entry *p)
{
	struct behave_text client = behave_address(&e->ends.client);
	struct behave_text server = behave_address(&e->ends.server);
	double seconds = behave_seconds(p->entry.start_ns, e->time_ns);
	struct behave_hit hit;

	behave_hit_init(&hit, &guess_sign, e);
	behave_say_en(&hit, "%s was refused %u logins by %s (%s) within %.1f seconds.", client.s,
		      p->failures, server.s, e->login.service, seconds);
	behave_say_ja(&hit, "%sは%.1f秒間に%s(%s)へのログインを%u回拒否されました。", client.s,
		      seconds, server.s, e->login.service, p->failures);
	behave_figure(&hit, "failures", p->failures);
	behave_figure(&hit, "seconds", seconds);
	behave_tell(v, &hit, &p->entry);
}

static void tell_unanswered(const struct behave_view *v, const struct behave_event *e,
			    struct pair_entry *p, unsigned tries)
{
	struct behave_text client = behave_address(&e->ends.client);
	struct behave_text server = behave_address(&e->ends.server);
	double seconds = behave_seconds(p->entry.start_ns, e->time_ns);
	struct behave_hit hit;

	behave_hit_init(&hit, &guess_sign, e);
	behave_say_en(&hit,
		      "%s asked %s (%s) to be let in %u times within %.1f seconds%s; the answers "
		      "were not seen.",
		      client.s, server.s, e->login.service, tries, seconds,
		      e->login.secret ? ", each time with another password of one account" : "");
	behave_say_ja(
		&hit,
		"%sは%.1f秒間に%s(%s)へのログインを%s%u回試みました(応答は観測されていません)。",
		client.s, seconds, server.s, e->login.service,
		e->login.secret ? "同じアカウントの異なるパスワードで" : "", tries);
	behave_figure(&hit, "tries", tries);
	behave_figure(&hit, "seconds", seconds);
	behave_tell(v, &hit, &p->entry);
}

static void tell_names(const struct behave_view *v, const struct behave_event *e,
		       struct client_entry *c, unsigned names)
{
	struct behave_text client = behave_address(&e->ends.client);
	struct behave_text server = behave_address(&e->ends.server);
	double seconds = behave_seconds(c->entry.start_ns, e->time_ns);
	bool refused = c->failures > 0;
	struct behave_hit hit;

	behave_hit_init(&hit, refused ? &spray_sign : &names_sign, e);
	if (refused) {
		behave_say_en(&hit,
			      "%s was refused logins (%s) with about %u different account names "
			      "within %.1f seconds, last by %s; %u of them do not exist.",
			      client.s, e->login.service, names, seconds, server.s, c->unknown);
		behave_say_ja(
			&hit,
			"%sは%.1f秒間に約%u個の異なるアカウント名でのログイン(%s)を拒否されました"
			"(最後は%s)。うち%u個は存在しない名前です。",
			client.s, seconds, names, e->login.service, server.s, c->unknown);
	} else {
		behave_say_en(&hit,
			      "%s asked %s (%s) about %u different account names within %.1f "
			      "seconds; the answers were not seen.",
			      client.s, server.s, e->login.service, names, seconds);
		behave_say_ja(&hit,
			      "%sは%.1f秒間に%s(%s)へ約%u個の異なるアカウント名を問い合わせました"
			      "(応答は観測されていません)。",
			      client.s, seconds, server.s, e->login.service, names);
	}
	behave_figure(&hit, "names", names);
	behave_figure(&hit, "seconds", seconds);
	behave_figure(&hit, "unknown_names", c->unknown);
	behave_tell(v, &hit, &c->entry);
}

static void tell_community(const struct behave_view *v, const struct behave_event *e,
			   struct client_entry *c, unsigned names)
{
	struct behave_text client = behave_address(&e->ends.client);
	struct behave_text server = behave_address(&e->ends.server);
	double seconds = behave_seconds(c->entry.start_ns, e->time_ns);
	struct behave_hit hit;

	behave_hit_init(&hit, &guess_sign, e);
	behave_say_en(&hit,
		      "%s tried about %u different community strings, the passwords of SNMP, at %s "
		      "within %.1f seconds.",
		      client.s, names, server.s, seconds);
	behave_say_ja(&hit,
		      "%sが%.1f秒間に%sに対し、SNMPのパスワードに当たるコミュニティ名を約%u種類"
		      "試しました。",
		      client.s, seconds, server.s, names);
	behave_figure(&hit, "communities", names);
	behave_figure(&hit, "seconds", seconds);
	behave_tell(v, &hit, &c->entry);
}

static void tell_roast(const struct behave_view *v, const struct behave_event *e,
		       struct client_entry *c, unsigned tickets)
{
	struct behave_text client = behave_address(&e->ends.client);
	struct behave_text server = behave_address(&e->ends.server);
	double seconds = behave_seconds(c->entry.start_ns, e->time_ns);
	struct behave_hit hit;

	behave_hit_init(&hit, &roast_sign, e);
	behave_say_en(&hit,
		      "%s got tickets of about %u services from %s within %.1f seconds, all "
		      "encrypted with RC4, which can be cracked offline.",
		      client.s, tickets, server.s, seconds);
	behave_say_ja(&hit,
		      "%sは%.1f秒間に%sから約%u個のサービスのチケットを、解読されやすいRC4暗号で"
		      "取得しました。",
		      client.s, seconds, server.s, tickets);
	behave_figure(&hit, "services", tickets);
	behave_figure(&hit, "seconds", seconds);
	c->tickets_told_ns = e->time_ns;
	behave_tell(v, &hit, NULL);
}

static uint64_t service_word(const char *service)
{
	uint64_t w = 0;

	memcpy(&w, service, strnlen(service, sizeof(w)));
	return w;
}

/* The user it is about: its word, 0 when nothing says. */
static uint64_t user_of(const struct behave_view *v, const struct behave_event *e)
{
	uint64_t key = e->ends.flow_id;
	struct asked_entry *a;
	bool is_new;

	if (e->login.user.len == 0) {
		a = behave_table_find(&v->tables[ASKED], &key, 1);
		return a ? a->user : 0;
	}
	if (e->login.outcome != BEHAVE_ASKED)
		return behave_word_bytes(v, e->login.user);
	a = behave_table_get(&v->tables[ASKED], &key, 1, e->time_ns, &is_new);
	a->user = behave_word_bytes(v, e->login.user);
	return a->user;
}

static void refused(const struct behave_view *v, const struct behave_event *e,
		    struct client_entry *c, uint64_t user)
{
	uint64_t key[3] = {behave_word(&e->ends.client), behave_word(&e->ends.server),
			   service_word(e->login.service)};
	struct pair_entry *p =
		behave_window(v, PAIRS, key, 3, e->time_ns, v->limits->brute_seconds);
	bool is_new = user && behave_small_add(v, &c->names, user);

	c->failures++;
	p->failures++;
	c->unknown += is_new && e->login.outcome == BEHAVE_NO_USER;
	if (is_new && behave_small_count(c->names) >= v->limits->spray_names)
		tell_names(v, e, c, behave_small_count(c->names));
	else if (p->failures >= v->limits->brute_failures &&
		 /* Answers alone: many ask once without a password, and then with it. */
		 !(e->login.half && p->let_in * 4 > p->failures) &&
		 !behave_told(v, &p->entry, e->time_ns) && !behave_told(v, &c->entry, e->time_ns))
		tell_guess(v, e, p);
}

enum { FORMS_FACTOR = 3 }; /* forms are sent for other reasons too */

/* Where answers are not seen: passwords that differ for one account, or log-in forms sent and sent.
 */
static void unanswered(const struct behave_view *v, const struct behave_event *e, uint64_t user)
{
	uint64_t key[3] = {behave_word(&e->ends.client), behave_word(&e->ends.server),
			   service_word(e->login.service) ^ user};
	struct pair_entry *p =
		behave_window(v, PAIRS, key, 3, e->time_ns, v->limits->brute_seconds);
	unsigned least = v->limits->brute_failures;

	p->asked++;
	if (e->login.secret)
		behave_small_add(v, &p->secrets, e->login.secret);
	if (behave_told(v, &p->entry, e->time_ns))
		return;
	if (e->login.secret && behave_small_count(p->secrets) >= least)
		tell_unanswered(v, e, p, behave_small_count(p->secrets));
	else if (!e->login.secret && p->asked >= least * FORMS_FACTOR)
		tell_unanswered(v, e, p, p->asked);
}

static void let_in(const struct behave_view *v, const struct behave_event *e)
{
	uint64_t key[3] = {behave_word(&e->ends.client), behave_word(&e->ends.server),
			   service_word(e->login.service)};
	struct pair_entry *p =
		behave_window(v, PAIRS, key, 3, e->time_ns, v->limits->brute_seconds);

	p->let_in++;
}

static bool of_snmp(const struct behave_event *e)
{
	return strcmp(e->login.service, "snmp") == 0;
}

static void asked(const struct behave_view *v, const struct behave_event *e, struct client_entry *c,
		  uint64_t user)
{
	unsigned names;

	if (!user || !behave_small_add(v, &c->asked, user))
		return;
	names = behave_small_count(c->asked);
	if (names < v->limits->spray_asked)
		return;
	/* A wrong community string is not answered at all. */
	if (of_snmp(e))
		tell_community(v, e, c, names);
	else if (c->answers == 0)
		tell_names(v, e, c, names);
}

static void login(const struct behave_view *v, const struct behave_event *e)
{
	/* Each device may have a community string of its own. */
	uint64_t key[2] = {behave_word(&e->ends.client),
			   service_word(e->login.service) ^
				   (of_snmp(e) ? behave_word(&e->ends.server) : 0)};
	struct client_entry *c =
		behave_window(v, CLIENTS, key, 2, e->time_ns, v->limits->brute_seconds);
	uint64_t user = user_of(v, e);

	switch (e->login.outcome) {
	case BEHAVE_DENIED:
	case BEHAVE_NO_USER:
		c->answers++;
		refused(v, e, c, user);
		break;
	case BEHAVE_LET_IN:
		c->answers++;
		if (e->login.half)
			let_in(v, e);
		break;
	case BEHAVE_TICKET:
		if (behave_small_add(v, &c->tickets, user) &&
		    behave_small_count(c->tickets) >= v->limits->roast_tickets &&
		    !behave_lately(v, c->tickets_told_ns, e->time_ns))
			tell_roast(v, e, c, behave_small_count(c->tickets));
		break;
	case BEHAVE_ASKED:
		if (e->login.half)
			unanswered(v, e, user);
		asked(v, e, c, user);
		break;
	}
}

/* ---- encrypted services: sessions ---- */

struct service {
	const char *protocol; /* as identified */
	uint16_t ports[5];    /* usual ones, where it was not */
};

/* Login services that keep one session for long work, so that many short ones mean something. */
static const struct service services[] = {
	{"ssh", {22, 2222}}, {"rdp", {3389}},	   {"ftp", {21, 990}},	    {"telnet", {23}},
	{"rfb", {5900}},     {"imap", {143, 993}}, {"pop3", {110, 995}},    {"mssql", {1433}},
	{"mysql", {3306}},   {"pgsql", {5432}},	   {"winrm", {5985, 5986}},
};

const char *behave_login_service(const struct behave_event *e)
{
	const char *protocol = e->connection.protocol;

	for (size_t i = 0; i < ARRAY_SIZE(services); i++) {
		if (protocol[0] == services[i].protocol[0] &&
		    strcmp(protocol, services[i].protocol) == 0)
			return services[i].protocol;
		for (unsigned k = 0; k < ARRAY_SIZE(services[i].ports); k++) {
			if (services[i].ports[k] == e->ends.server_port && e->ends.server_port &&
			    (!protocol[0] || strcmp(protocol, "failed") == 0 ||
			     strcmp(protocol, "tls") == 0 || strcmp(protocol, "http") == 0))
				return services[i].protocol;
		}
	}
	return NULL;
}

static void tell_sessions(const struct behave_view *v, const struct behave_event *e,
			  struct pair_entry *p, const char *service)
{
	struct behave_text client = behave_address(&e->ends.client);
	struct behave_text server = behave_address(&e->ends.server);
	double seconds = behave_seconds(p->entry.start_ns, p->last_start_ns);
	struct behave_hit hit;

	behave_hit_init(&hit, &sessions_sign, e);
	behave_say_en(&hit,
		      "%s opened %u %s sessions at %s port %u within %.1f seconds that all ended "
		      "soon and with little said, as refused logins do.",
		      client.s, p->sessions, service, server.s, e->ends.server_port, seconds);
	behave_say_ja(
		&hit,
		"%sは%.1f秒間に%sのポート%uへ%sセッションを%u回開き、いずれも拒否されたログイン"
		"のように短くほとんど通信なしで終わりました。",
		client.s, seconds, server.s, e->ends.server_port, service, p->sessions);
	behave_figure(&hit, "sessions", p->sessions);
	behave_figure(&hit, "seconds", seconds);
	p->sessions_told_ns = e->time_ns;
	behave_tell(v, &hit, NULL);
}

static bool says_ssh(const struct behave_view *v, const struct behave_event *e)
{
	uint64_t key = e->ends.flow_id;
	const struct asked_entry *a;

	if (e->connection.protocol[0] && strcmp(e->connection.protocol, "failed") != 0)
		return false;
	a = behave_table_find(&v->tables[ASKED], &key, 1);
	return a && a->ssh;
}

/* RFC 4253 4.2 */
static void hello(const struct behave_view *v, const struct behave_event *e)
{
	uint64_t key = e->ends.flow_id;
	struct asked_entry *a;
	bool is_new;

	if (e->hello.bytes.len < 8 || memcmp(e->hello.bytes.data, "SSH-", 4) != 0)
		return;
	a = behave_table_get(&v->tables[ASKED], &key, 1, e->time_ns, &is_new);
	a->ssh = true;
}

/* What is said in the clear says by itself who was let in: logins of web applications at their
 * databases and mail servers are as many and as short. */
static bool readable(const struct behave_view *v, const struct behave_event *e, const char *service)
{
	uint64_t key[2] = {behave_word(&e->ends.client), service_word(service)};
	const struct client_entry *c = behave_table_find(&v->tables[CLIENTS], key, 2);

	return c && c->answers > 0;
}

/* The service of a session that is worth counting, NULL otherwise. */
static const char *session_of(const struct behave_view *v, const struct behave_event *e)
{
	const struct behave_connection *c = &e->connection;
	const char *service;

	if (c->moment != BEHAVE_END || e->ends.ip_proto != TCP)
		return NULL;
	/* Something has to be said: a bare handshake is a scan's. One direction may be missing. */
	if (c->packets[0] + c->packets[1] < 5 || c->bytes[0] + c->bytes[1] < 400)
		return NULL;
	service = behave_login_service(e);
	if (!service && says_ssh(v, e))
		service = "ssh";
	return service && !readable(v, e, service) ? service : NULL;
}

static void note_session(struct pair_entry *p, const struct behave_event *e)
{
	uint64_t start_ns = e->connection.start_ns;

	p->together += start_ns < p->last_end_ns;
	p->sessions++;
	if (start_ns < p->entry.start_ns)
		p->entry.start_ns = start_ns;
	if (start_ns > p->last_start_ns)
		p->last_start_ns = start_ns;
	if (e->time_ns > p->last_end_ns)
		p->last_end_ns = e->time_ns;
}

/* A person has one session at a time: where they stand beside each other half as many say it. */
static bool enough_sessions(const struct behave_view *v, const struct pair_entry *p)
{
	unsigned least = v->limits->brute_sessions;

	if (p->together * 2 >= p->sessions)
		least = (least + 1) / 2;
	return p->sessions >= least && p->sessions_in * 4 <= p->sessions;
}

static void session_end(const struct behave_view *v, const struct behave_event *e)
{
	const struct behave_connection *c = &e->connection;
	struct behave_event turned;
	const char *service;
	struct pair_entry *p;
	uint64_t key[3];

	/* Where only the server is seen it stands as the client. */
	if (c->packets[1] == 0 && e->ends.client_port < e->ends.server_port) {
		turned = *e;
		behave_turn(&turned.ends);
		e = &turned;
	}
	service = session_of(v, e);
	if (!service)
		return;
	key[0] = behave_word(&e->ends.client);
	key[1] = behave_word(&e->ends.server);
	key[2] = service_word(service) ^ (uint64_t)e->ends.server_port << 48;
	p = behave_window(v, PAIRS, key, 3, c->start_ns, v->limits->brute_seconds);
	if (c->bytes[0] + c->bytes[1] > v->limits->brute_session_bytes ||
	    behave_seconds(c->start_ns, e->time_ns) > v->limits->brute_session_seconds) {
		p->sessions_in++;
		return;
	}
	note_session(p, e);
	if (enough_sessions(v, p) && !behave_lately(v, p->sessions_told_ns, e->time_ns))
		tell_sessions(v, e, p, service);
}

static void event(const struct behave_view *v, const struct behave_event *e)
{
	if (e->kind == BEHAVE_LOGIN)
		login(v, e);
	else if (e->kind == BEHAVE_HELLO)
		hello(v, e);
	else
		session_end(v, e);
}

const struct behave_detector behave_brute = {
	.kinds = 1 << BEHAVE_LOGIN | 1 << BEHAVE_CONNECTION | 1 << BEHAVE_HELLO,
	.moments = 1 << BEHAVE_END,
	.entry_size = {sizeof(struct pair_entry), sizeof(struct client_entry),
		       sizeof(struct asked_entry)},
	.weight = {2, 2, 1},
	.event = event,
};

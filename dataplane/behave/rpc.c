/* Remote calls of Windows that carry attacks from host to host (T1021, T1047, T1053, T1569, T1003,
 * T1207, T1187, T1210): judged by interface and operation, which stand in the clear even where the
 * call's content is encrypted. Where the interface was not seen being bound, by the shape of the
 * conversation. */
#include "dataplane/behave/rpc.h"

#include "dataplane/behave/detector.h"

enum table { PAIRS, CALLERS, CONTROLLERS };

enum { TCP = 6, EPMAP = 135, FIRST_DYNAMIC = 1024 };

enum { /* operations seen on interfaces that were not seen being bound */
       SAW_BIND = 1 << 0,
       SAW_OTHER = 1 << 1,
       SAW_CHANGES = 1 << 2,
       SAW_ANSWER = 1 << 3,
};

struct pair_entry { /* caller, called */
	struct behave_entry entry;
	uint64_t told[RPC_MEANINGS]; /* when, 0 = never */
	uint64_t called_ns;	     /* the last call that may make it log in */
	uint64_t activated_ns;
	uint32_t lookups, authentications, challenges, saw;
	uint16_t invokes;
	char coerced_by[48];
};

struct caller_entry {
	struct behave_entry entry;
	uint64_t hosts; /* whose shares ... were listed */
};

static struct pair_entry *pair_of(const struct behave_view *v, const struct behave_event *e,
				  bool turned)
{
	uint64_t client = behave_word(&e->ends.client), server = behave_word(&e->ends.server);
	uint64_t key[2] = {turned ? server : client, turned ? client : server};
	bool is_new;

	if (turned)
		return behave_table_find(&v->tables[PAIRS], key, 2);
	return behave_table_get(&v->tables[PAIRS], key, 2, e->time_ns, &is_new);
}

/* ---- who is a domain controller: who answers Kerberos ---- */

static void learn_controller(const struct behave_view *v, const struct ip_addr *a, uint64_t now_ns)
{
	uint64_t key = behave_word(a);
	bool is_new;

	behave_table_get(&v->tables[CONTROLLERS], &key, 1, now_ns, &is_new);
}

static bool is_controller(const struct behave_view *v, const struct ip_addr *a)
{
	uint64_t key = behave_word(a);

	return behave_table_find(&v->tables[CONTROLLERS], &key, 1) != NULL;
}

/* ---- hits ---- */

static void tell(const struct behave_view *v, const struct behave_event *e, struct pair_entry *p,
		 enum rpc_meaning meaning, const char *operation)
{
	enum rpc_interface interface = e->rpc.known ? rpc_interface_of(e->rpc.uuid) : RPC_UNKNOWN;
	struct behave_text client = behave_address(&e->ends.client);
	struct behave_text server = behave_address(&e->ends.server);
	const char *where = rpc_interface_names[interface];
	struct behave_hit hit;

	if (behave_lately(v, p->told[meaning], e->time_ns)) {
		v->counters[BEHAVE_COUNT_SILENT]++;
		return;
	}
	p->told[meaning] = e->time_ns;
	behave_hit_init(&hit, rpc_sign(meaning), e);
	behave_say_en(&hit, "%s called %s (operation %u of %s) at %s, %s.", client.s, operation,
		      e->rpc.opnum, where, server.s, rpc_words_en(meaning));
	behave_say_ja(&hit, "%sが%sの%s(%s、操作番号%u)を呼び出しました。%s。", client.s, server.s,
		      operation, where, e->rpc.opnum, rpc_words_ja(meaning));
	behave_figure(&hit, "operation", e->rpc.opnum);
	behave_figure(&hit, "bytes", e->rpc.bytes);
	behave_tell(v, &hit, NULL);
}

static void tell_counted(const struct behave_view *v, const struct behave_event *e,
			 struct pair_entry *p, enum rpc_meaning meaning, unsigned count)
{
	struct behave_text client = behave_address(&e->ends.client);
	struct behave_text server = behave_address(&e->ends.server);
	double seconds = behave_seconds(p->entry.start_ns, e->time_ns);
	struct behave_hit hit;

	if (behave_lately(v, p->told[meaning], e->time_ns))
		return;
	p->told[meaning] = e->time_ns;
	behave_hit_init(&hit, rpc_sign(meaning), e);
	if (meaning == RPC_LOOK_UP) {
		behave_say_en(&hit,
			      "%s read %u entries of the endpoint mapper of %s one by one within "
			      "%.1f seconds, as one does who looks for services to attack.",
			      client.s, count, server.s, seconds);
		behave_say_ja(&hit,
			      "%sが%.1f秒間に%sのエンドポイントマッパーを%u件順に読み出しました"
			      "(攻撃対象サービスの探索とみられます)。",
			      client.s, seconds, server.s, count);
	} else {
		behave_say_en(&hit,
			      "%s tried to authenticate to Netlogon of %s %u times within %.1f "
			      "seconds; with an empty challenge one in 256 tries succeeds without "
			      "a password.",
			      client.s, server.s, count, seconds);
		behave_say_ja(&hit,
			      "%sが%.1f秒間に%sのNetlogonへ%u回認証を試みました(空のチャレンジでは"
			      "256回に1回パスワードなしで成功します)。",
			      client.s, seconds, server.s, count);
	}
	behave_figure(&hit, "calls", count);
	behave_figure(&hit, "seconds", seconds);
	behave_tell(v, &hit, NULL);
}

static void tell_listing(const struct behave_view *v, const struct behave_event *e,
			 struct pair_entry *p, const char *operation)
{
	uint64_t key = behave_word(&e->ends.client);
	struct caller_entry *c =
		behave_window(v, CALLERS, &key, 1, e->time_ns, v->limits->rpc_seconds);
	struct behave_text client = behave_address(&e->ends.client);
	unsigned hosts;
	struct behave_hit hit;

	behave_small_add(v, &c->hosts, behave_word(&e->ends.server));
	hosts = behave_small_count(c->hosts);
	if (hosts < v->limits->rpc_enumerations) {
		tell(v, e, p, RPC_ENUMERATE, operation);
		return;
	}
	behave_hit_init(&hit, rpc_sign(RPC_ENUMERATE), e);
	hit.severity = BEHAVE_MEDIUM;
	behave_say_en(&hit,
		      "%s listed shares, sessions or accounts (%s) of about %u hosts within %.1f "
		      "seconds.",
		      client.s, operation, hosts, behave_seconds(c->entry.start_ns, e->time_ns));
	behave_say_ja(
		&hit,
		"%sが%.1f秒間に約%u台のホストの共有、セッション、アカウント(%s)を一覧しました。",
		client.s, behave_seconds(c->entry.start_ns, e->time_ns), hosts, operation);
	behave_figure(&hit, "hosts", hosts);
	behave_tell(v, &hit, &c->entry);
}

static void tell_reflected(const struct behave_view *v, const struct behave_event *e,
			   struct pair_entry *p)
{
	struct behave_text victim = behave_address(&e->ends.client);
	struct behave_text caller = behave_address(&e->ends.server);
	double seconds = behave_seconds(p->called_ns, e->time_ns);
	struct behave_event turned = *e;
	struct behave_hit hit;

	behave_turn(&turned.ends);
	behave_hit_init(&hit, rpc_sign(RPC_COERCE), &turned);
	behave_say_en(&hit,
		      "%.1f seconds after %s had called %s at %s, that host logged in at %s: its "
		      "credentials were drawn out.",
		      seconds, caller.s, p->coerced_by, victim.s, caller.s);
	behave_say_ja(&hit,
		      "%sが%sの%sを呼び出した%.1f秒後、そのホストが%sへログインしました。認証情報が"
		      "引き出されています。",
		      caller.s, victim.s, p->coerced_by, seconds, caller.s);
	behave_figure(&hit, "seconds", seconds);
	p->called_ns = 0;
	behave_tell(v, &hit, NULL);
}

/* ---- calls ---- */

/* Some 80 account numbers in one call; a window that shows permissions asks for a handful. */
enum { NAMES_BYTES = 3000 };

static void authenticate(const struct behave_view *v, const struct behave_event *e,
			 struct pair_entry *p)
{
	if (++p->authentications >= v->limits->rpc_authentications)
		tell_counted(v, e, p, RPC_AUTHENTICATE, p->authentications);
}

static void invoke(const struct behave_view *v, const struct behave_event *e, struct pair_entry *p,
		   const char *operation)
{
	p->invokes++;
	tell(v, e, p, RPC_INVOKE, operation);
}

static void known_call(const struct behave_view *v, const struct behave_event *e,
		       struct pair_entry *p)
{
	const char *operation;
	enum rpc_meaning meaning =
		rpc_meaning_of(rpc_interface_of(e->rpc.uuid), e->rpc.opnum, &operation);

	switch (meaning) {
	case RPC_NOTHING:
	case RPC_MEANINGS:
		break;
	case RPC_ACTIVATE:
		p->activated_ns = e->time_ns;
		break;
	case RPC_INVOKE:
		invoke(v, e, p, operation);
		break;
	case RPC_REPLICATE:
	case RPC_SHADOW:
		if (!is_controller(v, &e->ends.client))
			tell(v, e, p, meaning, operation);
		break;
	case RPC_AUTHENTICATE:
		authenticate(v, e, p);
		break;
	case RPC_LOOK_UP:
		if (++p->lookups >= v->limits->rpc_lookups)
			tell_counted(v, e, p, meaning, p->lookups);
		break;
	case RPC_ENUMERATE:
		tell_listing(v, e, p, operation);
		break;
	case RPC_NAMES:
		if (e->rpc.bytes >= NAMES_BYTES)
			tell_listing(v, e, p, operation);
		break;
	case RPC_COERCE:
		p->called_ns = e->time_ns;
		memcpy(p->coerced_by, operation, strnlen(operation, sizeof(p->coerced_by) - 1));
		tell(v, e, p, meaning, operation);
		break;
	default:
		tell(v, e, p, meaning, operation);
	}
}

/* A call of COM begins with its version, 5.1 to 5.7, and an empty flag word (MS-DCOM 2.2.13.3),
 * unless it is encrypted. */
static bool com_call(const struct behave_rpc *c)
{
	const uint8_t *d = c->stub.data;

	return c->stub.len >= 32 && d[0] == 5 && d[1] == 0 && d[2] >= 1 && d[2] <= 7 && d[3] == 0;
}

/* The interface was bound before the capture began: by shape. */
static void unknown_call(const struct behave_view *v, const struct behave_event *e,
			 struct pair_entry *p)
{
	const struct behave_rpc *c = &e->rpc;

	if (e->ends.server_port == EPMAP) {
		if (c->opnum >= 3 && c->opnum <= 4 && c->bytes >= 300 && com_call(c))
			p->activated_ns = e->time_ns;
		else if (c->opnum == 2 && ++p->lookups >= v->limits->rpc_lookups)
			tell_counted(v, e, p, RPC_LOOK_UP, p->lookups);
		return;
	}
	if (c->object) {
		/* With an object: COM. IWbemServices has more operations than other interfaces
		 * that are called so. */
		if (c->opnum == 24 || c->opnum == 25)
			tell(v, e, p, RPC_WMI, "ExecMethod");
		else if (c->opnum == 6 && c->context != 0)
			invoke(v, e, p, "Invoke");
		return;
	}
	if (c->opnum == 4) {
		p->challenges++;
	} else if (c->opnum == 26 && p->challenges > 0) {
		authenticate(v, e, p);
	}
	/* Directory replication: bind (0), look around (12, 16) or leave (1), get changes (3). */
	if (c->opnum == 0)
		p->saw |= SAW_BIND;
	else if (c->opnum == 3)
		p->saw |= SAW_CHANGES;
	else if (c->opnum == 1 && p->saw == (SAW_BIND | SAW_OTHER | SAW_CHANGES) &&
		 !is_controller(v, &e->ends.client)) /* its answers are not seen */
		tell(v, e, p, RPC_REPLICATE, "what looks like DRSGetNCChanges");
	else if (c->opnum == 12 || c->opnum == 16)
		p->saw |= SAW_OTHER;
}

static void unknown_answer(const struct behave_view *v, const struct behave_event *e,
			   struct pair_entry *p)
{
	p->saw |= SAW_ANSWER;
	if (e->rpc.object || e->ends.server_port < FIRST_DYNAMIC || e->rpc.opnum != 3)
		return;
	if ((p->saw & (SAW_BIND | SAW_OTHER)) == (SAW_BIND | SAW_OTHER) &&
	    e->rpc.bytes >= v->limits->rpc_replication_bytes && !is_controller(v, &e->ends.client))
		tell(v, e, p, RPC_REPLICATE, "what looks like DRSGetNCChanges");
}

static void rpc(const struct behave_view *v, const struct behave_event *e)
{
	struct pair_entry *p;

	if (e->rpc.bind || (e->rpc.answer && e->rpc.known))
		return;
	p = pair_of(v, e, false);
	if (behave_seconds(p->entry.start_ns, e->time_ns) > v->limits->rpc_seconds) {
		p->entry.start_ns = e->time_ns;
		p->lookups = p->authentications = p->challenges = 0;
		p->saw = 0;
	}
	if (e->rpc.answer)
		unknown_answer(v, e, p);
	else if (e->rpc.known)
		known_call(v, e, p);
	else
		unknown_call(v, e, p);
}

static void login(const struct behave_view *v, const struct behave_event *e)
{
	struct pair_entry *p = pair_of(v, e, true);

	if (p && p->called_ns &&
	    behave_seconds(p->called_ns, e->time_ns) <= v->limits->reflect_seconds)
		tell_reflected(v, e, p);
}

static void event(const struct behave_view *v, const struct behave_event *e)
{
	if (e->kind == BEHAVE_RPC) {
		rpc(v, e);
	} else if (e->kind == BEHAVE_SHARE) {
		if (e->share.what == BEHAVE_SHARE_LOGIN)
			login(v, e);
	} else if (e->ends.server_port == 88 && e->connection.moment == BEHAVE_OPEN) {
		learn_controller(v, &e->ends.server, e->time_ns);
	}
}

const struct behave_detector behave_rpc = {
	.kinds = 1 << BEHAVE_RPC | 1 << BEHAVE_SHARE | 1 << BEHAVE_CONNECTION,
	.moments = 1 << BEHAVE_OPEN,
	.entry_size = {sizeof(struct pair_entry), sizeof(struct caller_entry),
		       sizeof(struct behave_entry)},
	.weight = {2, 1, 1},
	.event = event,
};

#include "dataplane/worker/listed.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/base/clock.h"
#include "dataplane/event/fields.h"

enum { BUFFERS = 5, NAMES_A_TX = 64, SHOWN = 256, REASON = 640 };

/* --- what is looked at in transactions --- */

enum meaning { NAME, JA3, JA4, CERT };

static const struct {
	const char *buffer;
	enum meaning meaning;
} wanted[] = {
	{"dns.query", NAME},
	{"http.host", NAME},
	{"tls.sni", NAME},
	{"quic.sni", NAME},
	{"ja3.hash", JA3},
	{"ja4.hash", JA4},
	{"tls.cert_fingerprint", CERT},
};

struct listed_buffer {
	const struct app_buffer *names[BUFFERS]; /* NULL-terminated when fewer */
	enum meaning meaning[BUFFERS];
	const struct app_buffer *host, *host_raw, *uri; /* of requests */
};

static const struct app_buffer *buffer_of(const struct app_proto *proto, const char *name)
{
	for (unsigned i = 0; i < proto->buffer_count; i++) {
		if (strcmp(proto->buffers[i].name, name) == 0)
			return &proto->buffers[i];
	}
	return NULL;
}

static void find_buffers(struct listed_buffer *b, const struct app_proto *proto)
{
	unsigned n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(wanted) && n < BUFFERS; i++) {
		b->names[n] = buffer_of(proto, wanted[i].buffer);
		b->meaning[n] = wanted[i].meaning;
		n += b->names[n] != NULL;
	}
	b->host = buffer_of(proto, "http.host");
	b->host_raw = buffer_of(proto, "http.host.raw");
	b->uri = buffer_of(proto, "http.uri.raw");
}

struct listed *listed_new(struct event_writer *events, unsigned repeat_seconds)
{
	struct listed *l = calloc(1, sizeof(*l));
	unsigned n = 0;

	if (!l)
		return NULL;
	while (app_protocols[n])
		n++;
	l->events = events;
	l->repeat_ns = repeat_seconds * NS_PER_SEC;
	l->key = hash_key_random();
	l->buffers = calloc(n + 1, sizeof(*l->buffers));
	if (!l->buffers) {
		listed_delete(l);
		return NULL;
	}
	for (unsigned i = 0; i < n; i++)
		find_buffers(&l->buffers[i], app_protocols[i]);
	return l;
}

void listed_delete(struct listed *l)
{
	if (!l)
		return;
	free(l->buffers);
	free(l);
}

void listed_switch(struct listed *l, const struct lists *lists, uint64_t now_ns)
{
	l->lists = lists;
	l->loaded_ns = now_ns;
}

uint8_t listed_digests(const struct listed *l)
{
	struct lists_digests d = {0};

	if (l->lists)
		d = lists_digests(l->lists);
	return (uint8_t)((d.md5 ? APP_FILE_MD5 : 0) | (d.sha1 ? APP_FILE_SHA1 : 0) |
			 (d.sha256 ? APP_FILE_SHA256 : 0));
}

/* --- alerts --- */

enum seen { SEEN_SERVER, SEEN_CLIENT, SEEN_NAME, SEEN_URL, SEEN_HELLO, SEEN_CERT, SEEN_FILE };

static const struct {
	const char *en, *ja; /* %s: host, what, list, comment */
} reasons[] = {
	[SEEN_SERVER] = {"%s connected to %s, which is on the list \"%s\"%s%s%s",
			 "%1$s が既知の悪性リスト「%3$s」にある %2$s に接続しました%4$s%5$s%6$s"},
	[SEEN_CLIENT] =
		{"%s was contacted by %s, which is on the list \"%s\", and answered%s%s%s",
		 "%1$s が既知の悪性リスト「%3$s」にある %2$s からの接続に応答しました%4$s%5$s%6$s"},
	[SEEN_NAME] = {"%s asked for the name %s, which is on the list \"%s\"%s%s%s",
		       "%1$s が既知の悪性リスト「%3$s」にある名前 %2$s を使いました%4$s%5$s%6$s"},
	[SEEN_URL] = {"%s requested %s, which is on the list \"%s\"%s%s%s",
		      "%1$s が既知の悪性リスト「%3$s」にある %2$s を要求しました%4$s%5$s%6$s"},
	[SEEN_HELLO] =
		{"%s began TLS with the fingerprint %s, which is on the list \"%s\"%s%s%s",
		 "%1$s が既知の悪性リスト「%3$s」にある指紋 %2$s で TLS を始めました%4$s%5$s%6$s"},
	[SEEN_CERT] =
		{"%s was shown the certificate %s, which is on the list \"%s\"%s%s%s",
		 "%1$s に既知の悪性リスト「%3$s」にある証明書 %2$s が示されました%4$s%5$s%6$s"},
	[SEEN_FILE] = {"%s exchanged the file %s, which is on the list \"%s\"%s%s%s",
		       "%1$s が既知の悪性リスト「%3$s」にあるファイル %2$s "
		       "をやり取りしました%4$s%5$s%6$s"},
};

/* ATT&CK and severity of kinds whose list does not say. */
static const struct {
	const char *what, *tactic, *technique, *category;
	uint8_t severity;
} kinds[LIST_KINDS] = {
	[LIST_ADDRESS] = {"address", "TA0011", "T1071",
			  "Malware Command and Control Activity Detected", 2},
	[LIST_NETWORK] = {"network", "TA0011", "T1071",
			  "Malware Command and Control Activity Detected", 2},
	[LIST_SERVICE] = {"service", "TA0011", "T1071",
			  "Malware Command and Control Activity Detected", 1},
	[LIST_DOMAIN] = {"name", "TA0011", "T1071", "Domain Observed Used for C2 Detected", 1},
	[LIST_URL] = {"URL", "TA0011", "T1105", "A Network Trojan was detected", 1},
	[LIST_JA3] = {"TLS client", "TA0011", "T1573",
		      "Malware Command and Control Activity Detected", 3},
	[LIST_JA4] = {"TLS client", "TA0011", "T1573",
		      "Malware Command and Control Activity Detected", 3},
	[LIST_CERT] = {"certificate", "TA0011", "T1573",
		       "Malware Command and Control Activity Detected", 1},
	[LIST_FILE] = {"file", "TA0011", "T1105", "A Network Trojan was detected", 1},
};

struct finding {
	const struct packet *p;
	const struct flow *f;
	const struct app_tx *tx; /* or NULL */
	const struct list_hit *hit;
	enum seen seen;
	const char *what; /* as it was seen, printable */
};

static void put_texts(struct record *r, const char *name, const char *a, const char *b)
{
	record_array(r, name);
	record_text(r, NULL, a);
	if (b)
		record_text(r, NULL, b);
	record_end(r);
}

static void put_reason(struct record *r, const struct finding *x, const struct ip_addr *host)
{
	const char *note = x->hit->comment[0] ? x->hit->comment : x->hit->list->comment;
	char en[REASON], ja[REASON], addr[IP_ADDR_TEXT];

	ip_addr_text(host, addr, false);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(en, sizeof(en), reasons[x->seen].en, addr, x->what, x->hit->list->name,
		 note[0] ? " (" : "", note, note[0] ? ")." : ".");
	snprintf(ja, sizeof(ja), reasons[x->seen].ja, addr, x->what, x->hit->list->name,
		 note[0] ? "(" : "", note, note[0] ? ")。" : "。");
#pragma GCC diagnostic pop
	put_texts(r, "reason", en, ja);
}

static void put_metadata(struct record *r, const struct finding *x, const struct ip_addr *host)
{
	const struct list_info *list = x->hit->list;
	enum list_kind kind = x->hit->kind;

	record_object(r, "metadata");
	put_texts(r, "mitre_tactic_id", list->tactic[0] ? list->tactic : kinds[kind].tactic, NULL);
	put_texts(r, "mitre_technique_id",
		  list->technique[0] ? list->technique : kinds[kind].technique, NULL);
	put_texts(r, "confidence", list->known ? "known" : "potential", NULL);
	put_texts(r, "list", list->name, NULL);
	put_texts(r, "indicator", x->what, NULL);
	put_texts(r, "indicator_kind", list_kind_names[kind], NULL);
	if (x->hit->comment[0])
		put_texts(r, "comment", x->hit->comment, NULL);
	put_reason(r, x, host);
	record_end(r);
}

/* The host is the client, unless the client is what is listed. */
static void tell(struct listed *l, const struct finding *x)
{
	const struct flow *f = x->f;
	const struct ip_addr *host = &f->key.addr[x->seen == SEEN_CLIENT ? DIR_TC : DIR_TS];
	const struct list_info *list = x->hit->list;
	char name[96];
	struct record *r;

	if (!event_wanted(l->events, EVENT_ALERT))
		return;
	r = event_begin(l->events, "alert", x->p, f);
	if (!r)
		return;
	snprintf(name, sizeof(name), "Known bad %s (list %s)", kinds[x->hit->kind].what,
		 list->name);
	record_object(r, "alert");
	record_text(r, "action", "allowed");
	record_uint(r, "gid", 4);
	record_uint(r, "signature_id", list->id);
	record_uint(r, "rev", 1);
	record_text(r, "signature", name);
	record_text(r, "category", kinds[x->hit->kind].category);
	record_uint(r, "severity", list->severity ? list->severity : kinds[x->hit->kind].severity);
	put_metadata(r, x, host);
	record_end(r);
	if (x->tx)
		event_put_app(r, f->app, x->tx);
	event_done(l->events, RECORD_LANE_ALERT);
}

/* The same of the same host is told once in a while; with a completed handshake again, as more
 * may be done about it (Q8). */
static bool told_already(struct listed *l, const struct finding *x, uint64_t now_ns)
{
	bool handshake = x->f->flags & FLOW_HANDSHAKE;
	uint64_t what = hash_bytes(&l->key, x->what, strlen(x->what)) ^
			hash_bytes(&l->key, x->f->key.addr, sizeof(x->f->key.addr)) ^
			((uint64_t)x->hit->list->id << 8 | (uint64_t)x->hit->kind << 1 | handshake);
	unsigned at = (unsigned)(what % LISTED_TOLD);

	if (l->repeat_ns && l->told[at].what == what && l->told[at].until_ns > now_ns)
		return true;
	l->told[at].what = what;
	l->told[at].until_ns = now_ns + l->repeat_ns;
	return false;
}

static void found(struct listed *l, const struct finding *x)
{
	l->counters[LISTED_HITS]++;
	if (told_already(l, x, x->p->now_ns))
		l->counters[LISTED_REPEATED]++;
	else
		tell(l, x);
}

static const char *shown(struct slice s, char ret[SHOWN])
{
	size_t n = s.len < SHOWN - 1 ? s.len : SHOWN - 1;

	for (size_t i = 0; i < n; i++)
		ret[i] = (char)(s.data[i] < ' ' || s.data[i] > '~' ? '?' : s.data[i]);
	ret[n] = 0;
	return ret;
}

static uint32_t seconds(const struct packet *p)
{
	return (uint32_t)(p->now_ns / NS_PER_SEC);
}

/* --- flows --- */

static bool answered(const struct flow *f)
{
	if (f->key.ip_proto == IP_PROTO_TCP)
		return f->flags & FLOW_HANDSHAKE;
	return f->packets[DIR_TS] && f->packets[DIR_TC];
}

static bool server_is_listed(struct listed *l, const struct packet *p, struct list_hit *hit,
			     char text[SHOWN])
{
	const struct flow *f = p->flow;
	char addr[IP_ADDR_TEXT];

	if (lists_service(l->lists, &f->key.addr[DIR_TC], f->key.port[DIR_TC], seconds(p), hit)) {
		snprintf(text, SHOWN, "%s port %u", ip_addr_text(&f->key.addr[DIR_TC], addr, false),
			 f->key.port[DIR_TC]);
		return true;
	}
	if (!lists_address(l->lists, &f->key.addr[DIR_TC], seconds(p), hit))
		return false;
	ip_addr_text(&f->key.addr[DIR_TC], text, false);
	return true;
}

void listed_check_flow(struct listed *l, const struct packet *p)
{
	struct flow *f = p->flow;
	struct list_hit hit;
	char text[SHOWN];

	if (f->listed ||
	    (f->start_ns >= l->loaded_ns && f->packets[DIR_TS] + f->packets[DIR_TC] > 1))
		return;
	l->counters[LISTED_LOOKUPS]++;
	if (server_is_listed(l, p, &hit, text)) {
		f->listed = 1;
		found(l, &(struct finding){p, f, NULL, &hit, SEEN_SERVER, text});
	} else if (lists_address(l->lists, &f->key.addr[DIR_TS], seconds(p), &hit)) {
		f->flags |= FLOW_LIST_CLIENT;
	}
}

/* Scans from listed addresses are nothing new; that somebody answers is. */
void listed_check_client(struct listed *l, const struct packet *p)
{
	struct flow *f = p->flow;
	struct list_hit hit;
	char text[SHOWN];

	if (!answered(f))
		return;
	f->flags &= (uint16_t)~FLOW_LIST_CLIENT;
	if (f->listed || !lists_address(l->lists, &f->key.addr[DIR_TS], seconds(p), &hit))
		return;
	f->listed = 1;
	ip_addr_text(&f->key.addr[DIR_TS], text, false);
	found(l, &(struct finding){p, f, NULL, &hit, SEEN_CLIENT, text});
}

/* --- transactions --- */

static bool look_up(struct listed *l, enum meaning meaning, struct slice value, uint32_t now,
		    struct list_hit *hit)
{
	l->counters[LISTED_LOOKUPS]++;
	switch (meaning) {
	case JA3:
		return lists_ja3(l->lists, value, now, hit);
	case JA4:
		return lists_ja4(l->lists, value, now, hit);
	case CERT:
		return lists_cert(l->lists, value, now, hit);
	default:
		return lists_domain(l->lists, value, now, hit);
	}
}

static void check_buffer(struct listed *l, const struct finding *tx_of,
			 const struct app_buffer *buffer, enum meaning meaning)
{
	static const enum seen seen[] = {
		[NAME] = SEEN_NAME, [JA3] = SEEN_HELLO, [JA4] = SEEN_HELLO, [CERT] = SEEN_CERT};
	enum dir dir = meaning == CERT ? DIR_TC : DIR_TS;
	struct finding x = *tx_of;
	struct slice value;
	struct list_hit hit;
	char text[SHOWN];

	for (uint32_t i = 0; i < (buffer->multi ? NAMES_A_TX : 1) && buffer->dir[dir] &&
			     buffer->get(x.tx, dir, i, &value);
	     i++) {
		if (!look_up(l, meaning, value, seconds(x.p), &hit))
			continue;
		x.hit = &hit;
		x.seen = seen[meaning];
		x.what = shown(value, text);
		found(l, &x);
	}
}

/* The port a Host header names, else that of the connection. */
static uint16_t port_of(struct slice raw, uint16_t port)
{
	size_t colon = raw.len;
	unsigned n = 0;

	while (colon > 0 && raw.data[colon - 1] >= '0' && raw.data[colon - 1] <= '9')
		colon--;
	if (colon == 0 || colon == raw.len || raw.len - colon > 5 || raw.data[colon - 1] != ':')
		return port;
	for (size_t i = colon; i < raw.len; i++)
		n = n * 10 + (raw.data[i] - '0');
	return n && n <= 65535 ? (uint16_t)n : port;
}

static void check_request(struct listed *l, const struct finding *tx_of,
			  const struct listed_buffer *b)
{
	struct slice host, raw = SLICE("", 0), uri;
	struct finding x = *tx_of;
	struct list_hit hit;
	char text[2 * SHOWN + 8], a[SHOWN], c[SHOWN];
	uint16_t port;

	if (!b->uri->get(x.tx, DIR_TS, 0, &uri))
		return;
	if (!b->host->get(x.tx, DIR_TS, 0, &host))
		host = SLICE("", 0);
	if (b->host_raw)
		(void)b->host_raw->get(x.tx, DIR_TS, 0, &raw);
	port = port_of(raw, x.f->key.port[DIR_TC]);
	l->counters[LISTED_LOOKUPS]++;
	if (!lists_url(l->lists, host, port, uri, seconds(x.p), &hit))
		return;
	if (uri.len && uri.data[0] == '/')
		snprintf(text, sizeof(text), "http://%s%s", shown(host, a), shown(uri, c));
	else
		snprintf(text, sizeof(text), "%s", shown(uri, c));
	x.hit = &hit;
	x.seen = SEEN_URL;
	x.what = text;
	found(l, &x);
}

void listed_check_tx(struct listed *l, const struct packet *p, const struct flow *f,
		     const struct app_tx *tx)
{
	const struct app_proto *proto = f->app->proto;
	const struct finding x = {.p = p, .f = f, .tx = tx};
	const struct listed_buffer *b = l->buffers;

	for (unsigned i = 0; app_protocols[i] && app_protocols[i] != proto; i++)
		b++;
	for (unsigned i = 0; i < BUFFERS && b->names[i]; i++)
		check_buffer(l, &x, b->names[i], b->meaning[i]);
	if (b->host && b->uri)
		check_request(l, &x, b);
}

/* --- files --- */

static bool find_file(struct listed *l, const struct app_file *file, uint32_t now,
		      struct list_hit *hit, struct slice *ret)
{
	const struct {
		uint8_t have;
		struct slice digest;
	} digests[] = {
		{APP_FILE_SHA256, SLICE(file->sha256, 32)},
		{APP_FILE_SHA1, SLICE(file->sha1, 20)},
		{APP_FILE_MD5, SLICE(file->md5, 16)},
	};

	for (size_t i = 0; i < ARRAY_SIZE(digests); i++) {
		if (!(file->have & digests[i].have))
			continue;
		l->counters[LISTED_LOOKUPS]++;
		*ret = digests[i].digest;
		if (lists_file(l->lists, *ret, now, hit))
			return true;
	}
	return false;
}

void listed_check_file(struct listed *l, const struct packet *p, const struct flow *f,
		       const struct app_tx *tx, const struct app_file *file)
{
	static const char digits[] = "0123456789abcdef";
	struct slice digest;
	struct list_hit hit;
	char text[SHOWN];
	size_t n = 0;

	if (!find_file(l, file, seconds(p), &hit, &digest))
		return;
	for (size_t i = 0; i < digest.len; i++) {
		text[n++] = digits[digest.data[i] >> 4];
		text[n++] = digits[digest.data[i] & 15];
	}
	text[n] = 0;
	found(l, &(struct finding){p, f, tx, &hit, SEEN_FILE, text});
}

struct counter_set listed_counters(const struct listed *l)
{
	static const struct counter_name names[LISTED_COUNTERS] = {
		{"lookups", false}, {"hits", false}, {"repeated", false}};

	return (struct counter_set){"lists", names, l->counters, LISTED_COUNTERS};
}

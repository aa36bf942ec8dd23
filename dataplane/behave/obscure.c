/* Conversations without any form (T1573): the first bytes of both sides look like random numbers,
 * as those of obfuscated tunnels and of much malware do; every open protocol begins with something
 * one can read, and TLS with its record head. The measure is that of Wu et al. 2023 ("How the Great
 * Firewall of China detects and blocks fully encrypted traffic"): bits set, printable bytes. */
#include "dataplane/behave/detector.h"

enum { FLOWS, PLACES };

enum { TCP = 6, LEAST = 48, LOOKED_AT = 128, TOLD_BYTES = 1000 };

struct flow_entry { /* one connection */
	struct behave_entry entry;
	bool judged[2], random[2]; /* [to the client] */
};

struct place_entry { /* one client */
	struct behave_entry entry;
	uint32_t connections;
};

static const struct behave_sign sign = {
	2332,	 "BANKEN conversation that looks like random numbers", "TA0011",
	"T1573", "Detection of a non-standard protocol or event",      BEHAVE_LOW,
	false};

static bool printable(uint8_t c)
{
	return c >= 0x20 && c < 0x7f;
}

/* Bits set in eight bytes (no instruction for it can be counted on). */
static unsigned bits_of(uint64_t w)
{
	w -= w >> 1 & 0x5555555555555555;
	w = (w & 0x3333333333333333) + (w >> 2 & 0x3333333333333333);
	w = (w + (w >> 4)) & 0x0f0f0f0f0f0f0f0f;
	return (unsigned)(w * 0x0101010101010101 >> 56);
}

/* Random bytes have four bits set and are printable three times in eight. */
static bool looks_random(struct slice s)
{
	size_t n = s.len < LOOKED_AT ? s.len / 8 * 8 : LOOKED_AT, bits = 0, head = 0;
	size_t readable = 0, run = 0, longest = 0, zeros = 0;
	uint64_t word;

	if (s.data[0] >= 0x14 && s.data[0] <= 0x18 && s.data[1] == 3)
		return false;
	while (head < 6 && printable(s.data[head]))
		head++;
	for (size_t i = 0; i < n && head < 6; i += 8) {
		memcpy(&word, s.data + i, 8);
		bits += bits_of(word);
	}
	if (bits * 10 <= n * 34 || bits * 10 >= n * 46)
		return false;
	for (size_t i = 0; i < n; i++) {
		run = printable(s.data[i]) ? run + 1 : 0;
		readable += run > 0;
		zeros += s.data[i] == 0;
		longest = run > longest ? run : longest;
	}
	return readable * 2 < n && longest < 12 && zeros * 24 < n;
}

static void hello(const struct behave_view *v, const struct behave_event *e)
{
	uint64_t key = e->ends.flow_id;
	unsigned side = e->hello.to_client;
	struct flow_entry *f;
	bool is_new;

	if (e->ends.ip_proto != TCP || !e->ends.handshake || e->hello.bytes.len < LEAST)
		return;
	f = behave_table_get(&v->tables[FLOWS], &key, 1, e->time_ns, &is_new);
	if (!f->judged[side])
		f->random[side] = looks_random(e->hello.bytes);
	f->judged[side] = true;
}

static void end(const struct behave_view *v, const struct behave_event *e)
{
	const struct behave_connection *c = &e->connection;
	unsigned long long up = c->bytes[0], down = c->bytes[1];
	struct behave_text client, server;
	const struct flow_entry *f;
	struct place_entry *p;
	struct behave_hit hit;
	uint64_t key = e->ends.flow_id;
	bool is_new;

	if (c->moment != BEHAVE_END || e->ends.ip_proto != TCP || c->midstream ||
	    (c->protocol[0] && strcmp(c->protocol, "failed") != 0) || up < TOLD_BYTES / 2 ||
	    down < TOLD_BYTES)
		return;
	f = behave_table_find(&v->tables[FLOWS], &key, 1);
	if (!f || !f->random[0] || !f->random[1])
		return;
	key = behave_word(&e->ends.client);
	p = behave_table_get(&v->tables[PLACES], &key, 1, e->time_ns, &is_new);
	p->connections++;
	if (behave_told(v, &p->entry, e->time_ns))
		return;
	client = behave_address(&e->ends.client);
	server = behave_address(&e->ends.server);
	behave_hit_init(&hit, &sign, e);
	behave_say_en(
		&hit,
		"%s and %s port %u exchanged %llu and %llu bytes that look like random numbers "
		"from the first one on, as hidden tunnels do.",
		client.s, server.s, e->ends.server_port, up, down);
	behave_say_ja(
		&hit,
		"%sと%sのポート%uとの通信(送信%lluバイト、受信%lluバイト)は先頭から乱数のようで、"
		"隠蔽されたトンネルの特徴があります。",
		client.s, server.s, e->ends.server_port, up, down);
	behave_figure(&hit, "bytes_up", (double)up);
	behave_figure(&hit, "bytes_down", (double)down);
	behave_tell(v, &hit, &p->entry);
}

static void event(const struct behave_view *v, const struct behave_event *e)
{
	if (e->kind == BEHAVE_HELLO)
		hello(v, e);
	else
		end(v, e);
}

const struct behave_detector behave_obscure = {
	.kinds = 1 << BEHAVE_HELLO | 1 << BEHAVE_CONNECTION,
	.moments = 1 << BEHAVE_END,
	.entry_size = {sizeof(struct flow_entry), sizeof(struct place_entry)},
	.weight = {2, 1},
	.event = event,
};

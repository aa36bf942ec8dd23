#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/flow/flow.h"

static const struct hash_key secret = {0x1234, 0x5678};

struct bench {
	struct flow_table *t;
	unsigned ends, by_reason[4], by_state[4];
	uint64_t ended_packets;
	uint16_t last_port; /* client port of the last that ended */
	uint64_t now_ns;
	struct packet p;
};

static void on_end(void *ctx, struct flow *f, uint64_t now_ns)
{
	struct bench *b = ctx;

	(void)now_ns;
	b->ends++;
	b->by_reason[f->end_reason]++;
	b->by_state[f->end_state]++;
	b->ended_packets += f->packets[0] + f->packets[1];
	b->last_port = f->key.port[0];
}

static void begin(struct bench *b, const struct flow_config *config)
{
	memset(b, 0, sizeof(*b));
	b->now_ns = 1000 * NS_PER_SEC;
	b->t = flow_table_new(config ? config : &flow_config_default, secret,
			      &(struct flow_sink){on_end, b});
	assert_non_null(b->t);
}

static uint64_t counter(const struct bench *b, const char *name)
{
	struct counter_set set = flow_counters(b->t);

	for (unsigned i = 0; i < set.count; i++) {
		if (strcmp(set.names[i].name, name) == 0)
			return set.values[i];
	}
	fail();
	return 0;
}

struct tuple {
	uint8_t proto;
	uint32_t src, dst; /* IPv4, host order */
	uint16_t sport, dport;
};

static struct ip_addr v4(uint32_t a)
{
	const uint8_t b[4] = {(uint8_t)(a >> 24), (uint8_t)(a >> 16), (uint8_t)(a >> 8),
			      (uint8_t)a};

	return ip_addr_v4(b);
}

static struct packet packet_of(const struct bench *b, struct tuple t)
{
	static const uint8_t l4[64];
	struct packet p = {.now_ns = b->now_ns, .flags = PACKET_WANTS_FLOW, .ip_version = 4};

	p.ip_proto = t.proto;
	p.src = v4(t.src);
	p.dst = v4(t.dst);
	p.sport = t.sport;
	p.dport = t.dport;
	p.l4 = l4;
	p.l4_len = sizeof(l4);
	p.wire_len = 100;
	p.ttl = 64;
	return p;
}

static struct flow *send(struct bench *b, struct tuple t)
{
	b->p = packet_of(b, t);
	return flow_of_packet(b->t, &b->p);
}

static struct tuple back(struct tuple t)
{
	return (struct tuple){t.proto, t.dst, t.src, t.dport, t.sport};
}

enum { A = 0x0a000001, B = 0x0a000002, C = 0x0a000003 };

/* --- who belongs together --- */

static void both_directions(void **state)
{
	const struct tuple udp = {IP_PROTO_UDP, A, B, 1000, 53};
	struct bench b;
	struct flow *f;

	begin(&b, NULL);
	f = send(&b, udp);
	assert_int_equal(b.p.dir, DIR_TS);
	assert_int_equal(f->state, FLOW_NEW);
	assert_false(b.p.flags & PACKET_ESTABLISHED);
	assert_ptr_equal(send(&b, udp), f);
	assert_int_equal(f->state, FLOW_NEW);
	assert_ptr_equal(send(&b, back(udp)), f);
	assert_int_equal(b.p.dir, DIR_TC);
	assert_int_equal(f->state, FLOW_ESTABLISHED);
	assert_true(b.p.flags & PACKET_ESTABLISHED);
	assert_int_equal(f->packets[DIR_TS], 2);
	assert_int_equal(f->bytes[DIR_TC], 100);
	assert_ptr_not_equal(send(&b, (struct tuple){IP_PROTO_UDP, A, B, 1001, 53}), f);
	assert_ptr_not_equal(send(&b, (struct tuple){IP_PROTO_TCP, A, B, 1000, 53}), f);
	assert_ptr_not_equal(send(&b, (struct tuple){IP_PROTO_UDP, A, C, 1000, 53}), f);
	/* the same ports at both ends: the addresses say who is who */
	f = send(&b, (struct tuple){IP_PROTO_UDP, B, A, 123, 123});
	assert_ptr_equal(send(&b, (struct tuple){IP_PROTO_UDP, A, B, 123, 123}), f);
	assert_int_equal(b.p.dir, DIR_TC);
	/* addresses crossed with ports are another connection */
	f = send(&b, (struct tuple){IP_PROTO_UDP, A, B, 7, 8});
	assert_ptr_not_equal(send(&b, (struct tuple){IP_PROTO_UDP, B, A, 7, 8}), f);
	flow_table_delete(b.t);
	assert_int_equal(b.by_reason[FLOW_END_SHUTDOWN], 7);
}

static void vlan_switch(void **state)
{
	struct flow_config config = flow_config_default;
	struct bench b;

	for (unsigned use = 0; use < 2; use++) {
		struct packet p, q;
		struct flow *f;

		config.use_vlan = use;
		begin(&b, &config);
		p = q = packet_of(&b, (struct tuple){IP_PROTO_UDP, A, B, 1, 2});
		p.vlan_count = q.vlan_count = 1;
		p.vlan[0] = 10;
		q.vlan[0] = 20;
		f = flow_of_packet(b.t, &p);
		assert_int_equal(flow_of_packet(b.t, &q) != f, use);
		assert_int_equal(flow_hash(b.t, &p) != flow_hash(b.t, &q), use);
		/* the third tag counts too */
		p.vlan_count = q.vlan_count = 3;
		q.vlan[0] = p.vlan[0];
		q.vlan[2] = 7;
		f = flow_of_packet(b.t, &p);
		assert_int_equal(flow_of_packet(b.t, &q) != f, use);
		flow_table_delete(b.t);
	}
}

/* IPv4 addresses are kept as IPv4-mapped IPv6; that does not make them the same. */
static void mapped_is_not_ipv4(void **state)
{
	struct bench b;
	struct packet p, q;

	begin(&b, NULL);
	p = q = packet_of(&b, (struct tuple){IP_PROTO_UDP, A, B, 1, 2});
	q.ip_version = 6;
	assert_ptr_not_equal(flow_of_packet(b.t, &p), flow_of_packet(b.t, &q));
	q = p;
	q.tunnel_depth = 1;
	assert_ptr_not_equal(flow_of_packet(b.t, &p), flow_of_packet(b.t, &q));
	flow_table_delete(b.t);
}

static void no_flow(void **state)
{
	struct bench b;
	struct packet p;

	begin(&b, NULL);
	p = packet_of(&b, (struct tuple){IP_PROTO_GRE, A, B, 0, 0});
	p.flags = 0;
	assert_null(flow_of_packet(b.t, &p));
	p.flags = PACKET_WANTS_FLOW;
	p.l4 = NULL;
	assert_null(flow_of_packet(b.t, &p));
	assert_null(p.flow);
	assert_int_equal(counter(&b, "none"), 2);
	assert_int_equal(flow_hash(b.t, &p), 0);
	flow_table_delete(b.t);
}

static struct packet icmp(const struct bench *b, uint32_t src, uint32_t dst, uint8_t type)
{
	struct packet p = packet_of(b, (struct tuple){IP_PROTO_ICMP, src, dst, 0, 0});

	p.icmp.type = type;
	return p;
}

static void icmp_echo(void **state)
{
	struct bench b;
	struct packet ask, answer, other;
	struct flow *f;

	begin(&b, NULL);
	ask = icmp(&b, A, B, 8);
	answer = icmp(&b, B, A, 0);
	other = icmp(&b, A, B, 13);
	f = flow_of_packet(b.t, &ask);
	assert_ptr_equal(flow_of_packet(b.t, &answer), f);
	assert_int_equal(answer.dir, DIR_TC);
	assert_int_equal(f->state, FLOW_ESTABLISHED);
	assert_ptr_not_equal(flow_of_packet(b.t, &other), f);
	flow_table_delete(b.t);
}

static void quote(struct packet *p, struct tuple t)
{
	p->icmp.has_embedded = p->icmp.has_embedded_ports = true;
	p->icmp.embedded_proto = t.proto;
	p->icmp.embedded_src = v4(t.src);
	p->icmp.embedded_dst = v4(t.dst);
	p->icmp.embedded_sport = t.sport;
	p->icmp.embedded_dport = t.dport;
}

static void icmp_error_joins(void **state)
{
	const struct tuple udp = {IP_PROTO_UDP, A, B, 1000, 33434};
	struct bench b;
	struct packet p;
	struct flow *f;

	begin(&b, NULL);
	f = send(&b, udp);
	p = icmp(&b, B, A, 3); /* port unreachable */
	quote(&p, udp);
	assert_ptr_equal(flow_of_packet(b.t, &p), f);
	assert_int_equal(p.dir, DIR_TC);
	assert_int_equal(f->packets[DIR_TC], 1);
	assert_int_equal(f->state, FLOW_NEW); /* an error is no answer */
	p = icmp(&b, C, A, 3);		      /* from a router between */
	quote(&p, udp);
	assert_ptr_equal(flow_of_packet(b.t, &p), f);
	assert_int_equal(p.dir, DIR_TC);
	p = icmp(&b, B, A, 3); /* about nobody */
	quote(&p, (struct tuple){IP_PROTO_UDP, A, B, 4711, 33434});
	assert_null(flow_of_packet(b.t, &p));
	assert_int_equal(counter(&b, "icmp_error_alone"), 1);
	assert_int_equal(flow_count(b.t), 1);
	flow_table_delete(b.t);
}

static void reverse_turns_everything(void **state)
{
	struct bench b;
	struct flow *f;

	begin(&b, NULL);
	f = send(&b, (struct tuple){IP_PROTO_UDP, A, B, 53, 1000});
	send(&b, (struct tuple){IP_PROTO_UDP, A, B, 53, 1000});
	f->tcp_flags[0] = 2;
	flow_reverse(f);
	assert_int_equal(f->key.port[DIR_TS], 1000);
	assert_int_equal(f->packets[DIR_TC], 2);
	assert_int_equal(f->packets[DIR_TS], 0);
	assert_int_equal(f->tcp_flags[1], 2);
	assert_true(f->flags & FLOW_REVERSED);
	assert_true(f->flags & FLOW_TC_SEEN);
	assert_false(f->flags & FLOW_TS_SEEN);
	assert_ptr_equal(send(&b, (struct tuple){IP_PROTO_UDP, B, A, 1000, 53}), f);
	assert_int_equal(b.p.dir, DIR_TS);
	flow_table_delete(b.t);
}

static bool always(void *ctx, const struct flow *f, const struct packet *p)
{
	(void)ctx;
	(void)f;
	return p->tcp.flags & TCP_SYN;
}

static void tuple_reuse(void **state)
{
	const struct tuple tcp = {IP_PROTO_TCP, A, B, 1000, 80};
	struct bench b;
	struct packet p;
	uint64_t id;

	begin(&b, NULL);
	flow_table_set_reuse(b.t, &(struct flow_reuse){always, NULL});
	id = send(&b, tcp)->id;
	assert_int_equal(send(&b, tcp)->id, id);
	p = packet_of(&b, back(tcp));
	p.tcp.flags = TCP_SYN;
	assert_int_not_equal(flow_of_packet(b.t, &p)->id, id);
	assert_int_equal(p.dir, DIR_TS); /* who asks now is the client */
	assert_int_equal(b.by_reason[FLOW_END_CLOSED], 1);
	assert_int_equal(counter(&b, "tcp_reuse"), 1);
	flow_table_delete(b.t);
}

/* --- time --- */

struct timeout_case {
	const char *name;
	uint8_t proto;
	enum flow_state state;
	uint32_t seconds;
};

static const struct timeout_case timeouts[] = {
	{"tcp new", IP_PROTO_TCP, FLOW_NEW, 60},
	{"tcp established", IP_PROTO_TCP, FLOW_ESTABLISHED, 600},
	{"tcp closed", IP_PROTO_TCP, FLOW_CLOSED, 60},
	{"udp new", IP_PROTO_UDP, FLOW_NEW, 30},
	{"udp established", IP_PROTO_UDP, FLOW_ESTABLISHED, 300},
	{"icmp new", IP_PROTO_ICMP, FLOW_NEW, 30},
	{"icmp established", IP_PROTO_ICMP, FLOW_ESTABLISHED, 300},
	{"sctp new", IP_PROTO_SCTP, FLOW_NEW, 30},
	{"sctp established", IP_PROTO_SCTP, FLOW_ESTABLISHED, 300},
	{"tcp bypassed", IP_PROTO_TCP, FLOW_BYPASSED, 600},
};

static void tick_until(struct bench *b, uint64_t now_ns)
{
	for (unsigned i = 0; i < 100; i++)
		flow_tick(b->t, now_ns);
}

/* As Suricata: a flow lives while its last packet is no older than the time-out, in whole seconds;
 * ticks end it, and so does a packet that comes later. */
static void timeout_by_state(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(timeouts); i++) {
		const struct timeout_case *c = &timeouts[i];
		const struct tuple t = {c->proto, A, B, 1000, 80};
		const uint64_t limit = c->seconds * NS_PER_SEC;
		struct bench b;
		struct flow *f;
		uint64_t id;

		begin(&b, NULL);
		f = send(&b, t);
		flow_set_state(b.t, f, c->state);
		tick_until(&b, b.now_ns + limit);
		assert_int_equal(flow_count(b.t), 1);
		/* a packet renews it, without moving it in its list each time */
		b.now_ns += limit;
		send(&b, t);
		tick_until(&b, b.now_ns + limit);
		assert_int_equal(flow_count(b.t), 1);
		tick_until(&b, b.now_ns + limit + NS_PER_SEC);
		assert_int_equal(flow_count(b.t), 0);
		assert_int_equal(b.by_reason[FLOW_END_TIMEOUT], 1);
		assert_int_equal(b.by_state[c->state], 1);

		b.now_ns += limit + 10 * NS_PER_SEC;
		f = send(&b, t);
		id = f->id;
		flow_set_state(b.t, f, c->state);
		b.now_ns += limit + NS_PER_SEC;
		assert_int_not_equal(send(&b, t)->id, id); /* no tick came by */
		flow_table_delete(b.t);
	}
}

/* One tick looks at a bounded number of flows however many are due. */
static void tick_is_bounded(void **state)
{
	enum { FLOWS = 1000 };
	struct bench b;
	unsigned before;

	begin(&b, NULL);
	for (uint32_t i = 0; i < FLOWS; i++)
		send(&b, (struct tuple){IP_PROTO_UDP, A, B, (uint16_t)(i + 1), 53});
	b.now_ns += 100 * NS_PER_SEC;
	before = flow_count(b.t);
	flow_tick(b.t, b.now_ns);
	assert_in_range(before - flow_count(b.t), 1, 64);
	tick_until(&b, b.now_ns);
	assert_int_equal(flow_count(b.t), 0);
	assert_int_equal(b.ends, FLOWS);
	flow_table_delete(b.t);
}

/* Every flow lives as long as it should, whatever is sent when: against a naive model. */
static void timeouts_against_a_model(void **state)
{
	enum { PORTS = 200, STEPS = 20000 };
	uint64_t last_s[PORTS] = {0}, x = 88172645463325252ull;
	uint64_t born[PORTS] = {0};
	struct bench b;

	begin(&b, NULL);
	for (unsigned i = 0; i < STEPS; i++) {
		unsigned port;
		uint64_t now_s;
		struct flow *f;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		port = (unsigned)(x % PORTS);
		b.now_ns += (x >> 20) % 400 * NS_PER_MS;
		now_s = b.now_ns / NS_PER_SEC;
		f = send(&b, (struct tuple){IP_PROTO_UDP, A, B, (uint16_t)(port + 1), 53});
		if (last_s[port] && now_s - last_s[port] <= 30)
			assert_int_equal(f->id, born[port]);
		else
			assert_int_not_equal(f->id, born[port]);
		born[port] = f->id;
		last_s[port] = now_s;
		if (x % 16 == 0)
			flow_tick(b.t, b.now_ns);
	}
	for (unsigned port = 0; port < PORTS; port++)
		tick_until(&b, b.now_ns);
	assert_true(b.by_reason[FLOW_END_TIMEOUT] > 1000);
	flow_table_delete(b.t);
	assert_int_equal(b.ended_packets, STEPS); /* nothing is lost, nothing counted twice */
}

/* --- a full table --- */

enum { SMALL = 1000 };

static struct flow_config small_table(void)
{
	struct flow_config config = flow_config_default;

	config.max = SMALL;
	return config;
}

/* Half of the table is established; then half-open flows come in by the hundred thousand. */
static void flood_spares_established(void **state)
{
	static const uint8_t protos[] = {IP_PROTO_TCP, IP_PROTO_UDP, IP_PROTO_ICMP, IP_PROTO_SCTP};

	for (unsigned k = 0; k < ARRAY_SIZE(protos); k++) {
		struct flow_config config = small_table();
		struct flow *kept[SMALL / 2];
		uint64_t ids[SMALL / 2];
		struct bench b;

		begin(&b, &config);
		for (uint32_t i = 0; i < SMALL / 2; i++) {
			kept[i] = send(&b, (struct tuple){IP_PROTO_TCP, C + i, B, 7, 80});
			ids[i] = kept[i]->id;
			flow_set_state(b.t, kept[i], FLOW_ESTABLISHED);
		}
		for (uint32_t i = 0; i < 100000; i++) {
			assert_non_null(send(
				&b, (struct tuple){protos[k], 0x30000000 + i, B, (uint16_t)i, 80}));
			b.now_ns += NS_PER_MS / 10;
		}
		for (uint32_t i = 0; i < SMALL / 2; i++) {
			struct flow *f = send(&b, (struct tuple){IP_PROTO_TCP, C + i, B, 7, 80});

			assert_ptr_equal(f, kept[i]);
			assert_int_equal(f->id, ids[i]);
		}
		assert_int_equal(counter(&b, "evicted_new"), 100000 - SMALL / 2);
		assert_int_equal(counter(&b, "evicted_established"), 0);
		assert_int_equal(flow_count(b.t), SMALL);
		flow_table_delete(b.t);
	}
}

/* A flood in one protocol does not take the new flows of the others. */
static void flood_evicts_its_own_kind(void **state)
{
	struct flow_config config = small_table();
	struct bench b;
	struct flow *f;
	uint64_t id;

	begin(&b, &config);
	f = send(&b, (struct tuple){IP_PROTO_UDP, A, B, 1000, 53});
	id = f->id;
	for (uint32_t i = 0; i < 50000; i++)
		send(&b, (struct tuple){IP_PROTO_TCP, 0x30000000 + i, B, (uint16_t)i, 80});
	assert_int_equal(send(&b, (struct tuple){IP_PROTO_UDP, A, B, 1000, 53})->id, id);
	flow_table_delete(b.t);
}

static void closed_give_way_first(void **state)
{
	struct flow_config config = small_table();
	struct bench b;
	struct flow *f;

	begin(&b, &config);
	for (uint32_t i = 0; i < SMALL; i++)
		f = send(&b, (struct tuple){IP_PROTO_TCP, A + i, B, (uint16_t)i, 80});
	flow_set_state(b.t, f, FLOW_CLOSED);
	send(&b, (struct tuple){IP_PROTO_UDP, A, B, 1, 53});
	assert_int_equal(counter(&b, "evicted_closed"), 1);
	assert_int_equal(b.last_port, SMALL - 1);
	assert_int_equal(b.by_reason[FLOW_END_FORCED], 1);
	flow_table_delete(b.t);
}

/* Full of living established flows: the newcomer has no flow, and the counter says so. Only when
 * they have been silent for a while do they give way, the most silent first. */
static void full_of_established(void **state)
{
	struct flow_config config = small_table();
	struct bench b;

	begin(&b, &config);
	for (uint32_t i = 0; i < SMALL; i++)
		flow_set_state(b.t, send(&b, (struct tuple){IP_PROTO_TCP, A + i, B, 7, 80}),
			       FLOW_ESTABLISHED);
	b.now_ns += 20 * NS_PER_SEC;
	assert_null(send(&b, (struct tuple){IP_PROTO_TCP, C, A, 1, 2}));
	assert_null(b.p.flow);
	assert_int_equal(counter(&b, "full"), 1);
	assert_int_equal(flow_count(b.t), SMALL);
	b.now_ns += 20 * NS_PER_SEC;
	assert_non_null(send(&b, (struct tuple){IP_PROTO_TCP, C, A, 1, 2}));
	assert_int_equal(counter(&b, "evicted_established"), 1);
	flow_table_delete(b.t);
}

static void ids_and_memory(void **state)
{
	struct flow_config config = small_table();
	struct bench b;
	uint64_t last = 0;

	begin(&b, &config);
	for (uint32_t i = 0; i < 5 * SMALL; i++) {
		struct flow *f = send(&b, (struct tuple){IP_PROTO_UDP, A + i, B, 7, 80});

		assert_int_not_equal(f->id, 0);
		assert_true(f->id != last);
		last = f->id;
	}
	assert_true(flow_table_bytes(b.t) < SMALL * 256);
	assert_int_equal(flow_max(b.t), SMALL);
	flow_table_delete(b.t);
	config.max = 0;
	assert_null(flow_table_new(&config, secret, &(struct flow_sink){on_end, &b}));
}

/* Everything in one bucket and its chain: found, removed and found again. */
static void long_chains(void **state)
{
	struct flow_config config = flow_config_default;
	struct bench b;

	config.max = 3; /* one bucket */
	begin(&b, &config);
	flow_table_delete(b.t);
	config.max = 64;
	begin(&b, &config);
	for (unsigned round = 0; round < 50; round++) {
		for (uint32_t i = 0; i < 64; i++) {
			struct tuple t = {IP_PROTO_UDP, A + i * (round + 1), B, 7, 80};
			struct flow *f = send(&b, t);

			assert_ptr_equal(send(&b, back(t)), f);
		}
		b.now_ns += 400 * NS_PER_SEC;
		if (round % 3)
			tick_until(&b, b.now_ns);
		else
			flow_table_end_all(b.t, b.now_ns);
		assert_int_equal(flow_count(b.t), 0);
	}
	flow_table_delete(b.t);
}

/* A frame's hash before it is decoded is its packet's; whatever is not plain has none. */
static const uint8_t plain_frame[] =
	{
		2,    0,    0,	  0,	0,    1,    2,	  0,	0,  0,
		0,    2,    0x81, 0x00, 0x20, 0x07, 0x08, 0x00, /* VLAN 7 */
		0x45, 0,    0,	  28,	0,    0,    0x40, 0,	64, 17,
		0,    0,    10,	  0,	0,    1,    192,  0,	2,  9, /* UDP */
		0x12, 0x34, 0,	  53,	0,    8,    0,	  0,
};

static uint32_t peek(const struct bench *b, const uint8_t *bytes, size_t len)
{
	uint8_t *exact = malloc(len ? len : 1);
	struct packet p = {.link_type = LINK_ETHERNET, .frame_len = (uint32_t)len};
	struct flow_seen seen;
	uint32_t hash;

	assert_non_null(exact);
	memcpy(exact, bytes, len);
	p.frame = exact;
	hash = flow_peek(b->t, &p, &seen);
	free(exact);
	return hash;
}

static const struct flow *known(const struct bench *b, const uint8_t *bytes, size_t len)
{
	struct packet p = {.link_type = LINK_ETHERNET, .frame = bytes, .frame_len = (uint32_t)len};
	uint8_t tcp_flags;

	return flow_known(b->t, &p, &tcp_flags);
}

static void peeked_hashes(void **state)
{
	enum { UP_TO_PORTS = 42, FRAGMENT = 24, LENGTH = 18, PROTO = 27 };
	struct packet p = {
		.flags = PACKET_WANTS_FLOW,
		.ip_version = 4,
		.ip_proto = IP_PROTO_UDP,
		.vlan_count = 1,
		.vlan = {7},
		.src = ip_addr_v4((const uint8_t[]){192, 0, 2, 9}),
		.dst = ip_addr_v4((const uint8_t[]){10, 0, 0, 1}),
		.sport = 53,
		.dport = 0x1234,
		.l4 = plain_frame + 38,
	};
	uint8_t changed[sizeof(plain_frame)];
	struct bench b;

	begin(&b, NULL);
	assert_null(known(&b, plain_frame, sizeof(plain_frame)));
	p.now_ns = b.now_ns;
	assert_non_null(flow_of_packet(b.t, &p));
	assert_ptr_equal(known(&b, plain_frame, sizeof(plain_frame)), p.flow);
	assert_null(known(&b, plain_frame, UP_TO_PORTS - 1));
	assert_int_equal(peek(&b, plain_frame, sizeof(plain_frame)), flow_hash(b.t, &p));
	for (size_t len = 0; len < UP_TO_PORTS; len++)
		assert_int_equal(peek(&b, plain_frame, len), 0);
	static const struct {
		int at;
		uint8_t value;
	} odd[] = {{FRAGMENT, 0x20}, {FRAGMENT + 1, 1}, {LENGTH, 0x46}, {PROTO, 50}, {16, 0x88}};

	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		memcpy(changed, plain_frame, sizeof(changed));
		changed[odd[i].at] = odd[i].value;
		assert_int_equal(peek(&b, changed, sizeof(changed)), 0);
	}
	flow_table_delete(b.t);
}

/* Frames of a bypassed flow are counted, in their direction, unless there is something to see. */
static void bypassed_are_passed(void **state)
{
	struct packet p = {
		.flags = PACKET_WANTS_FLOW,
		.ip_version = 4,
		.ip_proto = IP_PROTO_UDP,
		.vlan_count = 1,
		.vlan = {7},
		.src = ip_addr_v4((const uint8_t[]){192, 0, 2, 9}),
		.dst = ip_addr_v4((const uint8_t[]){10, 0, 0, 1}),
		.sport = 53,
		.dport = 0x1234,
		.l4 = plain_frame + 38,
	};
	struct packet frame = {.link_type = LINK_ETHERNET,
			       .frame = plain_frame,
			       .frame_len = sizeof(plain_frame),
			       .wire_len = sizeof(plain_frame)};
	struct flow_seen seen;
	struct flow *f;
	struct bench b;

	begin(&b, NULL);
	p.now_ns = frame.now_ns = b.now_ns;
	frame.flow_hash = flow_peek(b.t, &frame, &seen);
	assert_false(flow_pass(b.t, &frame, &seen)); /* no flow */
	f = flow_of_packet(b.t, &p);
	assert_non_null(f);
	assert_false(flow_pass(b.t, &frame, &seen)); /* somebody wants it */
	flow_set_state(b.t, f, FLOW_BYPASSED);
	assert_true(flow_pass(b.t, &frame, &seen));
	assert_int_equal(f->packets[DIR_TC], 1);
	assert_int_equal(f->bytes[DIR_TC], sizeof(plain_frame));
	assert_int_equal(f->packets[DIR_TS], 1);
	for (unsigned i = 2; i < FLOW_PASS_SEEN; i++)
		assert_true(flow_pass(b.t, &frame, &seen));
	assert_false(flow_pass(b.t, &frame, &seen)); /* one is to be seen now and then */
	assert_ptr_equal(flow_of_packet(b.t, &p), f);
	assert_true(flow_pass(b.t, &frame, &seen));
	frame.now_ns += 601 * NS_PER_SEC; /* timeout_bypassed */
	assert_false(flow_pass(b.t, &frame, &seen));
	flow_table_delete(b.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_directions),
		cmocka_unit_test(vlan_switch),
		cmocka_unit_test(mapped_is_not_ipv4),
		cmocka_unit_test(no_flow),
		cmocka_unit_test(icmp_echo),
		cmocka_unit_test(icmp_error_joins),
		cmocka_unit_test(reverse_turns_everything),
		cmocka_unit_test(tuple_reuse),
		cmocka_unit_test(timeout_by_state),
		cmocka_unit_test(tick_is_bounded),
		cmocka_unit_test(timeouts_against_a_model),
		cmocka_unit_test(flood_spares_established),
		cmocka_unit_test(flood_evicts_its_own_kind),
		cmocka_unit_test(closed_give_way_first),
		cmocka_unit_test(full_of_established),
		cmocka_unit_test(ids_and_memory),
		cmocka_unit_test(long_chains),
		cmocka_unit_test(peeked_hashes),
		cmocka_unit_test(bypassed_are_passed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Sticky buffers that the packet itself gives: ipv4.hdr, tcp.hdr, ip.src and so on. */
#include "dataplane/detect/internal.h"

#include "signatures/lang/buffers.h"

typedef struct slice (*header_get)(const struct packet *p);

static struct slice none(void)
{
	return SLICE(NULL, 0);
}

static struct slice addr_bytes(const struct packet *p, const struct ip_addr *a)
{
	if (p->ip_version == 4)
		return SLICE(a->bytes + 12, 4);
	return p->ip_version == 6 ? SLICE(a->bytes, 16) : none();
}

static struct slice ip_src(const struct packet *p)
{
	return addr_bytes(p, &p->src);
}

static struct slice ip_dst(const struct packet *p)
{
	return addr_bytes(p, &p->dst);
}

static struct slice ipv4_header(const struct packet *p)
{
	return p->ip && p->ip_version == 4 ? SLICE(p->ip, p->ip_header_len) : none();
}

/* The fixed header and the extension headers. */
static struct slice ipv6_header(const struct packet *p)
{
	if (!p->ip || p->ip_version != 6)
		return none();
	if (p->l4 && p->l4 >= p->ip + p->ip_header_len && p->l4 <= p->ip + p->ip_total_len)
		return SLICE(p->ip, (size_t)(p->l4 - p->ip));
	return SLICE(p->ip, p->ip_header_len);
}

static struct slice l4_header(const struct packet *p, uint8_t proto, uint32_t len)
{
	return p->ip_proto == proto && p->l4 && p->l4_len >= len ? SLICE(p->l4, len) : none();
}

static struct slice tcp_header(const struct packet *p)
{
	return l4_header(p, IP_PROTO_TCP, p->tcp.header_len);
}

static struct slice udp_header(const struct packet *p)
{
	return l4_header(p, IP_PROTO_UDP, 8);
}

enum { ICMP_ROUTERS = 9, ICMP_TIMESTAMP = 13, ICMP_TIMESTAMP_REPLY = 14, ICMP_HEADER = 8 };

/* With the three times of a timestamp (RFC 792) and the addresses of routers (RFC 1256). */
static struct slice icmpv4_header(const struct packet *p)
{
	uint32_t len = ICMP_HEADER;

	if (p->icmp.type == ICMP_TIMESTAMP || p->icmp.type == ICMP_TIMESTAMP_REPLY)
		len += 3 * 4;
	else if (p->icmp.type == ICMP_ROUTERS && p->l4 && p->l4_len >= ICMP_HEADER)
		len += p->l4[4] * p->l4[5] * 4U;
	return l4_header(p, IP_PROTO_ICMP, len <= p->l4_len ? len : ICMP_HEADER);
}

static struct slice icmpv6_header(const struct packet *p)
{
	return l4_header(p, IP_PROTO_ICMPV6, ICMP_HEADER);
}

static const struct {
	const char *name;
	header_get get;
} table[] = {
	{"ip.src", ip_src},
	{"ip.dst", ip_dst},
	{"ipv4.hdr", ipv4_header},
	{"ipv6.hdr", ipv6_header},
	{"tcp.hdr", tcp_header},
	{"udp.hdr", udp_header},
	{"icmpv4.hdr", icmpv4_header},
	{"icmpv6.hdr", icmpv6_header},
};

static header_get getter(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (strcmp(table[i].name, name) == 0)
			return table[i].get;
	}
	return NULL;
}

bool headers_known(const char *name)
{
	return getter(name) != NULL;
}

static bool one_match(struct run *r, const struct plan_rule *rule, uint32_t index)
{
	const struct rule_buffer *b = &rule->rule->buffers[index];
	const struct detect_lists *lists = &r->e->lists[rule->rule->index];
	header_get get = getter(b->name);
	struct inspect_bytes in = {.start = true, .end = true, .packet = r->p};

	if (!get)
		return false;
	in.data = get(r->p);
	if (!in.data.data || (!r->real && strncmp(b->name, "ip.", 3) != 0))
		return false;
	if (b->ntransforms &&
	    !inspect_transform(r->d->inspect, 0, b->transforms, b->ntransforms, in.data, &in.data))
		return false;
	return inspect_run(r->d->inspect, lists->buffers[index], &in);
}

bool headers_match(struct run *r, const struct plan_rule *rule)
{
	if (!(rule->flags & PLAN_HEADERS))
		return true;
	for (uint32_t i = 0; i < rule->rule->nbuffers; i++) {
		if (rule->rule->buffers[i].buffer->where == LANG_ON_PACKET &&
		    !one_match(r, rule, i))
			return false;
	}
	return true;
}

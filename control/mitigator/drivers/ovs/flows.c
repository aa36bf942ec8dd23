#include "control/mitigator/drivers/ovs/flows.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/base/clock.h"

enum {
	PASS_ABOVE = 2,		  /* exempt flows stand this much above the drops */
	HARD_TIMEOUT_MAX = 65535, /* seconds, OpenFlow's field */
};

struct writer {
	struct ovs_flows *out;
	uint64_t cookie;
	unsigned priority, timeout;
	const struct driver_order *order;
	char mac[MAC_ADDR_TEXT];
};

__attribute__((format(printf, 2, 3))) static void put(struct ovs_flows *f, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(f->text + f->len, f->cap - f->len, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= f->cap - f->len)
		f->full = true;
	else
		f->len += (size_t)n;
}

__attribute__((format(printf, 3, 4))) static void flow(struct writer *w, bool pass, const char *fmt,
						       ...)
{
	char match[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(match, sizeof(match), fmt, ap);
	va_end(ap);
	put(w->out, "add table=0,cookie=0x%llx,priority=%u,", (unsigned long long)w->cookie,
	    w->priority + (pass ? PASS_ABOVE : 0));
	if (w->timeout)
		put(w->out, "hard_timeout=%u,", w->timeout);
	put(w->out, "%s,actions=%s\n", match, pass ? "NORMAL" : "drop");
	w->out->n++;
}

/* Address resolution with an exempt neighbour, but only for the host's own addresses: an answer for
 * somebody else's is how a cut host would take over a neighbour. */
static void pass_resolving(struct writer *w, const struct ip_addr *neighbour)
{
	char theirs[IP_ADDR_TEXT], own[IP_ADDR_TEXT];
	bool v4 = ip_addr_is_v4(neighbour), known = false;

	ip_addr_text(neighbour, theirs, false);
	if (v4)
		flow(w, true, "arp,dl_dst=%s,arp_spa=%s", w->mac, theirs);
	else
		flow(w, true, "icmp6,icmp_type=135,dl_src=%s,nd_target=%s", w->mac, theirs);
	for (unsigned i = 0; i < w->order->target.ips_n; i++) {
		const struct ip_addr *ip = &w->order->target.ips[i];

		if (ip_addr_is_v4(ip) != v4)
			continue;
		known = true;
		ip_addr_text(ip, own, false);
		if (v4)
			flow(w, true, "arp,dl_src=%s,arp_spa=%s,arp_tpa=%s", w->mac, own, theirs);
		else
			flow(w, true, "icmp6,icmp_type=136,dl_src=%s,ipv6_dst=%s,nd_target=%s",
			     w->mac, theirs, own);
	}
	/* Its own address is not known: better a remedy that can be reached. */
	if (v4 && !known)
		flow(w, true, "arp,dl_src=%s,arp_tpa=%s", w->mac, theirs);
}

static bool prefix_is_v4(const struct driver_prefix *p)
{
	return ip_addr_is_v4(&p->addr) && p->bits >= 96;
}

static void pass_exempt(struct writer *w, const struct driver_prefix *p)
{
	bool v4 = prefix_is_v4(p);
	unsigned bits = v4 ? p->bits - 96u : p->bits;
	char text[IP_ADDR_TEXT];

	ip_addr_text(&p->addr, text, false);
	flow(w, true, v4 ? "ip,dl_src=%s,nw_dst=%s/%u" : "ipv6,dl_src=%s,ipv6_dst=%s/%u", w->mac,
	     text, bits);
	flow(w, true, v4 ? "ip,dl_dst=%s,nw_src=%s/%u" : "ipv6,dl_dst=%s,ipv6_src=%s/%u", w->mac,
	     text, bits);
	if (p->bits == 128)
		pass_resolving(w, &p->addr);
}

static void cut_mac(struct writer *w, unsigned port)
{
	const struct driver_order *o = w->order;

	for (unsigned i = 0; i < o->exempts_n; i++)
		pass_exempt(w, &o->exempts[i]);
	for (unsigned i = 0; o->exempts_n && i < o->resolves_n; i++)
		pass_resolving(w, &o->resolves[i]);
	flow(w, false, "dl_src=%s", w->mac);
	flow(w, false, "dl_dst=%s", w->mac);
	if (port)
		flow(w, false, "in_port=%u", port);
}

static void pass_exempt_ip(struct writer *w, const char *host, bool v4,
			   const struct driver_prefix *p)
{
	unsigned bits = v4 ? p->bits - 96u : p->bits;
	char text[IP_ADDR_TEXT];

	ip_addr_text(&p->addr, text, false);
	flow(w, true, v4 ? "ip,nw_src=%s,nw_dst=%s/%u" : "ipv6,ipv6_src=%s,ipv6_dst=%s/%u", host,
	     text, bits);
	flow(w, true, v4 ? "ip,nw_dst=%s,nw_src=%s/%u" : "ipv6,ipv6_dst=%s,ipv6_src=%s/%u", host,
	     text, bits);
}

/* No MAC is known: the host is behind a router, its addresses are cut. */
static void cut_ip(struct writer *w, const struct ip_addr *ip)
{
	const struct driver_order *o = w->order;
	bool v4 = ip_addr_is_v4(ip);
	char host[IP_ADDR_TEXT];

	ip_addr_text(ip, host, false);
	for (unsigned i = 0; i < o->exempts_n; i++) {
		if (prefix_is_v4(&o->exempts[i]) == v4)
			pass_exempt_ip(w, host, v4, &o->exempts[i]);
	}
	flow(w, false, v4 ? "ip,nw_src=%s" : "ipv6,ipv6_src=%s", host);
	flow(w, false, v4 ? "ip,nw_dst=%s" : "ipv6,ipv6_dst=%s", host);
}

static unsigned hard_timeout(const struct driver_order *o, uint64_t now)
{
	uint64_t seconds = o->lease_expires > now ? (o->lease_expires - now) / NS_PER_SEC + 1 : 1;

	/* A longer lease is ended by the mitigator alone. */
	return o->lease_expires && seconds <= HARD_TIMEOUT_MAX ? (unsigned)seconds : 0;
}

int ovs_flows_write(const struct driver_order *o, uint16_t priority, unsigned port, uint64_t now,
		    struct ovs_flows *ret)
{
	struct writer w = {.out = ret,
			   .cookie = OVS_COOKIE | (o->cut & ~OVS_COOKIE_MASK),
			   .priority = priority,
			   .timeout = hard_timeout(o, now),
			   .order = o};

	ret->len = ret->n = 0;
	ret->full = false;
	put(ret, "delete table=0,cookie=0x%llx/-1\n", (unsigned long long)w.cookie);
	if (mac_addr_is_host(&o->target.mac)) {
		mac_addr_text(&o->target.mac, w.mac);
		cut_mac(&w, port);
	} else {
		for (unsigned i = 0; i < o->target.ips_n; i++)
			cut_ip(&w, &o->target.ips[i]);
	}
	if (ret->n == 0)
		return ERR_INVALID;
	return ret->full ? ERR_LIMIT : 0;
}

/* The number behind `name` within the line, as C writes it. */
static bool field(struct slice line, const char *name, uint64_t *ret)
{
	const char *hit = memmem(line.data, line.len, name, strlen(name));
	char digits[24];
	size_t n = 0, left;
	char *end;

	if (!hit)
		return false;
	hit += strlen(name);
	left = (size_t)((const char *)line.data + line.len - hit);
	while (n < left && n < sizeof(digits) - 1 && hit[n] != ',' && hit[n] != ' ') {
		digits[n] = hit[n];
		n++;
	}
	digits[n] = 0;
	*ret = strtoull(digits, &end, 0);
	return n > 0 && *end == 0;
}

static bool has(struct slice line, const char *text)
{
	return memmem(line.data, line.len, text, strlen(text)) != NULL;
}

/* The next line of *text, without its newline; false at the end. */
static bool next_line(const char **text, struct slice *ret)
{
	const char *end = strchrnul(*text, '\n');

	if (**text == 0)
		return false;
	*ret = SLICE(*text, (size_t)(end - *text));
	*text = *end ? end + 1 : end;
	return true;
}

static bool our_cut(struct slice line, uint64_t *ret)
{
	uint64_t cookie;

	if (!field(line, "cookie=", &cookie) || (cookie & OVS_COOKIE_MASK) != OVS_COOKIE)
		return false;
	*ret = cookie & ~OVS_COOKIE_MASK;
	return true;
}

static void add_flow(struct slice line, struct driver_held *h)
{
	const char *mac = memmem(line.data, line.len, "dl_src=", 7);
	char text[MAC_ADDR_TEXT] = "";
	uint64_t packets = 0;

	/* What the host itself sent: the flows that match its own side. */
	if (has(line, "actions=drop") &&
	    (mac || has(line, "in_port=") || has(line, "nw_src=") || has(line, "ipv6_src=")) &&
	    field(line, "n_packets=", &packets))
		h->drops += packets;
	if (mac && (size_t)((const char *)line.data + line.len - mac) >= 7 + sizeof(text) - 1) {
		memcpy(text, mac + 7, sizeof(text) - 1);
		mac_addr_parse(text, &h->mac);
	}
}

unsigned ovs_flows_read(const char *text, struct driver_held *ret, unsigned max)
{
	struct slice line;
	unsigned n = 0;
	uint64_t cut;

	while (next_line(&text, &line)) {
		unsigned i = n;

		if (!our_cut(line, &cut))
			continue;
		/* The flows of one cut come mostly together. */
		while (i > 0 && ret[i - 1].cut != cut)
			i--;
		if (i == 0) {
			if (n == max)
				continue;
			ret[n] = (struct driver_held){.cut = cut};
			i = ++n;
		}
		add_flow(line, &ret[i - 1]);
	}
	return n;
}

unsigned ovs_flows_count(const char *text, uint64_t cut)
{
	struct slice line;
	unsigned n = 0;
	uint64_t c;

	while (next_line(&text, &line))
		n += our_cut(line, &c) && c == cut;
	return n;
}

/* " 3(veth7): addr:..." */
static bool port_line(struct slice line, struct ovs_port *ret)
{
	const char *p = (const char *)line.data, *end = p + line.len;
	const char *open = memchr(p, '(', line.len), *close;
	unsigned long number;
	size_t len;
	char *after;

	if (!open || line.len < 4 || *p != ' ' || p[1] < '0' || p[1] > '9')
		return false;
	number = strtoul(p + 1, &after, 10);
	close = memmem(open, (size_t)(end - open), "): addr:", 8);
	if (after != open || !close || number == 0 || number > UINT16_MAX)
		return false;
	len = (size_t)(close - open - 1);
	if (len == 0 || len >= sizeof(ret->name))
		return false;
	ret->number = (unsigned)number;
	memcpy(ret->name, open + 1, len);
	ret->name[len] = 0;
	return true;
}

unsigned ovs_ports_read(const char *show, struct ovs_port *ret, unsigned max)
{
	struct slice line;
	unsigned n = 0;

	while (n < max && next_line(&show, &line))
		n += port_line(line, &ret[n]);
	return n;
}

unsigned ovs_fdb_read(const char *text, struct ovs_fdb_entry *ret, unsigned max)
{
	struct slice line;
	unsigned n = 0;

	while (n < max && next_line(&text, &line)) {
		char copy[128], port[16], mac[24];
		unsigned vlan, age;

		if (line.len >= sizeof(copy))
			continue;
		memcpy(copy, line.data, line.len);
		copy[line.len] = 0;
		if (sscanf(copy, " %15s %5u %23s %9u", port, &vlan, mac, &age) != 4 ||
		    mac_addr_parse(mac, &ret[n].mac) < 0 || vlan > 4095)
			continue;
		ret[n].port = (unsigned)strtoul(port, NULL, 10); /* "LOCAL" gives 0 */
		ret[n++].vlan = (uint16_t)vlan;
	}
	return n;
}

uint64_t ovs_fdb_moves(const char *text)
{
	const char *hit = strstr(text, "port moved MAC entries");

	hit = hit ? strchr(hit, ':') : NULL;
	return hit ? strtoull(hit + 1, NULL, 10) : 0;
}

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "dataplane/behave/detector.h"

void behave_hit_init(struct behave_hit *h, const struct behave_sign *sign,
		     const struct behave_event *e)
{
	h->sign = sign;
	h->severity = sign->severity;
	h->time_ns = e->time_ns;
	h->ends = e->ends;
	h->figure_count = 0;
	h->reason_en[0] = h->reason_ja[0] = 0;
}

/* A sentence that does not fit is cut between characters. */
static void whole_characters(char *s, size_t cap)
{
	size_t len = strlen(s), start = len;

	if (len + 1 < cap || len == 0)
		return;
	while (start > 0 && ((uint8_t)s[start - 1] & 0xc0) == 0x80)
		start--;
	if (start > 0 && (uint8_t)s[start - 1] >= 0xc0)
		s[start - 1] = 0;
}

void behave_say_en(struct behave_hit *h, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(h->reason_en, sizeof(h->reason_en), format, args);
	va_end(args);
	whole_characters(h->reason_en, sizeof(h->reason_en));
}

void behave_say_ja(struct behave_hit *h, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(h->reason_ja, sizeof(h->reason_ja), format, args);
	va_end(args);
	whole_characters(h->reason_ja, sizeof(h->reason_ja));
}

void behave_figure(struct behave_hit *h, const char *name, double value)
{
	if (h->figure_count < BEHAVE_FIGURES)
		h->figures[h->figure_count++] = (struct behave_figure){name, value};
}

bool behave_lately(const struct behave_view *v, uint64_t told_ns, uint64_t now_ns)
{
	return told_ns &&
	       (now_ns < told_ns || now_ns - told_ns < v->limits->repeat_seconds * NS_PER_SEC);
}

bool behave_told(const struct behave_view *v, const struct behave_entry *entry, uint64_t now_ns)
{
	return behave_lately(v, entry->told_ns, now_ns);
}

void behave_tell(const struct behave_view *v, struct behave_hit *h, struct behave_entry *entry)
{
	if (entry && behave_told(v, entry, h->time_ns)) {
		v->counters[BEHAVE_COUNT_SILENT]++;
		return;
	}
	if (entry)
		entry->told_ns = h->time_ns;
	v->counters[BEHAVE_COUNT_HITS]++;
	v->sink->hit(v->sink->ctx, h);
}

struct behave_text behave_printable(struct slice s)
{
	struct behave_text t;
	size_t n = s.len < sizeof(t.s) - 1 ? s.len : sizeof(t.s) - 1;

	for (size_t i = 0; i < n; i++)
		t.s[i] = s.data[i] >= 0x20 && s.data[i] < 0x7f ? (char)s.data[i] : '?';
	t.s[n] = 0;
	return t;
}

struct behave_text behave_address(const struct ip_addr *a)
{
	struct behave_text t;

	ip_addr_text(a, t.s, false);
	return t;
}

struct behave_text behave_mac(const struct mac_addr *m)
{
	struct behave_text t;

	mac_addr_text(m, t.s);
	return t;
}

void behave_turn(struct behave_endpoints *e)
{
	struct behave_endpoints was = *e;

	e->client = was.server;
	e->server = was.client;
	e->client_port = was.server_port;
	e->server_port = was.client_port;
	e->client_mac = was.server_mac;
	e->server_mac = was.client_mac;
}

#include "control/sensor/recent.h"

#include <stdlib.h>
#include <string.h>

#include "control/wire/local.h"

struct kept {
	char *json; /* one object */
	size_t len;
};

struct recent {
	struct kept *ring;
	unsigned cap, next, n;
	size_t bytes, max_bytes;
};

struct recent *recent_new(unsigned alerts, size_t bytes)
{
	struct recent *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->ring = calloc(alerts, sizeof(*r->ring));
	r->cap = alerts;
	r->max_bytes = bytes;
	if (!r->ring) {
		free(r);
		return NULL;
	}
	return r;
}

static void drop_oldest(struct recent *r)
{
	struct kept *k = &r->ring[(r->next + r->cap - r->n) % r->cap];

	r->bytes -= k->len;
	free(k->json);
	*k = (struct kept){0};
	r->n--;
}

void recent_free(struct recent *r)
{
	if (!r)
		return;
	while (r->n)
		drop_oldest(r);
	free(r->ring);
	free(r);
}

static json_t *texts(const struct text_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->n; i++)
		json_array_append_new(array, local_text(list->items[i]));
	return array;
}

static char *render(const struct alert *a)
{
	char host[IP_ADDR_TEXT], peer[IP_ADDR_TEXT], mac[MAC_ADDR_TEXT];
	json_t *o = json_pack(
		"{s:s, s:I, s:s, s:s, s:s, s:I, s:I, s:o, s:s, s:s, s:o, s:b, s:o, s:o, s:o}", "id",
		a->id, "time", (json_int_t)a->time, "host", ip_addr_text(&a->host.ip, host, false),
		"mac", mac_addr_text(&a->host.mac, mac), "peer",
		ip_addr_text(&a->peer.ip, peer, false), "gid", (json_int_t)a->gid, "sid",
		(json_int_t)a->sid, "signature", local_text(a->msg), "severity",
		severity_text(a->severity), "confidence", confidence_text(a->confidence), "url",
		local_text(a->url), "handshake", a->handshake_completed, "tactics",
		texts(&a->tactics), "techniques", texts(&a->techniques), "reasons",
		texts(&a->reasons));
	char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;

	json_decref(o);
	return text;
}

void recent_add(struct recent *r, const struct alert *a)
{
	char *text = render(a);
	size_t len = text ? strlen(text) : 0;

	if (!text || len > r->max_bytes) {
		free(text);
		return;
	}
	while (r->n && (r->n == r->cap || r->bytes + len > r->max_bytes))
		drop_oldest(r);
	r->ring[r->next] = (struct kept){text, len};
	r->next = (r->next + 1) % r->cap;
	r->n++;
	r->bytes += len;
}

json_t *recent_json(const struct recent *r, unsigned n)
{
	json_t *array = json_array();

	for (unsigned i = 1; i <= n && i <= r->n; i++) {
		const struct kept *k = &r->ring[(r->next + r->cap - i) % r->cap];

		json_array_append_new(array, json_loadb(k->json, k->len, 0, NULL));
	}
	return array;
}

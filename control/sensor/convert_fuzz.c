/* A record of any bytes, as a hostile dataplane could put it into a ring, up to the message that
 * leaves the sensor. */
#include <stdlib.h>
#include <string.h>

#include "control/sensor/convert.h"
#include "control/sensor/recent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct convert *converter(void)
{
	static const char *const networks[] = {"10.0.0.0/8", "192.168.0.0/16", "fc00::/7"};
	static struct convert *c;

	if (c)
		return c;
	c = calloc(1, sizeof(*c));
	if (!c)
		abort();
	c->hosts = hosts_new(networks, 3);
	c->sensor = "sensor-1";
	c->community_id = true;
	return c;
}

static void check(const struct report *r)
{
	struct message m = {.kind = MESSAGE_REPORT, .report = *r}, *again;
	struct slice payload;

	if (message_encode(&m, &payload, NULL))
		return; /* too large is counted by the outbox */
	again = message_decode(payload, NULL);
	if (!again || again->report.kind != r->kind)
		abort();
	message_free(again);
	payload_free(&payload);
}

/* Whatever a record holds, its line is one JSON object on one line. */
static void check_line(const struct convert *c)
{
	size_t flags = JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL;
	json_t *line = json_loadb(c->eve, c->eve_len, flags, NULL);

	if (!json_is_object(line) || memchr(c->eve, '\n', c->eve_len))
		abort();
	json_decref(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static _Alignas(8) uint8_t record[RECORD_MAX];
	struct convert *c = converter();
	struct report r = {0};
	struct recent *recent;

	if (size > sizeof(record))
		return 0;
	memcpy(record, data, size);
	if (convert_begin(c, SLICE(record, size)))
		return 0;
	check_line(c);
	if (convert_report(c, SLICE(record, size), &r))
		return 0;
	check(&r);
	if (r.kind == REPORT_ALERT) {
		recent = recent_new(2, 1 << 20);
		recent_add(recent, &r.alert);
		json_decref(recent_json(recent, 2));
		recent_free(recent);
	}
	for (unsigned i = 0; i < c->n_news; i++) {
		struct report fact = {0};

		convert_host_fact(c, hosts_find(c->hosts, &c->news[i]), &fact);
		check(&fact);
	}
	convert_done(c);
	return 0;
}

#include "dataplane/app/ntp/ntp.h"

enum { HEAD = 48, MAC_MD5 = 20, MAC_SHA1 = 24, EXTENSIONS = 64 };
enum { SYMMETRIC_ACTIVE = 1, CLIENT = 3 };

static const char *const event_names[] = {
	[NTP_EVENT_UNSOLICITED_RESPONSE] = "unsolicited_response",
	[NTP_EVENT_MALFORMED_DATA] = "malformed_data",
	[NTP_EVENT_NOT_REQUEST] = "not_request",
	[NTP_EVENT_NOT_RESPONSE] = "not_response",
};

/* Extension fields, then perhaps a message authentication code (RFC 5905, 7.5). */
static bool extensions_good(struct cursor c)
{
	for (unsigned i = 0; i < EXTENSIONS; i++) {
		uint16_t len;

		if (cursor_left(&c) == 0 || cursor_left(&c) == MAC_MD5 ||
		    cursor_left(&c) == MAC_SHA1)
			return true;
		cursor_u16(&c);
		len = cursor_u16(&c);
		if (len < 4 || !cursor_skip(&c, len - 4u))
			return false;
	}
	return false;
}

/* False when it is no message. */
static bool message(struct slice data, uint8_t *ret_mode)
{
	struct cursor c = cursor_of(data);
	uint8_t first = cursor_u8(&c), version = first >> 3 & 7;

	*ret_mode = first & 7;
	if (!cursor_skip(&c, HEAD - 1) || (version != 3 && version != 4))
		return false;
	return version == 3 || extensions_good(c);
}

static struct app_result parse(struct app_io *io, void *state, enum dir dir, struct app_input input)
{
	uint8_t mode;
	struct app_tx *tx;

	if (!message(input.data, &mode)) {
		tx = app_tx_last(io);
		if (tx)
			app_tx_event(tx, NTP_EVENT_MALFORMED_DATA);
		return APP_RESULT_BAD;
	}
	if (mode != SYMMETRIC_ACTIVE && mode != CLIENT)
		return APP_RESULT_OK(input.data.len);
	tx = app_tx_new(io, sizeof(*tx));
	if (!tx)
		return APP_RESULT_BAD;
	tx->progress[DIR_TS] = tx->progress[DIR_TC] = NTP_COMPLETE;
	return APP_RESULT_OK(input.data.len);
}

static enum app_probe probe(const struct app_tuple *tuple, enum dir dir, struct slice data)
{
	uint8_t mode;

	return message(data, &mode) ? APP_PROBE_YES : APP_PROBE_NO;
}

static const struct app_probe_rule probes[] = {
	{.transport = APP_UDP, .ports = "123", .min_len = HEAD, .probe = probe},
};

const struct app_proto ntp_proto = {
	.name = "ntp",
	.event_prefix = "ntp",
	.transport = APP_UDP,
	.enabled_by_default = true,
	.probes = probes,
	.probe_count = ARRAY_SIZE(probes),
	.parse = parse,
	.complete = {NTP_COMPLETE, NTP_COMPLETE},
	.events = event_names,
	.event_count = NTP_EVENTS,
};

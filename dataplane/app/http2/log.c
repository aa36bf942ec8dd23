/* EVE's "http" object, version 2. */
#include "dataplane/api/record.h"
#include "dataplane/app/http2/http2.h"
#include "dataplane/app/text/text.h"

enum { LOG_HEADERS_MAX = 256 }; /* of a direction */

static const char *const setting_names[] = {
	"SETTINGSHEADERTABLESIZE",   "SETTINGSENABLEPUSH",   "SETTINGSMAXCONCURRENTSTREAMS",
	"SETTINGSINITIALWINDOWSIZE", "SETTINGSMAXFRAMESIZE", "SETTINGSMAXHEADERLISTSIZE"};

static uint32_t number_at(const struct kept *list, uint32_t index)
{
	uint32_t value;

	memcpy(&value, list->data + index * sizeof(value), sizeof(value));
	return value;
}

static uint32_t numbers(const struct kept *list)
{
	return list->len / (uint32_t)sizeof(uint32_t);
}

static void log_headers(struct record *r, const char *name, const struct http2_side *side)
{
	if (!side->had_headers)
		return;
	record_array(r, name);
	for (uint32_t i = 0; i < side->count && i < LOG_HEADERS_MAX; i++) {
		const struct http2_header *h = &side->headers[i];

		record_object(r, NULL);
		if (h->kind == HTTP2_SIZE_UPDATE) {
			record_uint(r, "table_size_update", h->size);
		} else {
			text_log(r, "name", http2_name(side, h));
			text_log(r, "value", http2_value(side, h));
		}
		record_end(r);
	}
	record_end(r);
}

/* The last header of that name in any case, of the response before the request. */
static bool find_last(const struct http2_tx *t, const char *name, struct slice *ret)
{
	for (unsigned d = 2; d-- > 0;) {
		const struct http2_side *side = &t->side[d];

		for (uint32_t i = side->count; i-- > 0;) {
			const struct http2_header *h = &side->headers[i];

			if (h->kind != HTTP2_HEADER ||
			    !slice_eq_nocase(http2_name(side, h), slice_of(name)))
				continue;
			*ret = http2_value(side, h);
			return true;
		}
	}
	return false;
}

static void log_common(struct record *r, const struct http2_tx *t)
{
	static const struct {
		const char *header, *field;
		bool number;
	} fields[] = {
		{":method", "http_method", false},  {":path", "url", false},
		{"host", "hostname", false},	    {"user-agent", "http_user_agent", false},
		{"content-length", "length", true}, {":status", "status", true},
	};
	struct slice value;
	uint64_t n;

	for (unsigned i = 0; i < ARRAY_SIZE(fields); i++) {
		if (!find_last(t, fields[i].header, &value))
			continue;
		if (!fields[i].number)
			text_log(r, fields[i].field, value);
		else if (text_number(value, INT64_MAX, &n))
			record_uint(r, fields[i].field, n);
	}
}

static void log_error(struct record *r, uint32_t code)
{
	static const char *const names[] = {"NoError",
					    "PROTOCOLERROR",
					    "InternalError",
					    "FlowControlError",
					    "SettingsTimeout",
					    "StreamClosed",
					    "FrameSizeError",
					    "RefusedStream",
					    "Cancel",
					    "CompressionError",
					    "ConnectError",
					    "EnhanceYourCalm",
					    "InadequateSecurity",
					    "Http11Required"};
	char text[12];

	snprintf(text, sizeof(text), "%u", code);
	record_text(r, "error_code", code < ARRAY_SIZE(names) ? names[code] : text);
}

static bool log_frames(struct record *r, const char *name, const struct http2_side *side)
{
	record_object(r, name);
	if (side->had_settings) {
		record_array(r, "settings");
		for (uint32_t i = 0; i + 1 < numbers(&side->settings); i += 2) {
			record_object(r, NULL);
			record_text(r, "settings_id",
				    setting_names[number_at(&side->settings, i) - 1]);
			record_uint(r, "settings_value", number_at(&side->settings, i + 1));
			record_end(r);
		}
		record_end(r);
	}
	if (side->errors.len)
		log_error(r, number_at(&side->errors, 0));
	if (side->priorities.len)
		record_uint(r, "priority", number_at(&side->priorities, 0));
	if (side->twice_error || side->twice_priority)
		record_text(r, "has_multiple", side->twice_error ? "error_code" : "priority");
	record_end(r);
	return side->had_settings || side->errors.len || side->priorities.len;
}

bool http2_log(const struct app_tx *tx, const void *state, struct record *r)
{
	const struct http2_tx *t = http2_tx_of(tx);
	bool any;

	record_text(r, "version", "2");
	log_headers(r, "request_headers", &t->side[DIR_TS]);
	log_headers(r, "response_headers", &t->side[DIR_TC]);
	log_common(r, t);
	record_object(r, "http2");
	record_uint(r, "stream_id", t->stream);
	any = log_frames(r, "request", &t->side[DIR_TS]);
	any |= log_frames(r, "response", &t->side[DIR_TC]);
	record_end(r);
	return any || t->side[DIR_TS].had_headers || t->side[DIR_TC].had_headers;
}

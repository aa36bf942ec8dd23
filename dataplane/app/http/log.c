/* EVE's "http" object. */
#include "dataplane/app/http/http.h"

#include "dataplane/api/record.h"
#include "dataplane/app/text/content_range.h"
#include "dataplane/app/text/text.h"

static void log_value(struct record *r, const char *name, const struct http_tx *tx, enum dir dir,
		      const char *header)
{
	struct slice value = http_header_value(tx, dir, header);

	if (value.len)
		text_log(r, name, value);
}

static void log_content_type(struct record *r, const struct http_tx *tx)
{
	const struct http_header *h = http_header_find(tx, DIR_TC, "content-type");
	struct slice value;
	const uint8_t *end;

	if (!h)
		return;
	value = http_get(&tx->side[DIR_TC], h->value);
	end = value.len ? memchr(value.data, ';', value.len) : NULL;
	text_log(r, "http_content_type",
		 slice_sub(value, 0, end ? (size_t)(end - value.data) : value.len));
}

/* "bytes 0-99/200" (RFC 9110 14.4). */
static void log_content_range(struct record *r, const struct http_tx *tx)
{
	const struct http_header *h = http_header_find(tx, DIR_TC, "content-range");
	struct text_content_range range;
	struct slice s;

	if (!h)
		return;
	s = http_get(&tx->side[DIR_TC], h->value);
	record_object(r, "content_range");
	text_log(r, "raw", s);
	range = text_content_range_of(s);
	if (range.bounded) {
		record_uint(r, "start", range.start);
		record_uint(r, "end", range.end);
	}
	if (range.sized)
		record_uint(r, "size", range.size);
	record_end(r);
}

/* The digits that the status begins with, valid or not. */
static uint64_t status_number(struct slice s)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s.len && s.data[i] >= '0' && s.data[i] <= '9' && n < 100000; i++)
		n = n * 10 + (uint64_t)(s.data[i] - '0');
	return n;
}

static void log_request(struct record *r, const struct http_tx *tx)
{
	const struct http_side *side = &tx->side[DIR_TS];

	if (tx->host_log.len)
		text_log(r, "hostname", http_get(side, tx->host_log));
	if (tx->port >= 0)
		record_uint(r, "http_port", (uint64_t)tx->port);
	if (tx->uri.set)
		text_log(r, "url", http_get(side, tx->uri));
	log_value(r, "http_user_agent", tx, DIR_TS, "user-agent");
}

bool http_log(const struct app_tx *tx, const void *state, struct record *r)
{
	const struct http_tx *t = (const struct http_tx *)tx;

	log_request(r, t);
	log_content_type(r, t);
	log_content_range(r, t);
	log_value(r, "http_refer", t, DIR_TS, "referer");
	if (t->method_text.set)
		text_log(r, "http_method", http_get(&t->side[DIR_TS], t->method_text));
	if (t->side[DIR_TS].version.set)
		text_log(r, "protocol", http_get(&t->side[DIR_TS], t->side[DIR_TS].version));
	if (t->status_text.set) {
		record_uint(r, "status", status_number(http_get(&t->side[DIR_TC], t->status_text)));
		log_value(r, "redirect", t, DIR_TC, "location");
	}
	record_uint(r, "length", t->side[DIR_TC].message_len);
	return true;
}

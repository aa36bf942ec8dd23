#include "dataplane/app/ike/ike.h"

#include <stdlib.h>

#include "dataplane/app/text/compile.h"

enum { HEAD = 28, V2_EXCHANGE_FIRST = 34, V2_EXCHANGE_LAST = 37 };

static const char *const event_names[] = {
	[IKE_EVENT_MALFORMED_DATA] = "malformed_data",
	[IKE_EVENT_NO_ENCRYPTION] = "no_encryption",
	[IKE_EVENT_WEAK_CRYPTO_ENC] = "weak_crypto_enc",
	[IKE_EVENT_WEAK_CRYPTO_PRF] = "weak_crypto_prf",
	[IKE_EVENT_WEAK_CRYPTO_DH] = "weak_crypto_dh",
	[IKE_EVENT_WEAK_CRYPTO_AUTH] = "weak_crypto_auth",
	[IKE_EVENT_WEAK_CRYPTO_NO_DH] = "weak_crypto_no_dh",
	[IKE_EVENT_WEAK_CRYPTO_NO_AUTH] = "weak_crypto_no_auth",
	[IKE_EVENT_INVALID_PROPOSAL] = "invalid_proposal",
	[IKE_EVENT_UNKNOWN_PROPOSAL] = "unknown_proposal",
	[IKE_EVENT_PAYLOAD_EXTRA_DATA] = "payload_extra_data",
	[IKE_EVENT_MULTIPLE_SERVER_PROPOSAL] = "multiple_server_proposal",
};

static void state_begin(struct app_io *io, void *state)
{
	struct ike_state *s = state;

	s->last_id[IKE_ENC] = 11; /* ENCR_NULL: what records tell before a choice */
}

static void side_free(struct app_io *io, struct ike_side *side)
{
	kept_free(io->slab, &side->key_exchange);
	kept_free(io->slab, &side->nonce);
	kept_free(io->slab, &side->transform);
}

static void state_end(struct app_io *io, void *state)
{
	struct ike_state *s = state;

	side_free(io, &s->side[0]);
	side_free(io, &s->side[1]);
}

static void tx_free(struct app_io *io, void *state, struct app_tx *tx)
{
	struct ike_tx *t = container_of(tx, struct ike_tx, tx);

	kept_free(io->slab, &t->key_exchange);
	kept_free(io->slab, &t->nonce);
	text_list_free(io->slab, &t->vendors);
	text_list_free(io->slab, &t->transforms);
	kept_free(io->slab, &t->payloads);
	kept_free(io->slab, &t->notify);
}

static bool head_read(struct cursor *c, struct ike_head *ret)
{
	uint8_t version;

	ret->init_spi = cursor_u64(c);
	ret->resp_spi = cursor_u64(c);
	ret->next_payload = cursor_u8(c);
	version = cursor_u8(c);
	ret->major = version >> 4;
	ret->minor = version & 15;
	ret->exchange = cursor_u8(c);
	ret->flags = cursor_u8(c);
	ret->message_id = cursor_u32(c);
	ret->length = cursor_u32(c);
	return !c->bad;
}

static void spi_text(uint64_t spi, char *ret)
{
	for (unsigned i = 0; i < IKE_SPI_TEXT; i++)
		ret[i] = "0123456789abcdef"[spi >> (60 - 4 * i) & 15];
}

static struct app_result parse(struct app_io *io, void *state, enum dir dir, struct app_input input)
{
	struct cursor c = cursor_of(input.data);
	struct ike_head head;
	struct app_tx *tx;
	struct ike_tx *t;

	if (!head_read(&c, &head) || (head.major != 1 && head.major != 2))
		return APP_RESULT_BAD;
	tx = app_tx_new(io, sizeof(*t));
	if (!tx)
		return APP_RESULT_BAD;
	t = container_of(tx, struct ike_tx, tx);
	t->head = head;
	t->dir = (uint8_t)dir;
	tx->only_one_way[dir_other(dir)] = true;
	spi_text(head.init_spi, t->init_spi);
	spi_text(head.resp_spi, t->resp_spi);
	if (head.major == 2)
		ike_v2(io, state, t, cursor_rest(&c));
	else if (!ike_v1(io, state, t, cursor_rest(&c)))
		app_tx_event(tx, IKE_EVENT_MALFORMED_DATA);
	tx->progress[DIR_TS] = tx->progress[DIR_TC] = IKE_COMPLETE;
	return APP_RESULT_OK(input.data.len);
}

/* --- for rules --- */

static const struct ike_tx *of_tx(const struct app_tx *tx)
{
	return container_of(tx, const struct ike_tx, tx);
}

static bool get_init_spi(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	*ret = SLICE(of_tx(tx)->init_spi, IKE_SPI_TEXT);
	return true;
}

static bool get_resp_spi(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	*ret = SLICE(of_tx(tx)->resp_spi, IKE_SPI_TEXT);
	return true;
}

static bool get_key_exchange(const struct app_tx *tx, enum dir dir, uint32_t index,
			     struct slice *ret)
{
	return kept_get(&of_tx(tx)->key_exchange, ret) && ret->len > 0;
}

static bool get_nonce(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	return kept_get(&of_tx(tx)->nonce, ret) && ret->len > 0;
}

static bool get_vendor(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	uint32_t at = 0;

	for (uint32_t i = 0; text_list_next(&of_tx(tx)->vendors, &at, ret); i++) {
		if (i == index)
			return true;
	}
	return false;
}

static const struct app_buffer buffers[] = {
	{.name = "ike.init_spi", .dir = {true, false}, .get = get_init_spi},
	{.name = "ike.resp_spi", .dir = {false, true}, .get = get_resp_spi},
	{.name = "ike.key_exchange_payload", .dir = {true, true}, .get = get_key_exchange},
	{.name = "ike.nonce_payload", .dir = {true, true}, .get = get_nonce},
	{.name = "ike.vendor", .dir = {true, false}, .multi = true, .get = get_vendor},
};

static bool match_exchange(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	return text_range_match(compiled, of_tx(tx)->head.exchange);
}

static bool match_key_exchange_len(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	uint32_t len = of_tx(tx)->key_exchange.len;

	return len > 0 && text_range_match(compiled, len);
}

static bool match_nonce_len(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	uint32_t len = of_tx(tx)->nonce.len;

	return len > 0 && text_range_match(compiled, len);
}

/* `alg_enc=7` */
struct attribute_test {
	uint16_t type;	   /* of version 1 */
	uint8_t transform; /* of version 2; 0 = none */
	uint64_t value;
};

static void *compile_attribute(struct slice argument, char *why, size_t cap)
{
	static const struct {
		const char *name;
		uint8_t transform;
	} v2[] = {{"alg_enc", IKE_ENC},
		  {"alg_auth", IKE_AUTH},
		  {"alg_prf", IKE_PRF},
		  {"alg_dh", IKE_DH}};
	struct slice s = text_trim(argument);
	const uint8_t *equal = s.len > 0 ? memchr(s.data, '=', s.len) : NULL;
	size_t at = equal ? (size_t)(equal - s.data) : s.len;
	struct slice name = text_trim(slice_sub(s, 0, at));
	struct attribute_test *t = compile_new(sizeof(*t));

	for (uint16_t i = 1; i <= 16; i++) {
		if (slice_eq(name, slice_of(ike_attribute_name(i))))
			t->type = i;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(v2); i++) {
		if (slice_eq(name, slice_of(v2[i].name)))
			t->transform = v2[i].transform;
	}
	if (!equal || t->type == 0 ||
	    !text_number(text_trim(slice_sub(s, at + 1, s.len)), UINT32_MAX, &t->value))
		return compile_refuse(t, why, cap, "an attribute, = and a number are expected");
	return t;
}

static bool match_attribute(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct attribute_test *want = compiled;
	const struct ike_tx *t = of_tx(tx);
	struct ike_attribute a;
	struct slice first;
	struct cursor c;
	uint32_t at = 0;

	if (t->head.major == 2)
		return want->transform > 0 && t->chosen[want->transform] &&
		       t->chosen_id[want->transform] == want->value;
	if (!text_list_next(&t->transforms, &at, &first))
		return false;
	c = cursor_of(first);
	while (ike_attribute_next(&c, &a)) {
		if (a.type == want->type && a.has_number)
			return a.number == want->value;
	}
	return false;
}

static const struct app_keyword keywords[] = {
	{"ike.exchtype", {true, true}, {0, 0}, compile_range_u8, match_exchange},
	{"ike.key_exchange_payload_length",
	 {true, true},
	 {0, 0},
	 compile_range_u32,
	 match_key_exchange_len},
	{"ike.nonce_payload_length", {true, true}, {0, 0}, compile_range_u32, match_nonce_len},
	{"ike.chosen_sa_attribute", {false, true}, {0, 0}, compile_attribute, match_attribute},
};

/* --- identification --- */

static enum app_probe probe(const struct app_tuple *tuple, enum dir dir, struct slice data)
{
	struct cursor c = cursor_of(data);
	struct ike_head head;

	if (!head_read(&c, &head))
		return APP_PROBE_NO;
	if (head.major == 2 && (head.minor != 0 || head.exchange < V2_EXCHANGE_FIRST ||
				head.exchange > V2_EXCHANGE_LAST || head.length != data.len))
		return APP_PROBE_NO;
	if (head.major != 1 && head.major != 2)
		return APP_PROBE_NO;
	return head.resp_spi == 0 && dir == DIR_TC ? APP_PROBE_REVERSED : APP_PROBE_YES;
}

static const struct app_probe_rule probes[] = {
	{.transport = APP_UDP, .ports = "500", .min_len = HEAD, .probe = probe},
};

const struct app_proto ike_proto = {
	.name = "ike",
	.rule_names = {"ikev2"},
	.event_prefix = "ike",
	.transport = APP_UDP,
	.enabled_by_default = true,
	.probes = probes,
	.probe_count = ARRAY_SIZE(probes),
	.state_size = sizeof(struct ike_state),
	.state_begin = state_begin,
	.state_end = state_end,
	.parse = parse,
	.tx_free = tx_free,
	.complete = {IKE_COMPLETE, IKE_COMPLETE},
	.events = event_names,
	.event_count = IKE_EVENTS,
	.buffers = buffers,
	.buffer_count = ARRAY_SIZE(buffers),
	.keywords = keywords,
	.keyword_count = ARRAY_SIZE(keywords),
	.eve_type = "ike",
	.eve_key = "ike",
	.log = ike_log,
	.log_sender_first = true,
};

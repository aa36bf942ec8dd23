#include "dataplane/app/quic/quic.h"

static const char *const event_names[] = {
	[QUIC_EVENT_FAILED_DECRYPT] = "failed_decrypt",
	[QUIC_EVENT_ERROR_ON_DATA] = "error_on_data",
	[QUIC_EVENT_CRYPTO_FRAG_TOO_LONG] = "crypto_frag_too_long",
};

static void state_end(struct app_io *io, void *state)
{
	struct quic_state *s = state;

	kept_free(io->slab, &s->pieces[0].bytes);
	kept_free(io->slab, &s->pieces[1].bytes);
}

static void tx_free(struct app_io *io, void *state, struct app_tx *tx)
{
	struct quic_tx *t = container_of(tx, struct quic_tx, tx);

	kept_free(io->slab, &t->sni);
	kept_free(io->slab, &t->ua);
	kept_free(io->slab, &t->ja3);
	kept_free(io->slab, &t->extensions);
	for (unsigned i = 0; i < t->cyu_count; i++)
		kept_free(io->slab, &t->cyu[i].text);
}

static struct quic_tx *new_tx(struct app_io *io, const struct quic_header *h, enum dir dir)
{
	struct app_tx *tx = app_tx_new(io, sizeof(struct quic_tx));
	struct quic_tx *t;

	if (!tx)
		return NULL;
	t = container_of(tx, struct quic_tx, tx);
	t->client = dir == DIR_TS;
	t->is_long = h->is_long;
	t->version = h->version;
	if (h->version_bytes.len == sizeof(t->version_bytes))
		memcpy(t->version_bytes, h->version_bytes.data, sizeof(t->version_bytes));
	tx->progress[dir] = QUIC_COMPLETE;
	tx->only_one_way[dir_other(dir)] = true;
	return t;
}

static void set_keys(struct quic_state *s, const struct quic_header *h, enum dir dir)
{
	if (!s->has_keys && h->type == QUIC_INITIAL) {
		s->has_keys = quic_keys_initial(h->version, h->dcid, &s->keys);
	} else if (dir == DIR_TC && s->has_keys && h->type == QUIC_RETRY && !s->has_retried) {
		/* The client begins again, with keys of another connection id; later Retry packets
		 * do not count (RFC 9000 17.2.5.2). */
		s->hello[DIR_TS] = false;
		s->has_keys = false;
		s->has_retried = true;
	}
}

static bool fail(struct quic_tx *t, enum quic_event event)
{
	app_tx_event(&t->tx, event);
	return false;
}

static bool initial(struct app_io *io, struct quic_state *s, struct quic_tx *t,
		    const struct quic_header *h, struct slice packet)
{
	enum dir dir = t->client ? DIR_TS : DIR_TC;
	struct slice frames = slice_sub(packet, h->len, packet.len);
	uint8_t *room = NULL;
	bool ok = true;

	if (s->has_keys && frames.len > 0) {
		room = slab_alloc(io->slab, packet.len);
		if (!room)
			return false;
		ok = quic_decrypt(&s->keys.side[dir], packet, h->len, room, &frames);
		if (!ok)
			fail(t, QUIC_EVENT_FAILED_DECRYPT);
	}
	if (ok && !quic_frames(io, s, t, frames))
		ok = fail(t, QUIC_EVENT_ERROR_ON_DATA);
	slab_free(io->slab, room, packet.len);
	return ok;
}

/* A datagram may hold several packets. What cannot be read ends it alone: others may be better, as
 * Suricata has it. False: no memory. */
static bool packets(struct app_io *io, struct quic_state *s, enum dir dir, struct slice data)
{
	for (unsigned i = 0; data.len > 0 && i < QUIC_PACKETS_MAX; i++) {
		struct quic_header h;
		struct slice packet;
		struct quic_tx *t;

		if (!quic_header_read(data, &h))
			return true;
		/* Behind the hello everything is encrypted with keys that we have not. */
		if (s->hello[dir] || h.type == QUIC_SHORT)
			return true;
		set_keys(s, &h, dir);
		packet = slice_sub(data, 0, h.len + h.length);
		t = new_tx(io, &h, dir);
		if (!t)
			return false;
		if (h.type == QUIC_INITIAL && !initial(io, s, t, &h, packet))
			return true;
		data = slice_sub(data, packet.len, data.len);
	}
	return true;
}

static struct app_result parse(struct app_io *io, void *state, enum dir dir, struct app_input input)
{
	if (!packets(io, state, dir, input.data))
		return APP_RESULT_BAD;
	return APP_RESULT_OK(input.data.len);
}

static enum app_probe probe(const struct app_tuple *tuple, enum dir dir, struct slice data)
{
	struct quic_header h;

	return quic_header_read(data, &h) ? APP_PROBE_YES : APP_PROBE_NO;
}

/* --- rules --- */

static bool get_version(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	const struct quic_tx *t = quic_tx_of(tx);

	*ret = SLICE(t->version_bytes, sizeof(t->version_bytes));
	return t->is_long;
}

static bool get_sni(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	return kept_get(&quic_tx_of(tx)->sni, ret);
}

static bool get_ua(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	return kept_get(&quic_tx_of(tx)->ua, ret);
}

static bool get_cyu_hash(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	const struct quic_tx *t = quic_tx_of(tx);

	if (index >= t->cyu_count)
		return false;
	*ret = SLICE(t->cyu[index].hash, sizeof(t->cyu[index].hash));
	return true;
}

static bool get_cyu_text(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	const struct quic_tx *t = quic_tx_of(tx);

	return index < t->cyu_count && kept_get(&t->cyu[index].text, ret);
}

static bool get_ja3_text(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	const struct quic_tx *t = quic_tx_of(tx);

	return t->client == (dir == DIR_TS) && kept_get(&t->ja3, ret);
}

static bool get_ja3_hash(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	const struct quic_tx *t = quic_tx_of(tx);

	*ret = SLICE(t->ja3_hash, sizeof(t->ja3_hash));
	return t->ja3.data && t->client == (dir == DIR_TS);
}

static bool get_ja4(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	const struct quic_tx *t = quic_tx_of(tx);

	*ret = SLICE(t->ja4, sizeof(t->ja4));
	return t->has_ja4;
}

static const struct app_buffer buffers[] = {
	{.name = "quic.version", .dir = {true, true}, .get = get_version},
	{.name = "quic.sni", .dir = {true, false}, .get = get_sni},
	{.name = "quic.ua", .dir = {true, false}, .get = get_ua},
	{.name = "quic.cyu.hash", .dir = {true, false}, .multi = true, .get = get_cyu_hash},
	{.name = "quic.cyu.string", .dir = {true, false}, .multi = true, .get = get_cyu_text},
	{.name = "ja3.hash", .dir = {true, false}, .get = get_ja3_hash},
	{.name = "ja3.string", .dir = {true, false}, .get = get_ja3_text},
	{.name = "ja3s.hash", .dir = {false, true}, .get = get_ja3_hash},
	{.name = "ja3s.string", .dir = {false, true}, .get = get_ja3_text},
	{.name = "ja4.hash", .dir = {true, false}, .get = get_ja4},
};

static const struct app_probe_rule probes[] = {
	{.transport = APP_UDP, .ports = "443,80", .dir = DIR_TS, .probe = probe},
};

const struct app_proto quic_proto = {
	.name = "quic",
	.event_prefix = "quic",
	.transport = APP_UDP,
	.enabled_by_default = true,
	.probes = probes,
	.probe_count = ARRAY_SIZE(probes),
	.state_size = sizeof(struct quic_state),
	.state_end = state_end,
	.parse = parse,
	.tx_free = tx_free,
	.complete = {QUIC_COMPLETE, QUIC_COMPLETE},
	.events = event_names,
	.event_count = QUIC_EVENTS,
	.buffers = buffers,
	.buffer_count = ARRAY_SIZE(buffers),
	.eve_type = "quic",
	.eve_key = "quic",
	.log = quic_log,
	.log_sender_first = true,
};

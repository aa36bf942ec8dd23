#include "dataplane/app/tftp/tftp.h"

#include "dataplane/api/record.h"
#include "dataplane/app/text/text.h"

enum { OPCODE_READ = 1, OPCODE_WRITE = 2, HEAD_MIN = 4 };

static void tx_free(struct app_io *io, void *state, struct app_tx *tx)
{
	struct tftp_tx *t = container_of(tx, struct tftp_tx, tx);

	kept_free(io->slab, &t->file);
	kept_free(io->slab, &t->mode);
}

/* Text up to a NUL, which is consumed; false without one. */
static bool take_text(struct cursor *c, struct slice *ret)
{
	struct slice rest = cursor_rest(c);
	const uint8_t *end = rest.len ? memchr(rest.data, 0, rest.len) : NULL;

	if (!end)
		return false;
	*ret = cursor_take(c, (size_t)(end - rest.data));
	cursor_skip(c, 1);
	return ret->len <= TFTP_TEXT_MAX;
}

static bool known_mode(struct slice mode)
{
	return slice_eq_nocase(mode, SLICE_LIT("netascii")) ||
	       slice_eq_nocase(mode, SLICE_LIT("octet")) ||
	       slice_eq_nocase(mode, SLICE_LIT("mail"));
}

struct request {
	bool write;
	struct slice file, mode;
};

/* RFC 1350 section 5; options (RFC 2347) may follow. */
static bool read_request(struct slice datagram, struct request *ret)
{
	struct cursor c = cursor_of(datagram);
	uint16_t opcode = cursor_u16(&c);

	if (opcode != OPCODE_READ && opcode != OPCODE_WRITE)
		return false;
	ret->write = opcode == OPCODE_WRITE;
	return take_text(&c, &ret->file) && take_text(&c, &ret->mode) && known_mode(ret->mode);
}

static struct app_result parse(struct app_io *io, void *state, enum dir dir, struct app_input input)
{
	struct request request;
	struct app_tx *tx;
	struct tftp_tx *t;

	if (dir == DIR_TC)
		return APP_RESULT_OK(input.data.len);
	if (!read_request(input.data, &request))
		return APP_RESULT_BAD;
	tx = app_tx_new(io, sizeof(*t));
	if (!tx)
		return APP_RESULT_BAD;
	t = container_of(tx, struct tftp_tx, tx);
	tx->progress[DIR_TS] = tx->progress[DIR_TC] = 1;
	t->write = request.write;
	if (!kept_set(io->slab, &t->file, request.file) ||
	    !kept_set(io->slab, &t->mode, request.mode))
		return APP_RESULT_BAD;
	for (uint32_t i = 0; i < t->mode.len; i++)
		t->mode.data[i] = ascii_lower(t->mode.data[i]);
	return APP_RESULT_OK(input.data.len);
}

static enum app_probe probe(const struct app_tuple *tuple, enum dir dir, struct slice data)
{
	return data.len >= HEAD_MIN && data.data[0] == 0 ? APP_PROBE_YES : APP_PROBE_NO;
}

static bool log_tx(const struct app_tx *tx, const void *state, struct record *r)
{
	const struct tftp_tx *t = container_of(tx, const struct tftp_tx, tx);

	record_text(r, "packet", t->write ? "write" : "read");
	text_log(r, "file", kept_slice(&t->file));
	text_log(r, "mode", kept_slice(&t->mode));
	return true;
}

static const struct app_probe_rule probes[] = {
	{.transport = APP_UDP, .ports = "69", .dir = DIR_TS, .min_len = HEAD_MIN, .probe = probe},
};

const struct app_proto tftp_proto = {
	.name = "tftp",
	.event_prefix = "tftp",
	.transport = APP_UDP,
	.enabled_by_default = true,
	.probes = probes,
	.probe_count = ARRAY_SIZE(probes),
	.parse = parse,
	.tx_free = tx_free,
	.complete = {1, 1},
	.eve_type = "tftp",
	.eve_key = "tftp",
	.log = log_tx,
};

#include "dataplane/app/websocket/websocket.h"

#include "dataplane/api/record.h"
#include "dataplane/app/text/compile.h"

enum { PIECE = 1024 }; /* bytes unmasked at once */

static void tx_free(struct app_io *io, void *state, struct app_tx *tx)
{
	kept_free(io->slab, &container_of(tx, struct websocket_tx, tx)->payload);
	((struct websocket_state *)state)->live--;
}

struct call {
	struct app_io *io;
	struct websocket_state *s;
	enum dir dir;
	struct websocket_side *side;
};

static struct websocket_tx *tx_of(struct call *c)
{
	struct app_tx *tx =
		app_tx_find(c->io, c->side->control ? c->side->control_message : c->side->message);

	return tx ? container_of(tx, struct websocket_tx, tx) : NULL;
}

static struct websocket_tx *tx_new(struct call *c)
{
	struct app_tx *tx = app_tx_new(c->io, sizeof(struct websocket_tx));

	if (!tx)
		return NULL;
	c->s->live++;
	tx->only_one_way[dir_other(c->dir)] = true;
	tx->progress[dir_other(c->dir)] = 1;
	return container_of(tx, struct websocket_tx, tx);
}

/* --- frames (5.2) --- */

struct head {
	uint8_t first;
	bool masked;
	uint64_t length;
	uint8_t mask[4];
};

static bool head_read(struct cursor *in, struct head *h)
{
	struct cursor c = *in;
	uint8_t second;

	h->first = cursor_u8(&c);
	second = cursor_u8(&c);
	h->masked = second & 0x80;
	h->length = second & 0x7f;
	if (h->length == 126)
		h->length = cursor_u16(&c);
	else if (h->length == 127)
		h->length = cursor_u64(&c);
	memset(h->mask, 0, sizeof(h->mask));
	if (h->masked) {
		struct slice mask = cursor_take(&c, sizeof(h->mask));

		if (!c.bad)
			memcpy(h->mask, mask.data, sizeof(h->mask));
	}
	if (c.bad)
		return false;
	*in = c;
	return true;
}

/* A frame begins: a message of its own, or more of the one that waits. */
static bool frame_begin(struct call *c, const struct head *h)
{
	struct websocket_side *side = c->side;
	uint8_t opcode = h->first & 15;
	struct websocket_tx *t;

	side->in_frame = true;
	side->left = h->length;
	side->done = 0;
	side->masked = h->masked;
	memcpy(side->mask, h->mask, sizeof(side->mask));
	side->fin = h->first & WEBSOCKET_FIN;
	side->control = opcode >= WEBSOCKET_CLOSE;
	if (opcode == WEBSOCKET_CONTINUATION && side->open) {
		t = tx_of(c);
		if (t)
			t->frames++;
		return true;
	}
	t = tx_new(c);
	if (!t)
		return false;
	t->opcode = opcode;
	t->flags = h->first & (WEBSOCKET_FIN | WEBSOCKET_COMP);
	t->masked = h->masked;
	t->mask = (uint32_t)h->mask[0] << 24 | (uint32_t)h->mask[1] << 16 |
		  (uint32_t)h->mask[2] << 8 | h->mask[3];
	t->frames = 1;
	if (side->control)
		side->control_message = t->tx.id;
	else
		side->message = t->tx.id;
	return true;
}

static void frame_end(struct call *c)
{
	struct websocket_side *side = c->side;
	struct websocket_tx *t = tx_of(c);

	side->in_frame = false;
	if (!side->control)
		side->open = !side->fin;
	if (t && (side->control || side->fin))
		t->tx.progress[c->dir] = 1;
}

static void payload(struct call *c, struct slice data)
{
	struct websocket_side *side = c->side;
	struct websocket_tx *t = tx_of(c);

	for (size_t at = 0; at < data.len; at += PIECE) {
		struct slice piece = slice_sub(data, at, PIECE);
		uint8_t clear[PIECE];

		for (size_t i = 0; i < piece.len; i++)
			clear[i] = piece.data[i] ^ side->mask[(side->done + i) & 3];
		side->done += piece.len;
		if (t)
			kept_append(c->io->slab, &t->payload, SLICE(clear, piece.len),
				    WEBSOCKET_PAYLOAD_MAX);
	}
	if (t)
		t->length += data.len;
	side->left -= data.len;
}

static struct app_result parse(struct app_io *io, void *state, enum dir dir, struct app_input input)
{
	struct websocket_state *s = state;
	struct call c = {io, s, dir, &s->side[dir]};
	struct cursor in = cursor_of(input.data);

	while (cursor_left(&in) > 0) {
		struct head h;
		uint64_t n;

		if (!c.side->in_frame) {
			if (s->live >= WEBSOCKET_WAITING && cursor_left(&in) < LIMIT_APP_BUFFERED &&
			    !input.eof)
				break;
			if (!head_read(&in, &h))
				return APP_RESULT_MORE(cursor_offset(&in), 1);
			if (!frame_begin(&c, &h))
				return APP_RESULT_BAD;
		}
		n = c.side->left < cursor_left(&in) ? c.side->left : cursor_left(&in);
		payload(&c, cursor_take(&in, (size_t)n));
		if (c.side->left == 0)
			frame_end(&c);
	}
	return APP_RESULT_OK(cursor_offset(&in));
}

/* Within a frame the count goes on; else nobody knows where the next one begins. */
static bool gap(struct app_io *io, void *state, enum dir dir, uint64_t len)
{
	struct websocket_side *side = &((struct websocket_state *)state)->side[dir];

	if (!side->in_frame || len >= side->left)
		return false;
	side->left -= len;
	side->done += len;
	return true;
}

/* --- for rules --- */

static bool get_payload(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	return kept_get(&container_of(tx, const struct websocket_tx, tx)->payload, ret);
}

static const char *const opcodes[] = {
	[WEBSOCKET_CONTINUATION] = "continuation",
	[WEBSOCKET_TEXT] = "text",
	[WEBSOCKET_BINARY] = "binary",
	[WEBSOCKET_CLOSE] = "connection_close",
	[WEBSOCKET_PING] = "ping",
	[WEBSOCKET_PONG] = "pong",
};

static void *compile_opcode(struct slice argument, char *why, size_t cap)
{
	struct slice s = text_trim(argument);

	for (unsigned i = 0; i < ARRAY_SIZE(opcodes); i++) {
		if (opcodes[i] && slice_eq_nocase(s, SLICE_STR(opcodes[i]))) {
			struct text_range *r = compile_new(sizeof(*r));

			*r = (struct text_range){.compare = TEXT_EQUAL, .a = i};
			return r;
		}
	}
	return compile_range_u8(argument, why, cap);
}

static bool match_opcode(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	return text_range_match(compiled, container_of(tx, const struct websocket_tx, tx)->opcode);
}

struct flags {
	uint8_t mask, value;
};

static void *compile_flags(struct slice argument, char *why, size_t cap)
{
	struct flags *f = compile_new(sizeof(*f));

	while (argument.len) {
		const uint8_t *comma = memchr(argument.data, ',', argument.len);
		size_t n = comma ? (size_t)(comma - argument.data) : argument.len;
		struct slice word = text_trim(slice_sub(argument, 0, n));
		bool negated = word.len && word.data[0] == '!';
		uint8_t bit;

		word = slice_sub(word, negated, word.len);
		bit = slice_eq_nocase(word, SLICE_LIT("fin"))	 ? WEBSOCKET_FIN
		      : slice_eq_nocase(word, SLICE_LIT("comp")) ? WEBSOCKET_COMP
								 : 0;
		if (!bit)
			return compile_refuse(f, why, cap, "fin and comp are expected");
		f->mask |= bit;
		if (!negated)
			f->value |= bit;
		argument = slice_sub(argument, n + 1, argument.len);
	}
	return f;
}

static bool match_flags(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct flags *f = compiled;

	return (container_of(tx, const struct websocket_tx, tx)->flags & f->mask) == f->value;
}

static bool match_mask(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct websocket_tx *t = container_of(tx, const struct websocket_tx, tx);

	return t->masked && text_range_match(compiled, t->mask);
}

/* --- records --- */

static bool log_tx(const struct app_tx *tx, const void *state, struct record *r)
{
	const struct websocket_tx *t = container_of(tx, const struct websocket_tx, tx);
	const char *name = t->opcode < ARRAY_SIZE(opcodes) ? opcodes[t->opcode] : NULL;

	record_uint(r, "opcode", t->opcode);
	if (name)
		record_text(r, "message", name);
	record_bool(r, "compressed", t->flags & WEBSOCKET_COMP);
	if (t->masked)
		record_uint(r, "mask", t->mask);
	record_uint(r, "frames", t->frames);
	record_uint(r, "length", t->length);
	if (t->payload.len && !(t->flags & WEBSOCKET_COMP))
		text_log(r, "payload", kept_slice(&t->payload));
	return true;
}

static void log_alert(const struct app_tx *tx, const void *state, struct record *r)
{
}

static const struct app_buffer buffers[] = {
	{.name = "websocket.payload", .dir = {true, true}, .progress = {1, 1}, .get = get_payload},
};

static const struct app_keyword keywords[] = {
	{"websocket.opcode", {true, true}, {1, 1}, compile_opcode, match_opcode},
	{"websocket.flags", {true, true}, {1, 1}, compile_flags, match_flags},
	{"websocket.mask", {true, true}, {1, 1}, compile_range_u32, match_mask},
};

const struct app_proto websocket_proto = {
	.name = "websocket",
	.event_prefix = "websocket",
	.transport = APP_TCP,
	.enabled_by_default = true,
	.state_size = sizeof(struct websocket_state),
	.parse = parse,
	.gap = gap,
	.tx_free = tx_free,
	.complete = {1, 1},
	.buffers = buffers,
	.buffer_count = ARRAY_SIZE(buffers),
	.keywords = keywords,
	.keyword_count = ARRAY_SIZE(keywords),
	.eve_type = "websocket",
	.eve_key = "websocket",
	.own_type = true,
	.log = log_tx,
	.log_alert = log_alert,
};

#include "signatures/lang/kw.h"

#include <stdio.h>
#include <string.h>

#include "signatures/lang/head.h"
#include "signatures/lang/index.h"
#include "signatures/lang/regex.h"
#include "signatures/lang/text.h"

/* Sticky buffers, their transforms, and keywords that look at a buffer as a whole. */

/* Application protocols whose files can be looked at. */
#define FILE_APPS "http|http1|http2|smtp|ftp-data|smb|nfs"

static bool runs_on_tcp(const struct lang_build *b)
{
	return b->proto.any || b->proto.bits[6 / 8] & 1 << 6 % 8;
}

static int check_file_data(struct lang_build *b)
{
	if (!runs_on_tcp(b))
		return lang_fail(b, "it goes only with rules on tcp");
	if (b->app && !lang_one_of(FILE_APPS, b->app))
		return lang_fail(b, "%s carries no files", b->app);
	b->flags |= BUILD_FILE;
	return ERR_OK;
}

/* Protocols that a packet buffer needs the rule to be able to see. */
static int check_packet_proto(struct lang_build *b, const struct lang_buffer *buffer)
{
	uint8_t number = buffer->ip_proto;

	if (!number || b->proto.any)
		return ERR_OK;
	if (!(b->proto.bits[number / 8] & 1 << number % 8))
		return lang_fail(b, "the rule's protocol never has this header");
	return ERR_OK;
}

/* A header's buffer limits a rule on ip to that protocol. */
static void narrow_proto(struct lang_build *b, const struct lang_buffer *buffer)
{
	static const struct {
		uint8_t number;
		enum rule_layer layer;
	} layers[] = {{1, RULE_LAYER_ICMPV4},
		      {6, RULE_LAYER_TCP},
		      {17, RULE_LAYER_UDP},
		      {58, RULE_LAYER_ICMPV6}};

	for (size_t i = 0; i < ARRAY_SIZE(layers); i++) {
		if (layers[i].number != buffer->ip_proto || !b->proto.any ||
		    b->rule->proto.layer != RULE_LAYER_IP)
			continue;
		memset(b->proto.bits, 0, sizeof(b->proto.bits));
		b->proto.bits[buffer->ip_proto / 8] = (uint8_t)(1 << buffer->ip_proto % 8);
		b->proto.any = false;
		b->rule->proto.layer = layers[i].layer;
	}
}

static int activate(struct lang_build *b, const struct lang_buffer *buffer, const char *name)
{
	if (buffer->bare) { /* ip.src and ip.dst: no transforms, no check for emptiness */
		if (b->active_base64)
			return lang_fail(b, "no other buffer can follow base64_data");
		b->active = buffer;
		b->active_name = lang_arena_intern(b->arena, slice_of(name));
		b->active_type = b->active_name;
		b->active_set = false;
		return ERR_OK;
	}
	return build_activate(b, buffer, name);
}

int kw_sticky(struct lang_build *b, const struct lang_buffer *buffer)
{
	if (strcmp(buffer->name, "file.data") == 0 && check_file_data(b) != ERR_OK)
		return ERR_INVALID;
	if (buffer->where == LANG_ON_PACKET) {
		if (check_packet_proto(b, buffer) != ERR_OK)
			return ERR_INVALID;
		if (buffer->ip_proto || strncmp(buffer->name, "ipv", 3) == 0)
			b->flags |= BUILD_NEED_PACKET;
		narrow_proto(b, buffer);
	}
	if (buffer->where == LANG_ON_FILE)
		b->flags |= BUILD_FILE;
	if (strcmp(buffer->name, "file.name") == 0)
		b->flags |= BUILD_FILENAME;
	if (strncmp(buffer->name, "ja", 2) == 0) {
		b->flags |= BUILD_JA;
		if (b->app && !lang_one_of("tls|quic", b->app))
			return lang_fail(b, "it belongs to tls and quic, but the rule is for %s",
					 b->app);
	}
	if (activate(b, buffer, buffer->name) != ERR_OK)
		return ERR_INVALID;
	return buffer->app ? build_app(b, buffer->app) : ERR_OK;
}

/* http.response_body: file.data, but only of HTTP. */
int kw_response_body(struct lang_build *b, char *arg)
{
	if (build_activate(b, lang_buffer_find("file.data"), "file.data") != ERR_OK ||
	    build_app(b, "http") != ERR_OK)
		return ERR_INVALID;
	b->flags |= BUILD_FILE;
	b->sides = LANG_TO_CLIENT;
	return ERR_OK;
}

int kw_pkt_data(struct lang_build *b, char *arg)
{
	if (b->npending)
		return lang_fail(b, "nothing is matched after the transforms before it");
	b->active = NULL;
	b->active_type = NULL;
	b->active_base64 = false;
	b->active_set = false;
	return ERR_OK;
}

int kw_base64_data(struct lang_build *b, char *arg)
{
	if (!(b->flags & BUILD_BASE64))
		return lang_fail(b, "base64_decode must stand before it");
	if (b->active_base64)
		return lang_fail(b, "it was given before");
	b->active = NULL;
	b->active_type = NULL;
	b->active_base64 = true;
	b->active_set = false;
	return ERR_OK;
}

static int base64_part(struct lang_build *b, char *part, struct rule_base64_decode *d)
{
	uint64_t n;
	char *value = strpbrk(part, " \t");

	if (strcmp(part, "relative") == 0) {
		d->relative = true;
		return ERR_OK;
	}
	if (value) {
		*value = '\0';
		value = lang_trim(value + 1);
	}
	if (value && strcmp(part, "bytes") == 0 && lang_u64(value, 10, UINT16_MAX, &n))
		d->bytes = (uint32_t)n;
	else if (value && strcmp(part, "offset") == 0 && lang_u64(value, 10, UINT32_MAX, &n))
		d->offset = (uint32_t)n;
	else
		return lang_fail(b,
				 "only \"bytes\" with at most 65535, \"offset\" with a number and "
				 "\"relative\" can stand there");
	return ERR_OK;
}

int kw_base64_decode(struct lang_build *b, char *arg)
{
	struct rule_base64_decode *d = LANG_NEW(b->arena, struct rule_base64_decode);
	struct rule_item *item, *base;
	struct build_list *list = &b->payload;
	char *part;

	if (b->npending)
		return lang_fail(b, "nothing is matched after the transforms before it");
	while (arg && (part = lang_next(&arg, ','))) {
		part = lang_trim(part);
		if (*part && base64_part(b, part, d) != ERR_OK)
			return ERR_INVALID;
	}
	if (build_settle(b) != ERR_OK)
		return ERR_INVALID;
	if (b->active || b->active_base64) {
		list = build_active_list(b);
	} else {
		base = build_last(
			b,
			BUILD_KIND(RULE_ITEM_CONTENT) | BUILD_KIND(RULE_ITEM_PCRE) |
				BUILD_KIND(RULE_ITEM_BYTE_TEST) | BUILD_KIND(RULE_ITEM_BYTE_JUMP) |
				BUILD_KIND(RULE_ITEM_BYTE_EXTRACT) | BUILD_KIND(RULE_ITEM_ISDATAAT),
			&list);
		if (!base)
			list = &b->payload;
	}
	if (!list)
		return ERR_INVALID;
	item = build_add(b, list, RULE_ITEM_BASE64_DECODE);
	item->base64_decode = d;
	b->flags |= BUILD_BASE64;
	return ERR_OK;
}

/* Whose frame it is: "tls.pdu" says so; "pdu" and "smb2.data" are of the rule's protocol. */
static const char *frame_app(struct lang_build *b, char **frame)
{
	char *dot = strchr(*frame, '.');

	if (dot) {
		*dot = '\0';
		if (lang_app_known(*frame)) {
			const char *app = *frame;

			*frame = dot + 1;
			return app;
		}
		*dot = '.';
	}
	if (b->app && strcmp(b->app, "http") == 0)
		return "http1";
	return b->app;
}

int kw_frame(struct lang_build *b, char *arg)
{
	char *frame = lang_trim(arg), name[64];
	const char *app = frame_app(b, &frame);

	if (!head_carries_apps(b))
		return lang_fail(b, "it goes only with rules on tcp and udp");
	if (!app)
		return lang_fail(b, "the rule's protocol does not say whose frame \"%s\" is",
				 frame);
	if (b->app && !lang_app_covers(b->app, app))
		return lang_fail(b, "it belongs to %s, but the rule is for %s", app, b->app);
	if (!lang_frame_known(app, frame) ||
	    !(strcmp(frame, "stream") == 0 ? head_has_tcp(b) : head_may_carry(b, app)))
		return lang_fail(b, "there is no frame %s of %s", frame, app);
	snprintf(name, sizeof(name), "frame:%s.%s", app, frame);
	if (!b->app && build_app(b, app) != ERR_OK)
		return ERR_INVALID;
	return build_activate(b, lang_buffer_find("frame"), name);
}

/* ---- transforms ---- */

int kw_transform(struct lang_build *b, char *arg)
{
	return build_add_transform(b, b->keyword->kind, SLICE("", 0));
}

int kw_xor(struct lang_build *b, char *arg)
{
	enum { KEY_MAX = 255 };
	size_t len = strlen(arg);
	uint8_t *key = lang_arena_take(b->arena, len / 2 + 1);

	if (len == 0 || len % 2 || len / 2 > KEY_MAX)
		return lang_fail(b, "the key must be 1 to %d bytes of two hexadecimal digits each",
				 KEY_MAX);
	for (size_t i = 0; i < len; i++) {
		int digit = lang_hex(arg[i]);

		if (digit < 0)
			return lang_fail(b, "%c is no hexadecimal digit", arg[i]);
		key[i / 2] = (uint8_t)(key[i / 2] << 4 | digit);
	}
	return build_add_transform(b, RULE_XFORM_XOR, SLICE(key, len / 2));
}

int kw_pcrexform(struct lang_build *b, char *arg)
{
	struct errmsg why = {""};
	struct lang_regex *re = lang_regex_compile_text(arg, 0, &why);
	uint32_t groups;

	if (!re)
		return lang_fail(b, "the expression is not valid: %s", why.text);
	groups = lang_regex_groups(re);
	lang_regex_free(re);
	if (groups != 1)
		return lang_fail(b, "the expression must have exactly one group, not %u", groups);
	return build_add_transform(b, RULE_XFORM_PCRE,
				   slice_of(lang_arena_text(b->arena, slice_of(arg))));
}

/* ---- the buffer as a whole ---- */

/* The number contents may not exceed: alone, behind "<" or the last of a range; not behind "<=". */
static int64_t most_bsize(const char *arg, const struct rule_uint *u)
{
	if (u->negated || u->max > INT32_MAX || strstr(arg, "<="))
		return -1;
	return (int64_t)u->max + (strpbrk(arg, "<-") != NULL);
}

int kw_bsize(struct lang_build *b, char *arg)
{
	struct rule_uint *u = LANG_NEW(b->arena, struct rule_uint);
	struct rule_item *item;

	if (!b->active && !b->active_base64)
		return lang_fail(b, "a sticky buffer must stand before it");
	if (kw_uint_arg(b, arg, 64, false, u) != ERR_OK)
		return ERR_INVALID;
	item = build_add_bytes(b, RULE_ITEM_BSIZE);
	if (!item)
		return ERR_INVALID;
	item->uint = u;
	if (!b->active_base64 && !b->cur->bsize_given) {
		b->cur->bsize_given = true;
		b->cur->bsize_most = most_bsize(arg, u);
	}
	return ERR_OK;
}

/* Suricata takes no notice of what stands behind the numbers of urilen. */
static char *cut_behind_numbers(char *s)
{
	static const char digits[] = "0123456789";
	char *end = s + strspn(s, "<>=! "), *second;

	if (!lang_digit(*end))
		return s;
	end += strspn(end, digits);
	second = end + strspn(end, " <>-");
	if (second > end && lang_digit(*second))
		end = second + strspn(second, digits);
	*end = '\0';
	return s;
}

int kw_urilen(struct lang_build *b, char *arg)
{
	struct rule_uint *u = LANG_NEW(b->arena, struct rule_uint);
	char *comma = strchr(arg, ',');
	const char *name = "http.uri";
	struct rule_item *item;

	if (comma) {
		*comma = '\0';
		if (strcmp(lang_trim(comma + 1), "raw") == 0)
			name = "http.uri.raw";
	}
	if (kw_uint_arg(b, cut_behind_numbers(lang_trim(arg)), 16, false, u) != ERR_OK)
		return ERR_INVALID;
	if (build_app(b, "http") != ERR_OK)
		return ERR_INVALID;
	item = build_add_to(b, lang_buffer_find(name), NULL, RULE_ITEM_URILEN);
	if (!item)
		return ERR_INVALID;
	item->uint = u;
	return ERR_OK;
}

static bool asn1_part(struct rule_asn1 *a, char *part)
{
	char *value = strpbrk(part, " \t");
	int64_t n;

	if (value)
		*value++ = '\0';
	if (!value) {
		a->bitstring |= strcmp(part, "bitstring_overflow") == 0;
		a->real |= strcmp(part, "double_overflow") == 0;
		return lang_one_of("bitstring_overflow|double_overflow", part);
	}
	if (!lang_i64(lang_trim(value), -UINT16_MAX, UINT32_MAX, &n))
		return false;
	if (strcmp(part, "oversize_length") == 0) {
		a->oversize = true;
		a->size = n < 0 ? 0 : (uint32_t)n;
		return true;
	}
	a->relative = strcmp(part, "relative_offset") == 0;
	a->offset = n;
	return a->relative || strcmp(part, "absolute_offset") == 0;
}

int kw_asn1(struct lang_build *b, char *arg)
{
	struct rule_asn1 *a = LANG_NEW(b->arena, struct rule_asn1);
	char *copy = lang_arena_text(b->arena, slice_of(arg)), *part;

	a->args = lang_arena_text(b->arena, slice_of(arg));
	while ((part = lang_next(&copy, ','))) {
		if (!asn1_part(a, lang_trim(part)))
			return lang_fail(
				b, "it needs bitstring_overflow, double_overflow, or "
				   "oversize_length, absolute_offset or relative_offset with a "
				   "number");
	}
	build_add(b, &b->packet, RULE_ITEM_ASN1)->asn1 = a;
	return ERR_OK;
}

#include "signatures/lang/kw.h"

#include <stdio.h>
#include <string.h>

#include "signatures/lang/events.h"
#include "signatures/lang/ip_protocols.h"
#include "signatures/lang/text.h"

/* Keywords on the packet's headers. */

static uint64_t width_max(uint8_t width)
{
	return width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
}

/* Reads digits at *s and moves it behind them and spaces. */
static bool digits(const char **s, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;
	const char *c = *s;

	while (*c == ' ')
		c++;
	if (!lang_digit(*c))
		return false;
	for (; lang_digit(*c); c++) {
		uint64_t digit = (uint64_t)(*c - '0');

		if (digit > max || value > (max - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	while (*c == ' ')
		c++;
	*s = c;
	*ret = value;
	return true;
}

/* <n, <=n, >n, >=n; a comparison that always or never holds is refused, as in Suricata. */
static bool compared(const char *s, struct rule_uint *ret, uint64_t top)
{
	bool less = *s == '<', equal = s[1] == '=';
	uint64_t n;

	s += equal ? 2 : 1;
	if (!digits(&s, top, &n) || *s)
		return false;
	if (less ? n == (equal ? top : 0) : n == (equal ? 0 : top))
		return false;
	if (less) {
		ret->min = 0;
		ret->max = equal ? n : n - 1;
	} else {
		ret->min = equal ? n : n + 1;
		ret->max = top;
	}
	return true;
}

static uint64_t unit(const char *s)
{
	if (strcasecmp(s, "kb") == 0)
		return UINT64_C(1) << 10;
	if (strcasecmp(s, "mb") == 0)
		return UINT64_C(1) << 20;
	return strcasecmp(s, "gb") == 0 ? UINT64_C(1) << 30 : 0;
}

bool kw_read_uint(const char *s, uint8_t width, bool units, struct rule_uint *ret)
{
	uint64_t top = width_max(width), first, last, factor;

	*ret = (struct rule_uint){.width = width};
	while (*s == ' ')
		s++;
	if (*s == '<' || *s == '>')
		return compared(s, ret, top);
	if (*s == '!' || *s == '=') {
		ret->negated = *s == '!';
		s += *s == '!' && s[1] == '=' ? 2 : 1;
		if (!digits(&s, top, &first) || *s)
			return false;
		ret->min = ret->max = first;
		return true;
	}
	if (!digits(&s, top, &first))
		return false;
	ret->min = ret->max = first;
	if (!*s)
		return true;
	factor = units ? unit(s) : 0;
	if (factor) {
		ret->min = ret->max = first * factor;
		return first <= top / factor;
	}
	if (*s == '-')
		s++;
	else if (strncmp(s, "<>", 2) == 0)
		s += 2;
	else
		return false;
	if (!digits(&s, top, &last) || *s || last <= first || last - first == 1)
		return false;
	ret->min = first + 1;
	ret->max = last - 1;
	return true;
}

int kw_packet_uint(struct lang_build *b, const struct rule_uint *u)
{
	struct rule_uint *own = LANG_NEW(b->arena, struct rule_uint);

	*own = *u;
	build_add(b, &b->packet, b->keyword->kind)->uint = own;
	if (b->keyword->kind != RULE_ITEM_ICMP_SEQ) /* as in Suricata */
		b->flags |= BUILD_NEED_PACKET;
	return ERR_OK;
}

int kw_uint_arg(struct lang_build *b, const char *arg, uint8_t width, bool units,
		struct rule_uint *ret)
{
	if (kw_read_uint(arg, width, units, ret))
		return ERR_OK;
	return lang_fail(b,
			 "it needs a number of %u bits, perhaps behind < > <= >= or !, or a range "
			 "like 1-9, that can both hold and fail, not \"%s\"",
			 width, arg);
}

static int packet_range(struct lang_build *b, const char *arg, uint8_t width)
{
	struct rule_uint u;

	if (kw_uint_arg(b, arg, width, false, &u) != ERR_OK)
		return ERR_INVALID;
	return kw_packet_uint(b, &u);
}

int kw_uint8(struct lang_build *b, char *arg)
{
	return packet_range(b, arg, 8);
}

int kw_uint16(struct lang_build *b, char *arg)
{
	return packet_range(b, arg, 16);
}

int kw_uint32(struct lang_build *b, char *arg)
{
	return packet_range(b, arg, 32);
}

/* A number alone, perhaps negated. */
static int plain(struct lang_build *b, const char *arg, uint8_t width, bool negated)
{
	struct rule_uint u = {.width = width, .negated = negated};

	if (!lang_u64(arg, 10, width_max(width), &u.min))
		return lang_fail(b, "it must be a number from 0 to %llu, not \"%s\"",
				 (unsigned long long)width_max(width), arg);
	u.max = u.min;
	return kw_packet_uint(b, &u);
}

int kw_plain_u32(struct lang_build *b, char *arg)
{
	return plain(b, lang_trim(arg), 32, false);
}

int kw_plain_u16(struct lang_build *b, char *arg)
{
	return plain(b, lang_trim(arg), 16, false);
}

int kw_window(struct lang_build *b, char *arg)
{
	bool negated;

	arg = lang_trim(arg);
	negated = *arg == '!';
	return plain(b, lang_trim(arg + negated), 16, negated);
}

/* Decimal, or hexadecimal behind an x. */
int kw_tos(struct lang_build *b, char *arg)
{
	struct rule_uint u = {.width = 8};

	arg = lang_trim(arg);
	u.negated = b->negated || *arg == '!';
	if (*arg == '!')
		arg = lang_trim(arg + 1);
	if (!lang_u64(*arg == 'x' ? arg + 1 : arg, *arg == 'x' ? 16 : 10, 255, &u.min))
		return lang_fail(b,
				 "it must be a number from 0 to 255 (x and hexadecimal digits, or "
				 "decimal), not \"%s\"",
				 arg);
	u.max = u.min;
	return kw_packet_uint(b, &u);
}

int kw_fragoffset(struct lang_build *b, char *arg)
{
	struct rule_uint u = {.width = 16};
	char sign;

	arg = lang_trim(arg);
	sign = *arg == '<' || *arg == '>' ? *arg : '=';
	if (!lang_u64(lang_trim(arg + (sign != '=')), 10, UINT16_MAX, &u.min))
		return lang_fail(b,
				 "it must be a number from 0 to 65535, perhaps behind < or >, not "
				 "\"%s\"",
				 arg);
	u.max = u.min;
	if (sign == '<') {
		u.min = 0;
		u.negated = u.max == 0; /* never */
		u.max = u.max ? u.max - 1 : UINT16_MAX;
	} else if (sign == '>') {
		u.max = UINT16_MAX;
		u.negated = u.min == UINT16_MAX;
		u.min = u.negated ? 0 : u.min + 1;
	}
	return kw_packet_uint(b, &u);
}

/* ---- ip_proto ---- */

static bool protocol_number(const char *text, uint64_t *ret)
{
	if (lang_digit(*text))
		return lang_u64(text, 10, 255, ret);
	return lang_ip_protocol(text, ret);
}

/* Which kinds of comparison of ip_proto can stand beside each other. */
static int check_beside(struct lang_build *b, const struct rule_uint *u, char sign)
{
	for (uint32_t i = 0; i < b->packet.count; i++) {
		const struct rule_uint *o = b->packet.items[i].uint;
		bool one = b->packet.items[i].kind == RULE_ITEM_IP_PROTO;
		bool o_equal, o_less, o_greater;

		if (!one)
			continue;
		o_equal = o->min == o->max && !o->negated;
		o_less = !o_equal && o->min == 0 && !o->negated;
		o_greater = !o_equal && o->max == 255 && !o->negated;
		if (sign == '=' || o_equal)
			return lang_fail(b, "a number without operator can stand beside no other "
					    "ip_proto");
		if ((sign == '<' && o_less) || (sign == '>' && o_greater))
			return lang_fail(b, "%c is given twice", sign);
		if ((sign == '<' && o_greater && o->min > u->max) ||
		    (sign == '>' && o_less && u->min > o->max))
			return lang_fail(b, "no protocol is left");
	}
	return ERR_OK;
}

int kw_ip_proto(struct lang_build *b, char *arg)
{
	struct rule_uint u = {.width = 8};
	char sign;

	arg = lang_trim(arg);
	sign = strchr("<>!", *arg) ? *arg : '=';
	if (!protocol_number(lang_trim(arg + (sign != '=')), &u.min))
		return lang_fail(b, "\"%s\" is no IP protocol (a number from 0 to 255 or a name)",
				 arg);
	if (!b->proto.any)
		return lang_fail(b, "it goes only with the rule protocol ip");
	u.max = u.min;
	u.negated = sign == '!';
	if (sign == '<') {
		u.negated = u.min == 0;
		u.max = u.min ? u.min - 1 : 255;
		u.min = 0;
	} else if (sign == '>') {
		u.negated = u.min == 255;
		u.min = u.negated ? 0 : u.min + 1;
		u.max = 255;
	}
	if (check_beside(b, &u, sign) != ERR_OK)
		return ERR_INVALID;
	return kw_packet_uint(b, &u);
}

/* ---- bits ---- */

int kw_ipopts(struct lang_build *b, char *arg)
{
	static const char *const names[] = {
		[RULE_IPOPT_RR] = "rr",	      [RULE_IPOPT_LSRR] = "lsrr",
		[RULE_IPOPT_EOL] = "eol",     [RULE_IPOPT_NOP] = "nop",
		[RULE_IPOPT_TS] = "ts",	      [RULE_IPOPT_SEC] = "sec",
		[RULE_IPOPT_ESEC] = "esec",   [RULE_IPOPT_SSRR] = "ssrr",
		[RULE_IPOPT_SATID] = "satid", [RULE_IPOPT_ANY] = "any",
	};

	arg = lang_trim(arg);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (lang_eq_nocase(names[i], arg)) {
			build_add(b, &b->packet, RULE_ITEM_IPOPTS)->ipopt = (enum rule_ipopt)i;
			b->flags |= BUILD_NEED_PACKET;
			return ERR_OK;
		}
	}
	return lang_fail(b, "\"%s\" is no IP option it knows", arg);
}

/* +, * or ! before or behind the letters. */
static bool bits_mode(char c, enum rule_bits_mode *mode)
{
	if (!c || !strchr("+*!", c))
		return false;
	*mode = c == '+' ? RULE_BITS_ALL : c == '*' ? RULE_BITS_ANY : RULE_BITS_NOT;
	return true;
}

/* Letters as bits; -1 when one is not among them. */
static int letter_bits(const char *text, const char *letters, const uint8_t *values)
{
	int bits = 0;

	for (; *text; text++) {
		const char *at = strchr(letters, *text);

		if (!at)
			return -1;
		bits |= values[at - letters];
	}
	return bits;
}

static int add_bits(struct lang_build *b, const struct rule_bits *bits)
{
	struct rule_bits *own = LANG_NEW(b->arena, struct rule_bits);

	*own = *bits;
	build_add(b, &b->packet, b->keyword->kind)->bits = own;
	b->flags |= BUILD_NEED_PACKET;
	return ERR_OK;
}

int kw_fragbits(struct lang_build *b, char *arg)
{
	static const uint8_t values[] = {1, 2, 4, 0, 0};
	struct rule_bits bits = {.mode = RULE_BITS_EXACT};
	char *s = lang_trim(arg);
	size_t len;
	int n;

	if (bits_mode(*s, &bits.mode))
		s++;
	len = strlen(s);
	if (len && bits_mode(s[len - 1], &bits.mode))
		s[len - 1] = '\0';
	n = *s ? letter_bits(s, "MDR ,", values) : -1;
	if (n < 0)
		return lang_fail(b, "it needs letters of M, D and R, perhaps with one of + * !");
	bits.bits = (uint8_t)n;
	return add_bits(b, &bits);
}

int kw_tcp_flags(struct lang_build *b, char *arg)
{
	static const char letters[] = "FSRPAUECK210";
	static const uint8_t values[] = {1, 2, 4, 8, 16, 32, 64, 128, 128, 64, 128, 0};
	struct rule_bits bits = {.mode = RULE_BITS_EXACT};
	char *s = lang_trim(arg), *comma = strchr(s, ','), flags[64];
	unsigned modes = 0;
	size_t len = 0;
	int n, ignored = 0;

	if (comma) {
		*comma = '\0';
		comma = lang_trim(comma + 1);
		ignored = *comma && !strchr(comma, '0') ? letter_bits(comma, letters, values) : -1;
	}
	for (s = lang_trim(s); *s && len + 1 < sizeof(flags); s++) {
		if (bits_mode(*s, &bits.mode))
			modes++;
		else if (*s != ' ' || len)
			flags[len++] = *s;
	}
	flags[len] = '\0';
	n = len && !*s && !strchr(flags, 'K') ? letter_bits(flags, letters, values) : -1;
	if (n < 0 || ignored < 0)
		return lang_fail(
			b, "it needs letters of F S R P A U E C 1 2 or 0, perhaps with one of "
			   "+ * !, then perhaps a comma and letters to ignore");
	if (modes > 1)
		return lang_fail(b, "only one of + * ! can stand there");
	bits.bits = (uint8_t)n;
	bits.ignored = (uint8_t)ignored;
	return add_bits(b, &bits);
}

/* ---- others ---- */

int kw_sameip(struct lang_build *b, char *arg)
{
	build_add(b, &b->packet, RULE_ITEM_SAMEIP);
	b->flags |= BUILD_NEED_PACKET;
	return ERR_OK;
}

/* The number that Suricata checks contents against: behind "<", the last of a range, or alone,
 * where it takes no notice of a "!"; not behind "<=". */
static int64_t most_dsize(const char *arg)
{
	const char *last = arg + strcspn(arg, "-<>"), *digits;
	uint64_t n = 0;

	arg += strspn(arg, " ");
	if (*arg == '>' || strncmp(arg, "<=", 2) == 0)
		return -1;
	digits = *last ? last : arg;
	digits += strspn(digits, " <>-!=");
	for (; lang_digit(*digits); digits++)
		n = n * 10 + (uint64_t)(*digits - '0');
	return (int64_t)n;
}

int kw_dsize(struct lang_build *b, char *arg)
{
	if (b->flags & BUILD_DSIZE)
		return lang_fail(b, "it was given before");
	b->flags |= BUILD_DSIZE;
	if (packet_range(b, arg, 16) != ERR_OK)
		return ERR_INVALID;
	b->dsize_most = most_dsize(arg);
	return ERR_OK;
}

int kw_csum(struct lang_build *b, char *arg)
{
	struct rule_csum *c = LANG_NEW(b->arena, struct rule_csum);
	size_t len;

	arg = lang_trim(arg);
	len = strlen(arg);
	if (len > 1 && *arg == '"' && arg[len - 1] == '"') {
		arg[len - 1] = '\0';
		arg++;
	}
	c->layer = b->keyword->detail;
	c->valid = lang_eq_nocase(arg, "valid");
	if (!c->valid && !lang_eq_nocase(arg, "invalid"))
		return lang_fail(b, "it must be valid or invalid, not \"%s\"", arg);
	build_add(b, &b->packet, RULE_ITEM_CSUM)->csum = c;
	return ERR_OK;
}

int kw_l3_proto(struct lang_build *b, char *arg)
{
	struct rule_named *n = LANG_NEW(b->arena, struct rule_named);

	arg = lang_trim(arg);
	if (lang_eq_nocase(arg, "ipv4") || lang_eq_nocase(arg, "ip4"))
		n->name = "ipv4";
	else if (lang_eq_nocase(arg, "ipv6") || lang_eq_nocase(arg, "ip6"))
		n->name = "ipv6";
	else
		return lang_fail(b, "it must be ipv4 or ipv6, not \"%s\"", arg);
	if (b->rule->proto.layer == RULE_LAYER_IPV6)
		return lang_fail(b, "the rule's protocol says it already");
	build_add(b, &b->packet, RULE_ITEM_L3_PROTO)->named = n;
	return ERR_OK;
}

int kw_rpc(struct lang_build *b, char *arg)
{
	struct rule_rpc *r = LANG_NEW(b->arena, struct rule_rpc);
	struct rule_value *values[] = {&r->version, &r->procedure};
	char *args[3];
	unsigned n = lang_split(arg, ',', args, 3);
	bool ok = n <= 3 && lang_u32(args[0], &r->program);

	for (unsigned i = 1; ok && i < n; i++) {
		uint32_t number;

		if (strcmp(args[i], "*") == 0)
			continue;
		ok = lang_u32(args[i], &number);
		*values[i - 1] = (struct rule_value){.number = number, .set = true};
	}
	if (!ok)
		return lang_fail(b, "it needs a program number, then perhaps a version and a "
				    "procedure, each a number or *");
	build_add(b, &b->packet, RULE_ITEM_RPC)->rpc = r;
	b->flags |= BUILD_NEED_PACKET;
	return ERR_OK;
}

int kw_stream_size(struct lang_build *b, char *arg)
{
	static const char *const sides[] = {[RULE_SIDE_CLIENT] = "client",
					    [RULE_SIDE_SERVER] = "server",
					    [RULE_SIDE_BOTH] = "both",
					    [RULE_SIDE_EITHER] = "either"};
	struct rule_stream_size *s = LANG_NEW(b->arena, struct rule_stream_size);
	char *args[3], compare[32];
	size_t side = ARRAY_SIZE(sides);
	uint32_t n;
	bool ok;

	if (lang_split(arg, ',', args, 3) != 3)
		return lang_fail(b,
				 "it needs a side, an operator and a number, with commas between");
	for (side = 0; side < ARRAY_SIZE(sides) && strcmp(sides[side], args[0]) != 0; side++)
		;
	ok = lang_one_of("<|>|=|!=|<=|>=", args[1]) && lang_u32(args[2], &n);
	if (side == ARRAY_SIZE(sides) || !ok)
		return lang_fail(b,
				 "it needs client, server, both or either, one of < > = != <= >=, "
				 "and a number of 32 bits");
	s->side = (enum rule_side)side;
	snprintf(compare, sizeof(compare), "%s%u", args[1], n);
	if (!kw_read_uint(compare, 32, false, &s->size)) { /* always or never holds */
		bool always = strchr(args[1], '=') != NULL;

		s->size = (struct rule_uint){0, UINT32_MAX, 32, !always, 0};
	}
	build_add(b, &b->packet, RULE_ITEM_STREAM_SIZE)->stream_size = s;
	return ERR_OK;
}

int kw_decode_event(struct lang_build *b, char *arg)
{
	struct rule_named *n = LANG_NEW(b->arena, struct rule_named);
	bool stream = b->keyword->kind == RULE_ITEM_STREAM_EVENT;
	enum rule_item_kind kind = b->keyword->kind;
	char name[128];

	/* engine-event takes both, with the prefix written out */
	if (!b->keyword->detail && strncmp(arg, "stream.", 7) == 0) {
		kind = RULE_ITEM_STREAM_EVENT;
		stream = true;
		arg += 7;
	} else if (!b->keyword->detail) {
		if (strncmp(arg, "decoder.", 8) != 0)
			return lang_fail(b, "there is no event %s", arg);
		arg += 8;
	}
	snprintf(name, sizeof(name), "%s", arg);
	for (char *c = name; *c; c++)
		*c = (char)ascii_lower((uint8_t)*c);
	if (!lang_event_known(stream ? "stream" : "decoder", name))
		return lang_fail(b, "there is no event %s", arg);
	n->name = lang_arena_intern(b->arena, slice_of(name));
	build_add(b, &b->packet, kind)->named = n;
	return ERR_OK;
}

int kw_mark(struct lang_build *b, char *arg)
{
	struct rule_mark *m = LANG_NEW(b->arena, struct rule_mark);
	char *args[2];
	int64_t mark, mask;

	if (lang_split(arg, '/', args, 2) != 2 || !lang_number(args[0], 0, INT64_MAX, &mark) ||
	    !lang_number(args[1], 0, INT64_MAX, &mask))
		return lang_fail(b, "it needs a mark, a / and a mask");
	m->mark = mark > UINT32_MAX ? UINT32_MAX : (uint32_t)mark;
	m->mask = mask > UINT32_MAX ? UINT32_MAX : (uint32_t)mask;
	build_add(b, &b->post, RULE_ITEM_MARK)->mark = m;
	return ERR_OK;
}

#include "signatures/lang/kw.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "signatures/lang/text.h"

/* byte_test, byte_jump, byte_extract, byte_math, isdataat. */

#define PLACED (BUILD_KIND(RULE_ITEM_CONTENT) | BUILD_KIND(RULE_ITEM_PCRE))
#define ANY_BYTES                                                                                  \
	(PLACED | BUILD_KIND(RULE_ITEM_BYTE_TEST) | BUILD_KIND(RULE_ITEM_BYTE_JUMP) |              \
	 BUILD_KIND(RULE_ITEM_BYTE_EXTRACT) | BUILD_KIND(RULE_ITEM_BYTE_MATH) |                    \
	 BUILD_KIND(RULE_ITEM_ISDATAAT))

enum {
	ARGS_MAX = 12,
	BINARY_MAX = 8,	 /* bytes of a binary number */
	STRING_MAX = 23, /* of one as text: octal with its leading zero */
};

/* Words that say how bytes become a number. */
struct reading {
	bool relative, string, big, little, dce, based;
	enum rule_base base;
};

static enum rule_endian endian_of(const struct reading *r)
{
	if (r->dce)
		return RULE_ENDIAN_DCE;
	return r->little ? RULE_ENDIAN_LITTLE : RULE_ENDIAN_BIG;
}

static enum rule_base base_of(const struct reading *r, enum rule_base unsaid)
{
	if (!r->string)
		return RULE_BASE_BINARY;
	return r->based ? r->base : unsaid;
}

/* True when the word is one of them; then ret has it. */
static bool read_word(const char *word, bool any_case, struct reading *ret)
{
	static const struct {
		const char *word;
		enum rule_base base;
	} bases[] = {{"dec", RULE_BASE_DEC}, {"hex", RULE_BASE_HEX}, {"oct", RULE_BASE_OCT}};
	int (*compare)(const char *, const char *) = any_case ? strcasecmp : strcmp;

	for (size_t i = 0; i < ARRAY_SIZE(bases); i++) {
		if (compare(word, bases[i].word) == 0) {
			ret->based = true;
			ret->base = bases[i].base;
			return true;
		}
	}
	if (strcmp(word, "relative") == 0)
		ret->relative = true;
	else if (compare(word, "string") == 0)
		ret->string = true;
	else if (compare(word, "big") == 0)
		ret->big = true, ret->little = false;
	else if (compare(word, "little") == 0)
		ret->little = true;
	else if (compare(word, "dce") == 0)
		ret->dce = true;
	else
		return false;
	return true;
}

/* The argument of "word value"; NULL when it is another word. */
static char *value_of(char *text, const char *word)
{
	size_t len = strlen(word);

	if (strncasecmp(text, word, len) != 0 || (text[len] && !lang_space(text[len])))
		return NULL;
	return lang_trim(text + len);
}

/* What all of them have in common: where the item goes, and dcerpc when it says dce. */
static struct rule_item *add(struct lang_build *b, enum rule_item_kind kind, bool relative,
			     bool dce)
{
	struct rule_item *base = NULL;
	struct build_list *list = &b->payload;

	if (b->active || b->active_base64) {
		if (build_settle(b) != ERR_OK)
			return NULL;
		if (relative)
			base = build_last(b, PLACED, NULL);
		list = build_active_list(b);
	} else if (relative) {
		base = build_last(b, ANY_BYTES, &list);
	}
	if (!list || (dce && build_app(b, "dcerpc") != ERR_OK))
		return NULL;
	if (base)
		build_mark_relative(base);
	if (kind == RULE_ITEM_BYTE_MATH && relative && b->active && !base) {
		lang_fail(b, "relative needs a content or pcre before it in the same buffer");
		return NULL;
	}
	return build_add(b, list, kind);
}

/* A count of bytes: a number or a variable. */
static int read_nbytes(struct lang_build *b, const char *text, bool string, struct rule_value *ret)
{
	uint64_t n;

	if (lang_alpha(*text))
		return build_value(b, text, ret);
	if (!lang_u64(text, 10, UINT32_MAX, &n))
		return lang_fail(b, "\"%s\" is no number of bytes", text);
	if (n > (string ? STRING_MAX : BINARY_MAX))
		return lang_fail(b, "%llu bytes are more than %d, which is the most %s \"string\"",
				 (unsigned long long)n, string ? STRING_MAX : BINARY_MAX,
				 string ? "with" : "without");
	*ret = (struct rule_value){.number = (int64_t)n, .set = true};
	return ERR_OK;
}

static int read_offset(struct lang_build *b, char *text, int64_t max, struct rule_value *ret)
{
	if (max == INT32_MAX &&
	    !lang_alpha(*text)) /* byte_test: what stands behind does not matter */
		lang_cut_number(text);
	if (build_value(b, text, ret) != ERR_OK)
		return ERR_INVALID;
	if (!ret->var && (ret->number < -max || ret->number > max))
		return lang_fail(b, "the offset %s is out of range", text);
	return ERR_OK;
}

static uint8_t trailing_zeros(uint64_t mask)
{
	return mask ? (uint8_t)__builtin_ctzll(mask) : 0;
}

static int read_mask(struct lang_build *b, char *text, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(text, &end, 16);
	if (end == text || errno || *ret > UINT32_MAX || *text == '-')
		return lang_fail(b, "\"%s\" is no mask of at most 32 bits in hexadecimal", text);
	return ERR_OK;
}

/* ---- byte_test ---- */

static int read_operator(struct lang_build *b, char *text, struct rule_byte_test *t)
{
	static const struct {
		const char *text;
		enum rule_compare op;
	} ops[] = {{"=", RULE_CMP_EQ},	{"<", RULE_CMP_LT},  {">", RULE_CMP_GT},
		   {"<=", RULE_CMP_LE}, {">=", RULE_CMP_GE}, {"&", RULE_CMP_AND},
		   {"^", RULE_CMP_OR}};

	if (*text == '!') {
		t->negated = true;
		text = lang_trim(text + 1);
		if (!*text)
			return ERR_OK; /* EQ */
	}
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		if (strcmp(ops[i].text, text) == 0) {
			t->op = ops[i].op;
			return ERR_OK;
		}
	}
	return lang_fail(b, "\"%s\" is no operator; =, !=, <, >, <=, >=, & and ^ are", text);
}

/* Unsigned, 64 bits, as strtoull with base 0: a minus wraps. */
static int read_operand(struct lang_build *b, const char *text, struct rule_value *ret)
{
	char *end;

	if (lang_alpha(*text))
		return build_value(b, text, ret);
	errno = 0;
	*ret = (struct rule_value){.set = true, .number = (int64_t)strtoull(text, &end, 0)};
	if (end == text || errno) /* what stands behind the number does not matter there */
		return lang_fail(b, "\"%s\" is no number of 64 bits", text);
	return ERR_OK;
}

static int test_options(struct lang_build *b, char **args, unsigned n, struct reading *r,
			struct rule_byte_test *t)
{
	for (unsigned i = 0; i < n; i++) {
		char *mask = value_of(args[i], "bitmask");

		if (mask) {
			t->masked = true;
			if (read_mask(b, mask, &t->bitmask) != ERR_OK)
				return ERR_INVALID;
			t->shift = trailing_zeros(t->bitmask);
		} else if (!read_word(args[i], false, r)) {
			return lang_fail(b, "\"%s\" is no option of it", args[i]);
		}
	}
	if (r->based && !r->string)
		return lang_fail(b, "a base needs \"string\"");
	if (r->dce && (r->string || r->based || r->big || r->little))
		return lang_fail(b, "dce does not go together with string, a base, big or little");
	t->relative = r->relative;
	t->base = base_of(r, RULE_BASE_AUTO);
	t->endian = endian_of(r);
	return ERR_OK;
}

/* A part of two words, other than the operator behind its ! and bitmask with its number. */
static bool has_blank(char **args, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		char *mask = i >= 4 ? value_of(args[i], "bitmask") : NULL;
		const char *s = mask ? mask : args[i];

		if (i == 1 && *s == '!')
			s = lang_trim(args[i] + 1);
		if (strpbrk(s, " \t"))
			return true;
	}
	return false;
}

int kw_byte_test(struct lang_build *b, char *arg)
{
	struct rule_byte_test *t = LANG_NEW(b->arena, struct rule_byte_test);
	struct reading r = {0};
	struct rule_item *item;
	char *args[ARGS_MAX];
	unsigned n = lang_split(arg, ',', args, ARGS_MAX);

	if (n < 4 || n > ARGS_MAX || has_blank(args, n))
		return lang_fail(b,
				 "it needs a number of bytes, an operator, a value and an offset, "
				 "then options, with commas between");
	if (read_operator(b, args[1], t) != ERR_OK || read_operand(b, args[2], &t->operand) ||
	    test_options(b, args + 4, n - 4, &r, t) != ERR_OK ||
	    read_nbytes(b, args[0], r.string, &t->nbytes) != ERR_OK ||
	    read_offset(b, args[3], INT32_MAX, &t->offset) != ERR_OK)
		return ERR_INVALID;
	item = add(b, RULE_ITEM_BYTE_TEST, r.relative, r.dce);
	if (!item)
		return ERR_INVALID;
	item->byte_test = t;
	return ERR_OK;
}

/* ---- byte_jump ---- */

static int jump_option(struct lang_build *b, char *word, struct reading *r,
		       struct rule_byte_jump *j)
{
	char *value;
	uint64_t n;

	if ((value = value_of(word, "multiplier"))) {
		if (!lang_u64(value, 10, UINT16_MAX, &n) || n == 0)
			return lang_fail(b, "the multiplier must be 1 to 65535, not \"%s\"", value);
		j->multiplier = (uint32_t)n;
	} else if ((value = value_of(word, "post_offset"))) {
		if (!lang_i64(value, -UINT16_MAX, UINT16_MAX, &j->post_offset))
			return lang_fail(b, "post_offset must be -65535 to 65535, not \"%s\"",
					 value);
	} else if (strcasecmp(word, "from_beginning") == 0) {
		j->from_beginning = true;
	} else if (strcasecmp(word, "from_end") == 0) {
		j->from_end = true;
	} else if (strcasecmp(word, "align") == 0) {
		j->align = true;
	} else if (!read_word(word, true, r)) {
		return lang_fail(b, "\"%s\" is no option of it", word);
	}
	return ERR_OK;
}

static int jump_check(struct lang_build *b, const struct reading *r, struct rule_byte_jump *j)
{
	if (j->from_beginning && j->from_end)
		return lang_fail(b, "from_beginning and from_end do not go together");
	if (r->based && !r->string)
		return lang_fail(b, "a base needs \"string\"");
	if (r->dce && (r->string || r->big || r->little || j->from_beginning || j->from_end))
		return lang_fail(b, "dce does not go together with string, big, little, "
				    "from_beginning or from_end");
	j->relative = r->relative;
	j->base = base_of(r, RULE_BASE_AUTO);
	j->endian = endian_of(r);
	return ERR_OK;
}

int kw_byte_jump(struct lang_build *b, char *arg)
{
	struct rule_byte_jump *j = LANG_NEW(b->arena, struct rule_byte_jump);
	struct reading r = {0};
	struct rule_item *item;
	char *args[ARGS_MAX];
	unsigned n = lang_split(arg, ',', args, ARGS_MAX);

	if (n < 2 || n > ARGS_MAX)
		return lang_fail(b, "it needs a number of bytes and an offset, then options, with "
				    "commas between");
	j->multiplier = 1;
	for (unsigned i = 2; i < n; i++) {
		if (jump_option(b, args[i], &r, j) != ERR_OK)
			return ERR_INVALID;
	}
	if (jump_check(b, &r, j) != ERR_OK ||
	    read_nbytes(b, args[0], r.string, &j->nbytes) != ERR_OK ||
	    read_offset(b, args[1], UINT16_MAX, &j->offset) != ERR_OK)
		return ERR_INVALID;
	item = add(b, RULE_ITEM_BYTE_JUMP, r.relative, r.dce);
	if (!item)
		return ERR_INVALID;
	item->byte_jump = j;
	return ERR_OK;
}

/* ---- byte_extract ---- */

/* Each option only once; the base behind "string". */
static int extract_option(struct lang_build *b, char *word, struct reading *r,
			  struct rule_byte_extract *x)
{
	struct reading before = *r;
	bool base = false;
	char *value;
	uint64_t n;

	if ((value = value_of(word, "multiplier"))) {
		if (x->multiplier > 0)
			return lang_fail(b, "multiplier is given twice");
		if (!lang_u64(value, 10, UINT16_MAX, &n) || n == 0)
			return lang_fail(b, "the multiplier must be 1 to 65535, not \"%s\"", value);
		x->multiplier = (uint32_t)n;
		return ERR_OK;
	}
	if ((value = value_of(word, "align"))) {
		if (x->align > 0)
			return lang_fail(b, "align is given twice");
		if (strcmp(value, "2") != 0 && strcmp(value, "4") != 0)
			return lang_fail(b, "align must be 2 or 4, not \"%s\"", value);
		x->align = (uint8_t)(*value - '0');
		return ERR_OK;
	}
	if (!read_word(word, false, r))
		return lang_fail(b, "\"%s\" is no option of it", word);
	base = strcmp(word, "dec") == 0 || strcmp(word, "hex") == 0 || strcmp(word, "oct") == 0;
	if (base && !before.string)
		return lang_fail(b, "a base needs \"string\" before it");
	if ((base && before.based) || (r->relative && before.relative && *word == 'r') ||
	    (before.string && *word == 's') ||
	    ((before.big || before.little || before.dce) && strchr("bl", *word)) ||
	    ((before.big || before.little || before.dce) && strcmp(word, "dce") == 0))
		return lang_fail(b, "%s is given twice or contradicts an option before it", word);
	return ERR_OK;
}

static int extract_check(struct lang_build *b, const struct reading *r, struct rule_byte_extract *x)
{
	static const uint8_t most[] = {[RULE_BASE_BINARY] = 8,
				       [RULE_BASE_DEC] = 20,
				       [RULE_BASE_HEX] = 14,
				       [RULE_BASE_OCT] = 23};

	if (r->string && (r->big || r->little || r->dce))
		return lang_fail(b, "string does not go together with big, little or dce");
	x->relative = r->relative;
	x->base = base_of(r, RULE_BASE_DEC);
	x->endian = endian_of(r);
	if (x->nbytes > most[x->base])
		return lang_fail(b, "%u bytes are more than %u, which is the most for this form",
				 x->nbytes, most[x->base]);
	return ERR_OK;
}

static int add_var(struct lang_build *b, const char *name, uint8_t *ret)
{
	int at = build_var_add(b, name);

	if (at < 0)
		return ERR_INVALID;
	*ret = (uint8_t)at;
	return ERR_OK;
}

int kw_byte_extract(struct lang_build *b, char *arg)
{
	struct rule_byte_extract *x = LANG_NEW(b->arena, struct rule_byte_extract);
	struct reading r = {0};
	struct rule_item *item;
	char *args[ARGS_MAX];
	unsigned n = lang_split(arg, ',', args, ARGS_MAX);
	uint64_t nbytes;

	if (n < 3 || n > ARGS_MAX || !*args[2] || strpbrk(args[2], " \t"))
		return lang_fail(b,
				 "it needs a number of bytes, an offset and a name, then options, "
				 "with commas between");
	if (!lang_u64(args[0], 10, UINT8_MAX, &nbytes))
		return lang_fail(b, "\"%s\" is no number of bytes", args[0]);
	if (!lang_i64(args[1], -UINT16_MAX, UINT16_MAX, &x->offset))
		return lang_fail(b, "the offset must be -65535 to 65535, not \"%s\"", args[1]);
	x->nbytes = (uint8_t)nbytes;
	for (unsigned i = 3; i < n; i++) {
		if (extract_option(b, args[i], &r, x) != ERR_OK)
			return ERR_INVALID;
	}
	if (x->multiplier == 0)
		x->multiplier = 1;
	if (extract_check(b, &r, x) != ERR_OK || add_var(b, args[2], &x->result) != ERR_OK)
		return ERR_INVALID;
	item = add(b, RULE_ITEM_BYTE_EXTRACT, r.relative, r.dce);
	if (!item)
		return ERR_INVALID;
	item->byte_extract = x;
	return ERR_OK;
}

/* ---- byte_math ---- */

enum math_part {
	MATH_BYTES,
	MATH_OFFSET,
	MATH_OPER,
	MATH_RVALUE,
	MATH_RESULT, /* these five are needed */
	MATH_ENDIAN,
	MATH_STRING,
	MATH_BITMASK,
	MATH_RELATIVE,
	MATH_DCE,
	MATH_PARTS
};

static const char *const math_words[MATH_PARTS] = {"bytes",    "offset", "oper",   "rvalue",
						   "result",   "endian", "string", "bitmask",
						   "relative", "dce"};

/* The parts as texts, each at most once. */
static int math_parts(struct lang_build *b, char *arg, char *parts[MATH_PARTS])
{
	char *piece;

	while ((piece = lang_next(&arg, ','))) {
		enum math_part p;

		piece = lang_trim(piece);
		for (p = 0; p < MATH_PARTS; p++) {
			size_t len = strlen(math_words[p]);

			if (strncmp(piece, math_words[p], len) == 0 &&
			    (!piece[len] || lang_blank(piece[len])))
				break;
		}
		if (p == MATH_PARTS)
			return lang_fail(b, "\"%s\" is no option of it", piece);
		if (parts[p])
			return lang_fail(b, "%s is given twice", math_words[p]);
		parts[p] = lang_trim(piece + strlen(math_words[p]));
		if ((p < MATH_RELATIVE) != (*parts[p] != '\0'))
			return lang_fail(b, "%s %s a value", math_words[p],
					 p < MATH_RELATIVE ? "needs" : "has no");
	}
	for (enum math_part p = 0; p < MATH_ENDIAN; p++) {
		if (!parts[p])
			return lang_fail(b,
					 "%s is missing; it needs bytes, offset, oper, rvalue and "
					 "result",
					 math_words[p]);
	}
	return ERR_OK;
}

static int math_form(struct lang_build *b, char *const parts[MATH_PARTS], struct rule_byte_math *m)
{
	static const char *const opers[] = {
		[RULE_MATH_ADD] = "+", [RULE_MATH_SUB] = "-",  [RULE_MATH_MUL] = "*",
		[RULE_MATH_DIV] = "/", [RULE_MATH_SHL] = "<<", [RULE_MATH_SHR] = ">>"};
	static const char *const bases[] = {
		[RULE_BASE_DEC] = "dec", [RULE_BASE_HEX] = "hex", [RULE_BASE_OCT] = "oct"};
	size_t op, base = RULE_BASE_BINARY;

	for (op = 0; op < ARRAY_SIZE(opers) && strcmp(opers[op], parts[MATH_OPER]) != 0; op++)
		;
	if (op == ARRAY_SIZE(opers))
		return lang_fail(b, "\"%s\" is no operator; +, -, *, /, << and >> are",
				 parts[MATH_OPER]);
	m->op = (enum rule_math)op;
	if (parts[MATH_STRING]) {
		for (base = RULE_BASE_DEC;
		     base < ARRAY_SIZE(bases) && strcmp(bases[base], parts[MATH_STRING]) != 0;
		     base++)
			;
		if (base == ARRAY_SIZE(bases))
			return lang_fail(b, "string must be dec, hex or oct, not \"%s\"",
					 parts[MATH_STRING]);
	}
	m->base = (enum rule_base)base;
	if (parts[MATH_DCE] || (parts[MATH_ENDIAN] && strcmp(parts[MATH_ENDIAN], "dce") == 0))
		return lang_fail(b, "Suricata 7 accepts no byte_math with dce");
	if (parts[MATH_ENDIAN] && strcmp(parts[MATH_ENDIAN], "big") != 0 &&
	    strcmp(parts[MATH_ENDIAN], "little") != 0)
		return lang_fail(b, "endian must be big or little, not \"%s\"", parts[MATH_ENDIAN]);
	m->endian = parts[MATH_ENDIAN] && *parts[MATH_ENDIAN] == 'l' ? RULE_ENDIAN_LITTLE
								     : RULE_ENDIAN_BIG;
	return ERR_OK;
}

static int math_values(struct lang_build *b, char *const parts[MATH_PARTS],
		       struct rule_byte_math *m)
{
	uint64_t n;

	if (lang_u64(parts[MATH_BYTES], 10, UINT32_MAX, &n)) {
		if (n < 1 || n > 10)
			return lang_fail(b, "bytes must be 1 to 10, not %s", parts[MATH_BYTES]);
		m->nbytes = (struct rule_value){.number = (int64_t)n, .set = true};
	} else if (build_value(b, parts[MATH_BYTES], &m->nbytes) != ERR_OK) {
		return ERR_INVALID;
	}
	if (!lang_i64(parts[MATH_OFFSET], -UINT16_MAX, UINT16_MAX, &m->offset))
		return lang_fail(b, "offset must be -65535 to 65535, not \"%s\"",
				 parts[MATH_OFFSET]);
	if (lang_digit(*parts[MATH_RVALUE])) {
		if (!lang_u64(parts[MATH_RVALUE], 10, UINT32_MAX, &n))
			return lang_fail(b,
					 "rvalue must be a number of 32 bits or a byte variable, "
					 "not \"%s\"",
					 parts[MATH_RVALUE]);
		m->rvalue = (struct rule_value){.number = (int64_t)n, .set = true};
	} else if (build_value(b, parts[MATH_RVALUE], &m->rvalue) != ERR_OK) {
		return ERR_INVALID;
	}
	if (parts[MATH_BITMASK]) {
		m->masked = true;
		if (read_mask(b, parts[MATH_BITMASK], &m->bitmask) != ERR_OK)
			return ERR_INVALID;
		m->shift = trailing_zeros(m->bitmask);
	}
	return ERR_OK;
}

int kw_byte_math(struct lang_build *b, char *arg)
{
	struct rule_byte_math *m = LANG_NEW(b->arena, struct rule_byte_math);
	char *parts[MATH_PARTS] = {0};
	struct rule_item *item;

	if (math_parts(b, arg, parts) != ERR_OK || math_form(b, parts, m) != ERR_OK ||
	    math_values(b, parts, m) != ERR_OK ||
	    add_var(b, parts[MATH_RESULT], &m->result) != ERR_OK)
		return ERR_INVALID;
	m->relative = parts[MATH_RELATIVE] != NULL;
	item = add(b, RULE_ITEM_BYTE_MATH, m->relative, false);
	if (!item)
		return ERR_INVALID;
	item->byte_math = m;
	return ERR_OK;
}

/* ---- isdataat ---- */

static int dataat_args(struct lang_build *b, char *arg, struct rule_isdataat *d)
{
	char *args[3];
	unsigned n;
	uint64_t at;

	d->negated = *arg == '!';
	n = lang_split(arg + d->negated, ',', args, 3);
	if (n > 3 || !*args[0] || lang_space(arg[d->negated]) ||
	    (n > 1 && strcmp(args[1], "relative") != 0) ||
	    (n > 2 && strcmp(args[2], "rawbytes") != 0))
		return lang_fail(b, "it needs a position, then perhaps \"relative\", then perhaps "
				    "\"rawbytes\"");
	d->relative = n > 1;
	d->rawbytes = n > 2;
	if (lang_alpha(*args[0]))
		return build_value(b, args[0], &d->at);
	if (!lang_u64(args[0], 10, UINT16_MAX, &at))
		return lang_fail(b, "the position must be 0 to 65535, not \"%s\"", args[0]);
	d->at = (struct rule_value){.number = (int64_t)at, .set = true};
	return ERR_OK;
}

int kw_isdataat(struct lang_build *b, char *arg)
{
	struct rule_isdataat *d = LANG_NEW(b->arena, struct rule_isdataat);
	struct rule_item *item, *base;

	if (dataat_args(b, arg, d) != ERR_OK || build_settle(b) != ERR_OK)
		return ERR_INVALID;
	base = build_last(b, b->active || b->active_base64 ? PLACED : ANY_BYTES, NULL);
	if (base && base->kind == RULE_ITEM_CONTENT && d->relative && d->negated && !d->at.var &&
	    d->at.number == 1) { /* the content ends the buffer */
		build_content(base)->flags |= RULE_CONTENT_ENDSWITH;
		return ERR_OK;
	}
	item = add(b, RULE_ITEM_ISDATAAT, d->relative, false);
	if (!item)
		return ERR_INVALID;
	item->isdataat = d;
	return ERR_OK;
}

/* byte_test, byte_jump, byte_extract, byte_math: numbers in the data. */
#include "dataplane/detect/inspect/internal.h"

#include <stdlib.h>

uint64_t inspect_value(const struct inspect_worker *w, const struct rule_value *v)
{
	return v->var ? w->vars[v->index] : (uint64_t)v->number;
}

struct field {
	int64_t offset;
	uint64_t nbytes;
	bool relative;
	enum rule_base base;
	enum rule_endian endian;
};

/* Digits in bytes: leading white space, sign and 0x as strtoull takes them. */
static bool read_text(const uint8_t *at, uint64_t n, enum rule_base base, uint64_t *ret,
		      uint32_t *ret_used)
{
	static const int radix[] = {
		[RULE_BASE_DEC] = 10, [RULE_BASE_HEX] = 16, [RULE_BASE_OCT] = 8};
	char text[24], *end;

	if (n == 0 || n >= sizeof(text))
		return false;
	memcpy(text, at, n);
	text[n] = 0;
	*ret = strtoull(text, &end, base == RULE_BASE_AUTO ? 0 : radix[base]);
	*ret_used = (uint32_t)(end - text);
	return end != text;
}

static bool read_binary(const uint8_t *at, uint64_t n, bool little, uint64_t *ret)
{
	uint64_t value = 0;

	if (n > 8)
		return false;
	for (uint64_t i = 0; i < n; i++)
		value = value << 8 | at[little ? n - 1 - i : i];
	*ret = value;
	return true;
}

/* Reads the field; `*ret_at` is where it begins, `*ret_used` how many bytes it took. */
static bool read_field(const struct inspect_worker *w, const struct field *f,
		       const struct inspect_bytes *in, uint64_t *ret, int64_t *ret_at,
		       uint32_t *ret_used)
{
	int64_t len = (int64_t)in->data.len, at = (f->relative ? w->position : 0) + f->offset;
	bool little =
		f->endian == RULE_ENDIAN_LITTLE || (f->endian == RULE_ENDIAN_DCE && in->dce_little);

	*ret = 0;
	*ret_at = at;
	*ret_used = (uint32_t)f->nbytes;
	if (len == 0 || at < 0 || at > len || (f->relative && f->nbytes && at >= len) ||
	    f->nbytes > (uint64_t)(len - at))
		return false;
	if (f->base != RULE_BASE_BINARY)
		return read_text(in->data.data + at, f->nbytes, f->base, ret, ret_used);
	return read_binary(in->data.data + at, f->nbytes, little, ret);
}

static uint64_t mask(bool masked, uint64_t value, uint64_t bits, uint8_t shift)
{
	return masked ? (value & bits) >> shift : value;
}

static bool compare(enum rule_compare op, uint64_t value, uint64_t operand)
{
	switch (op) {
	case RULE_CMP_EQ:
		return value == operand;
	case RULE_CMP_NE:
		return value != operand;
	case RULE_CMP_LT:
		return value < operand;
	case RULE_CMP_LE:
		return value <= operand;
	case RULE_CMP_GT:
		return value > operand;
	case RULE_CMP_GE:
		return value >= operand;
	case RULE_CMP_AND:
		return (value & operand) != 0;
	case RULE_CMP_OR:
		return (value ^ operand) != 0;
	}
	return false;
}

bool inspect_byte_test(struct inspect_worker *w, const struct rule_byte_test *t,
		       const struct inspect_bytes *in)
{
	const struct field f = {(int32_t)inspect_value(w, &t->offset), inspect_value(w, &t->nbytes),
				t->relative, t->base, t->endian};
	uint64_t value;
	uint32_t used;
	int64_t at;

	if (!read_field(w, &f, in, &value, &at, &used))
		return false;
	value = mask(t->masked, value, t->bitmask, t->shift);
	return compare(t->op, value, inspect_value(w, &t->operand)) != t->negated;
}

bool inspect_byte_jump(struct inspect_worker *w, const struct rule_byte_jump *j,
		       const struct inspect_bytes *in)
{
	const struct field f = {(int32_t)inspect_value(w, &j->offset), inspect_value(w, &j->nbytes),
				j->relative, j->base, j->endian};
	int64_t at, to, len = (int64_t)in->data.len;
	uint64_t value;
	uint32_t used;

	if (!read_field(w, &f, in, &value, &at, &used))
		return false;
	value *= j->multiplier;
	if (j->align && value % 4)
		value += 4 - value % 4;
	value += (uint64_t)j->post_offset;
	if (__builtin_add_overflow((int64_t)value,
				   j->from_beginning ? 0
				   : j->from_end     ? len
						     : at + used,
				   &to))
		return false;
	if (to > len) /* the end itself can be jumped to */
		return false;
	w->position = to < 0 ? 0 : (uint32_t)to;
	return true;
}

bool inspect_byte_extract(struct inspect_worker *w, const struct rule_byte_extract *x,
			  const struct inspect_bytes *in)
{
	const struct field f = {x->offset, x->nbytes, x->relative, x->base, x->endian};
	uint64_t value;
	uint32_t used;
	int64_t at;

	if (!read_field(w, &f, in, &value, &at, &used))
		return false;
	value *= x->multiplier;
	if (x->align && value % x->align)
		value += x->align - value % x->align;
	w->vars[x->result] = value;
	w->vars_used = true;
	w->position = (uint32_t)at + used;
	return true;
}

static bool calculate(enum rule_math op, uint64_t value, uint64_t operand, uint64_t *ret)
{
	switch (op) {
	case RULE_MATH_ADD:
		*ret = value + operand;
		return true;
	case RULE_MATH_SUB:
		*ret = value - operand;
		return true;
	case RULE_MATH_MUL:
		*ret = value * operand;
		return true;
	case RULE_MATH_DIV:
		*ret = operand ? value / operand : 0;
		return operand != 0;
	case RULE_MATH_SHL:
		*ret = operand < 64 ? value << operand : 0;
		return true;
	case RULE_MATH_SHR:
		*ret = operand < 64 ? value >> operand : 0;
		return true;
	}
	return false;
}

bool inspect_byte_math(struct inspect_worker *w, const struct rule_byte_math *m,
		       const struct inspect_bytes *in)
{
	const struct field f = {m->offset, inspect_value(w, &m->nbytes), m->relative, m->base,
				m->endian};
	uint64_t value;
	uint32_t used;
	int64_t at;

	if (!read_field(w, &f, in, &value, &at, &used))
		return false;
	if (!calculate(m->op, value, inspect_value(w, &m->rvalue), &value))
		return false;
	w->vars[m->result] = mask(m->masked, value, m->bitmask, m->shift);
	w->vars_used = true;
	w->position = (uint32_t)at + used;
	return true;
}

/* The keyword modbus: a unit, a function or an access. */
#include <stdlib.h>

#include "dataplane/app/modbus/modbus.h"
#include "dataplane/app/text/compile.h"

/* 5, <5, >5, 5<>9: both ends excluded. */
struct range {
	bool set;
	uint16_t low, high;
};

struct test {
	struct range unit, address, value;
	uint8_t access;	  /* enum modbus_access; 0 = not asked */
	uint8_t function; /* 0 = not asked */
	bool has_subfunction, has_category;
	uint16_t subfunction;
	uint8_t category; /* mask */
};

static bool number(struct slice s, uint16_t *ret)
{
	uint64_t n;

	if (!text_number(text_trim(s), UINT16_MAX, &n))
		return false;
	*ret = (uint16_t)n;
	return true;
}

static bool range_read(struct slice s, struct range *ret)
{
	s = text_trim(s);
	ret->set = true;
	for (size_t i = 0; i + 1 < s.len; i++) {
		if (s.data[i] == '<' && s.data[i + 1] == '>')
			return number(slice_sub(s, 0, i), &ret->low) &&
			       number(slice_sub(s, i + 2, s.len), &ret->high);
	}
	if (s.len > 0 && s.data[0] == '<')
		return number(slice_sub(s, 1, s.len), &ret->high);
	if (s.len > 0 && s.data[0] == '>') {
		ret->high = UINT16_MAX;
		return number(slice_sub(s, 1, s.len), &ret->low);
	}
	if (!number(s, &ret->low))
		return false;
	ret->high = ret->low;
	return true;
}

static bool range_holds(const struct range *r, uint16_t first, uint16_t last)
{
	if (r->low == r->high)
		return r->low >= first && r->low <= last;
	if (r->low == 0)
		return r->high > first;
	if (r->high == UINT16_MAX)
		return r->low < last;
	return r->low < last && first < r->high;
}

/* --- compiling --- */

static bool category_read(struct slice s, struct test *t)
{
	static const struct {
		const char *name;
		uint8_t mask;
	} names[] = {
		{"assigned", MODBUS_PUBLIC_ASSIGNED},
		{"unassigned", MODBUS_PUBLIC_UNASSIGNED},
		{"public", MODBUS_PUBLIC_ASSIGNED | MODBUS_PUBLIC_UNASSIGNED},
		{"user", MODBUS_USER_DEFINED},
		{"reserved", MODBUS_RESERVED},
		{"all", 15},
	};
	bool negated = s.len > 0 && s.data[0] == '!';

	s = slice_sub(s, negated, s.len);
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		if (!slice_eq(s, slice_of(names[i].name)))
			continue;
		t->has_category = true;
		t->category = negated ? (uint8_t)(15 & ~names[i].mask) : names[i].mask;
		return true;
	}
	return false;
}

static bool function_read(struct slice s, struct test *t)
{
	uint16_t n;

	if (!number(s, &n))
		return category_read(s, t);
	t->function = (uint8_t)n;
	return n > 0 && n <= UINT8_MAX;
}

static bool access_read(struct slice s, struct test *t)
{
	static const struct {
		const char *text;
		uint8_t access;
	} names[] = {
		{"read", MODBUS_READ},
		{"read discretes", MODBUS_READ | MODBUS_DISCRETES},
		{"read coils", MODBUS_READ | MODBUS_COILS},
		{"read input", MODBUS_READ | MODBUS_INPUT},
		{"read holding", MODBUS_READ | MODBUS_HOLDING},
		{"write", MODBUS_WRITE},
		{"write coils", MODBUS_WRITE | MODBUS_COILS},
		{"write holding", MODBUS_WRITE | MODBUS_HOLDING},
	};
	char text[32];
	size_t n = 0;

	for (size_t i = 0; i < s.len && n < sizeof(text) - 1; i++) {
		if (s.data[i] != ' ' || (n > 0 && text[n - 1] != ' '))
			text[n++] = (char)s.data[i];
	}
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		if (slice_eq(SLICE(text, n), slice_of(names[i].text)))
			t->access = names[i].access;
	}
	return t->access != 0;
}

/* "unit 5", "function reserved", ... */
static bool part_read(struct slice part, struct test *t)
{
	size_t word = 0;
	struct slice name, value;

	while (word < part.len && part.data[word] != ' ' && part.data[word] != '\t')
		word++;
	name = slice_sub(part, 0, word);
	value = text_trim(slice_sub(part, word, part.len));
	if (slice_eq(name, SLICE_LIT("unit")))
		return range_read(value, &t->unit);
	if (slice_eq(name, SLICE_LIT("function")))
		return function_read(value, t);
	if (slice_eq(name, SLICE_LIT("access")))
		return access_read(value, t);
	if (slice_eq(name, SLICE_LIT("address")))
		return t->access && range_read(value, &t->address);
	if (slice_eq(name, SLICE_LIT("value")))
		return t->access & MODBUS_WRITE && t->address.set &&
		       t->address.low == t->address.high && range_read(value, &t->value);
	t->has_subfunction = true;
	return slice_eq(name, SLICE_LIT("subfunction")) && t->function &&
	       number(value, &t->subfunction);
}

void *modbus_compile(struct slice argument, char *why, size_t cap)
{
	struct test *t = compile_new(sizeof(*t));
	struct slice s = text_trim(argument);

	while (s.len > 0) {
		const uint8_t *comma = memchr(s.data, ',', s.len);
		size_t len = comma ? (size_t)(comma - s.data) : s.len;

		if (!part_read(text_trim(slice_sub(s, 0, len)), t))
			return compile_refuse(t, why, cap,
					      "a unit, a function with a subfunction, or an access "
					      "with an address and a value are expected");
		s = slice_sub(s, len + 1, s.len);
	}
	return t;
}

/* --- matching --- */

/* Numbers of registers, which begin at 1. False when the request names none. */
static bool addresses(const struct modbus_data *d, uint16_t *ret_first, uint16_t *ret_last)
{
	uint16_t address, quantity;

	switch (d->form) {
	case MODBUS_WRITE_ONE:
	case MODBUS_WRITE_MASK:
		address = d->write_address;
		quantity = 1;
		break;
	case MODBUS_READ_REQUEST:
		address = d->address;
		quantity = d->quantity;
		break;
	case MODBUS_WRITE_MANY:
	case MODBUS_READ_WRITE:
		address = d->write_address;
		quantity = d->write_quantity;
		break;
	default:
		return false;
	}
	*ret_first = (uint16_t)(address + 1);
	*ret_last = (uint16_t)(address + quantity);
	return quantity > 0;
}

/* What the request writes to the register or coil. */
static bool written(const struct modbus_message *m, const struct modbus_data *d, uint16_t number,
		    uint16_t *ret)
{
	bool coils = m->access & MODBUS_COILS;
	uint16_t first, last;
	size_t at, bit;

	if (!addresses(d, &first, &last) || number < first || number > last)
		return false;
	if (m->access & MODBUS_SINGLE) {
		*ret = coils ? d->value != 0 : d->value;
		return true;
	}
	if (!(m->access & MODBUS_MULTIPLE))
		return false;
	bit = (size_t)(number - first);
	at = coils ? 2 * bit >> 3 : 2 * bit;
	if (at + 1 >= d->data.len)
		return false;
	*ret = (uint16_t)(d->data.data[at] << 8 | d->data.data[at + 1]);
	if (coils)
		*ret = *ret >> (bit & 7) & 1;
	return true;
}

static bool match_access(const struct test *t, const struct modbus_message *m)
{
	uint8_t table = t->access & MODBUS_TABLES, way = t->access & (MODBUS_READ | MODBUS_WRITE);
	struct modbus_data d;
	uint16_t first, last, value;

	if (!(m->access & way) || (table && !(m->access & table)))
		return false;
	if (!t->address.set)
		return true;
	d = modbus_data_of(m, DIR_TS);
	if (!addresses(&d, &first, &last) || !range_holds(&t->address, first, last))
		return false;
	if (!t->value.set)
		return true;
	return written(m, &d, t->address.low, &value) && range_holds(&t->value, value, value);
}

bool modbus_match(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct modbus_message *m =
		&container_of(tx, const struct modbus_tx, tx)->message[DIR_TS];
	const struct test *t = compiled;
	struct modbus_data d;

	if (!m->is_there || (t->unit.set && !range_holds(&t->unit, m->unit, m->unit)))
		return false;
	if (t->access)
		return match_access(t, m);
	if (t->has_category)
		return m->category & t->category;
	if (!t->function)
		return true;
	if (t->function != modbus_code(m))
		return false;
	if (!t->has_subfunction)
		return true;
	d = modbus_data_of(m, DIR_TS);
	return d.form == MODBUS_A_DIAGNOSTIC && d.code == t->subfunction;
}

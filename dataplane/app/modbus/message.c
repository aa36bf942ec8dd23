#include "dataplane/app/modbus/modbus.h"

enum {
	BITS_MAX = 2000,
	WORDS_MAX = 125,
	COUNT_MAX = 250,
	FUNCTION_LAST = 24, /* of those that are numbered without holes */
};

/* Diagnostic subfunctions (6.8) */
enum {
	RESTART = 1,
	CHANGE_DELIMITER = 3,
	FORCE_LISTEN = 4,
	DIAGNOSTIC_RESERVED = 5, /* to 9, and over 26 */
	DIAGNOSTIC_CLEAR = 10,
	DIAGNOSTIC_LAST = 26,
};

uint8_t modbus_code(const struct modbus_message *m)
{
	return m->function & (uint8_t)~MODBUS_EXCEPTION;
}

static uint8_t access_of(uint8_t code)
{
	switch (code) {
	case MODBUS_RD_COILS:
		return MODBUS_COILS | MODBUS_READ;
	case MODBUS_RD_DISCRETE_INPUTS:
		return MODBUS_DISCRETES | MODBUS_READ;
	case MODBUS_RD_HOLD_REGS:
		return MODBUS_HOLDING | MODBUS_READ;
	case MODBUS_RD_INPUT_REGS:
		return MODBUS_INPUT | MODBUS_READ;
	case MODBUS_WR_SINGLE_COIL:
		return MODBUS_COILS | MODBUS_WRITE | MODBUS_SINGLE;
	case MODBUS_WR_SINGLE_REG:
		return MODBUS_HOLDING | MODBUS_WRITE | MODBUS_SINGLE;
	case MODBUS_WR_MULT_COILS:
		return MODBUS_COILS | MODBUS_WRITE | MODBUS_MULTIPLE;
	case MODBUS_WR_MULT_REGS:
		return MODBUS_HOLDING | MODBUS_WRITE | MODBUS_MULTIPLE;
	case MODBUS_MASK_WR_REG:
		return MODBUS_HOLDING | MODBUS_WRITE;
	case MODBUS_RD_WR_MULT_REGS:
		return MODBUS_HOLDING | MODBUS_READ | MODBUS_WRITE | MODBUS_MULTIPLE;
	default:
		return 0;
	}
}

static bool function_known(uint8_t code)
{
	return (code >= 1 && code <= FUNCTION_LAST) || code == MODBUS_MEI;
}

static bool diagnostic_known(uint16_t code)
{
	return code <= FORCE_LISTEN || (code >= DIAGNOSTIC_CLEAR && code <= DIAGNOSTIC_LAST - 5);
}

static uint8_t category_by_number(uint8_t n)
{
	static const struct {
		uint8_t below, category;
	} ranges[] = {
		{1, 0},
		{9, MODBUS_PUBLIC_UNASSIGNED},
		{15, MODBUS_RESERVED},
		{41, MODBUS_PUBLIC_UNASSIGNED},
		{43, MODBUS_RESERVED},
		{65, MODBUS_PUBLIC_UNASSIGNED},
		{73, MODBUS_USER_DEFINED},
		{90, MODBUS_PUBLIC_UNASSIGNED},
		{92, MODBUS_RESERVED},
		{100, MODBUS_PUBLIC_UNASSIGNED},
		{111, MODBUS_USER_DEFINED},
		{125, MODBUS_PUBLIC_UNASSIGNED},
		{128, MODBUS_RESERVED},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(ranges); i++) {
		if (n < ranges[i].below)
			return ranges[i].category;
	}
	return 0;
}

static uint8_t category_of(const struct modbus_message *m, const struct modbus_data *d)
{
	uint8_t code = modbus_code(m);

	if (code == MODBUS_DIAGNOSTIC) {
		if (d->form != MODBUS_A_DIAGNOSTIC)
			return 0;
		return diagnostic_known(d->code) ? MODBUS_PUBLIC_ASSIGNED : MODBUS_RESERVED;
	}
	if (code == MODBUS_MEI) {
		if (d->form != MODBUS_AN_INTERFACE)
			return 0;
		return d->code == 0x0d || d->code == 0x0e ? MODBUS_PUBLIC_ASSIGNED
							  : MODBUS_RESERVED;
	}
	return function_known(code) ? MODBUS_PUBLIC_ASSIGNED : category_by_number(m->function);
}

/* --- parts --- */

static void exception(struct modbus_message *m, struct cursor *c, struct modbus_data *d)
{
	uint8_t code = modbus_code(m);

	d->form = MODBUS_AN_EXCEPTION;
	d->code = cursor_u8(c);
	if (d->code == 0 || d->code == 9 || d->code > 11 ||
	    (d->code == 2 &&
	     ((m->function > 6 && m->function < 15) || (m->function > 16 && m->function < 22))) ||
	    (d->code == 8 && code != MODBUS_RD_FILE_REC && code != MODBUS_WR_FILE_REC))
		m->errors |= MODBUS_BAD_EXCEPTION;
}

static void rest(struct cursor *c, struct modbus_data *d)
{
	d->data = cursor_take(c, cursor_left(c));
}

static void diagnostic(struct cursor *c, struct modbus_data *d)
{
	d->form = MODBUS_A_DIAGNOSTIC;
	d->code = cursor_u16(c);
	rest(c, d);
}

static void diagnostic_request(struct modbus_message *m, const struct modbus_data *d)
{
	const uint8_t *b = d->data.data;
	bool bad;

	if (d->data.len != 2) {
		m->errors |= MODBUS_BAD_LENGTH;
		return;
	}
	if (d->code == 0 || d->code == FORCE_LISTEN || !diagnostic_known(d->code))
		bad = false;
	else if (d->code == RESTART)
		bad = b[1] != 0 || (b[0] != 0 && b[0] != 0xff);
	else if (d->code == CHANGE_DELIMITER)
		bad = b[1] != 0;
	else
		bad = b[0] != 0 || b[1] != 0;
	if (bad)
		m->errors |= MODBUS_BAD_VALUE;
}

static void interface(struct cursor *c, struct modbus_data *d)
{
	d->form = MODBUS_AN_INTERFACE;
	d->code = cursor_u8(c);
	rest(c, d);
}

static void bytes(struct cursor *c, struct modbus_data *d)
{
	d->form = MODBUS_BYTES;
	rest(c, d);
}

static bool is_bits(const struct modbus_message *m)
{
	return m->access & (MODBUS_DISCRETES | MODBUS_COILS);
}

static void read_request(struct modbus_message *m, struct cursor *c, struct modbus_data *d)
{
	d->form = MODBUS_READ_REQUEST;
	d->address = cursor_u16(c);
	d->quantity = cursor_u16(c);
	if (d->quantity == 0 || d->quantity > (is_bits(m) ? BITS_MAX : WORDS_MAX))
		m->errors |= MODBUS_BAD_VALUE;
	if (modbus_code(m) != MODBUS_RD_WR_MULT_REGS && cursor_left(c) > 0)
		m->errors |= MODBUS_BAD_LENGTH;
}

static void read_response(struct modbus_message *m, struct cursor *c, struct modbus_data *d)
{
	uint8_t count = cursor_u8(c);

	d->form = MODBUS_READ_RESPONSE;
	if (count < 1 || count > COUNT_MAX || cursor_left(c) != count)
		m->errors |= MODBUS_BAD_VALUE;
	rest(c, d);
}

static void write_mask(struct modbus_message *m, struct cursor *c, struct modbus_data *d)
{
	d->form = MODBUS_WRITE_MASK;
	d->and_mask = cursor_u16(c);
	d->or_mask = cursor_u16(c);
	if (cursor_left(c) > 0)
		m->errors |= MODBUS_BAD_LENGTH;
}

static void write_many(struct modbus_message *m, struct cursor *c, struct modbus_data *d)
{
	uint8_t count;

	d->form = d->form == MODBUS_READ_REQUEST ? MODBUS_READ_WRITE : MODBUS_WRITE_MANY;
	d->write_quantity = cursor_u16(c);
	count = cursor_u8(c);
	if (d->write_quantity == 0 || cursor_left(c) != count)
		m->errors |= MODBUS_BAD_VALUE;
	if (is_bits(m) ? d->write_quantity > BITS_MAX || count != (d->write_quantity + 7u) / 8
		       : d->write_quantity > WORDS_MAX || count != 2u * d->write_quantity)
		m->errors |= MODBUS_BAD_VALUE;
	rest(c, d);
}

static void write_request(struct modbus_message *m, struct cursor *c, struct modbus_data *d)
{
	d->write_address = cursor_u16(c);
	if (m->access & MODBUS_MULTIPLE) {
		write_many(m, c, d);
	} else if (m->access & MODBUS_SINGLE) {
		d->form = MODBUS_WRITE_ONE;
		d->value = cursor_u16(c);
		if (cursor_left(c) > 0)
			m->errors |= MODBUS_BAD_LENGTH;
		if (m->access & MODBUS_COILS && d->value != 0 && d->value != 0xff00)
			m->errors |= MODBUS_BAD_VALUE;
	} else {
		write_mask(m, c, d);
	}
}

static void write_response(struct modbus_message *m, struct cursor *c, struct modbus_data *d)
{
	d->write_address = cursor_u16(c);
	if (!(m->access & (MODBUS_SINGLE | MODBUS_MULTIPLE))) {
		write_mask(m, c, d);
		return;
	}
	d->form = MODBUS_WRITE_ONE;
	d->value = cursor_u16(c);
	if (cursor_left(c) > 0)
		m->errors |= MODBUS_BAD_LENGTH;
	if (m->access & MODBUS_MULTIPLE &&
	    (d->value == 0 || d->value > (is_bits(m) ? WORDS_MAX : BITS_MAX)))
		m->errors |= MODBUS_BAD_VALUE;
}

/* --- requests and responses --- */

static void length_of_request(struct modbus_message *m, size_t len)
{
	bool bad;

	switch (modbus_code(m)) {
	case MODBUS_RD_FILE_REC:
	case MODBUS_WR_FILE_REC:
		bad = len == 0;
		break;
	case MODBUS_RD_EXC_STATUS:
	case MODBUS_GET_COMM_EVENT_CTR:
	case MODBUS_GET_COMM_EVENT_LOG:
	case MODBUS_REPORT_SERVER_ID:
		bad = len > 0;
		break;
	case MODBUS_RD_FIFO_QUEUE:
		bad = len != 2;
		break;
	default:
		bad = false;
		break;
	}
	if (bad)
		m->errors |= MODBUS_BAD_LENGTH;
}

static void request(struct modbus_message *m, struct cursor *c, struct modbus_data *d)
{
	uint8_t code = modbus_code(m);

	if (code == MODBUS_DIAGNOSTIC) {
		diagnostic(c, d);
		if (!c->bad)
			diagnostic_request(m, d);
	} else if (code == MODBUS_MEI) {
		interface(c, d);
	} else if (m->access & MODBUS_READ) {
		read_request(m, c, d);
		if (m->access & MODBUS_WRITE)
			write_request(m, c, d);
	} else if (m->access & MODBUS_WRITE) {
		write_request(m, c, d);
	} else {
		length_of_request(m, cursor_left(c));
		bytes(c, d);
	}
}

static void response(struct modbus_message *m, struct cursor *c, struct modbus_data *d)
{
	uint8_t code = modbus_code(m);

	if (m->function & MODBUS_EXCEPTION) {
		exception(m, c, d);
	} else if (code == MODBUS_DIAGNOSTIC) {
		diagnostic(c, d);
	} else if (code == MODBUS_MEI) {
		interface(c, d);
	} else if (m->access & MODBUS_READ) {
		read_response(m, c, d);
	} else if (m->access & MODBUS_WRITE) {
		write_response(m, c, d);
	} else {
		if ((code == MODBUS_RD_EXC_STATUS && cursor_left(c) != 1) ||
		    (code == MODBUS_GET_COMM_EVENT_CTR && cursor_left(c) != 4))
			m->errors |= MODBUS_BAD_LENGTH;
		bytes(c, d);
	}
}

bool modbus_read(struct modbus_message *m, enum dir dir, struct slice in, struct modbus_data *ret)
{
	struct cursor c = cursor_of(in);

	*ret = (struct modbus_data){0};
	m->access = access_of(modbus_code(m));
	if (dir == DIR_TS)
		request(m, &c, ret);
	else
		response(m, &c, ret);
	if (c.bad)
		return false;
	m->category = category_of(m, ret);
	if (!function_known(modbus_code(m)) && m->category == 0)
		m->errors |= MODBUS_BAD_FUNCTION;
	return true;
}

struct modbus_data modbus_data_of(const struct modbus_message *m, enum dir dir)
{
	struct modbus_message copy = *m;
	struct modbus_data d;

	modbus_read(&copy, dir, kept_slice(&m->bytes), &d);
	return d;
}

/* --- matching --- */

static bool match_read(struct modbus_message *m, size_t bytes_read, unsigned quantity)
{
	size_t want = modbus_code(m) == MODBUS_RD_WR_MULT_REGS ? (size_t)2 * quantity
							       : (quantity + 7) / 8;

	if (bytes_read != want)
		m->errors |= MODBUS_BAD_VALUE;
	return true;
}

static bool is_read_request(const struct modbus_data *d)
{
	return d->form == MODBUS_READ_REQUEST || d->form == MODBUS_READ_WRITE;
}

static bool match_write(struct modbus_message *m, const struct modbus_data *d,
			const struct modbus_data *o)
{
	uint16_t mine = d->form == MODBUS_WRITE_MANY ? d->write_quantity : d->value;
	uint16_t its = o->form == MODBUS_WRITE_MANY ? o->write_quantity : o->value;

	if ((o->form != MODBUS_WRITE_ONE && o->form != MODBUS_WRITE_MANY) ||
	    (o->form == MODBUS_WRITE_MANY && d->form == MODBUS_WRITE_MANY))
		return false;
	if (d->write_address != o->write_address || mine != its)
		m->errors |= MODBUS_BAD_VALUE;
	return true;
}

static bool match_data(struct modbus_message *m, const struct modbus_data *d,
		       const struct modbus_data *o)
{
	switch (d->form) {
	case MODBUS_READ_RESPONSE:
		return is_read_request(o) && match_read(m, d->data.len, o->quantity);
	case MODBUS_READ_REQUEST:
	case MODBUS_READ_WRITE:
		return o->form == MODBUS_READ_RESPONSE && match_read(m, o->data.len, d->quantity);
	case MODBUS_WRITE_ONE:
	case MODBUS_WRITE_MANY:
		return match_write(m, d, o);
	case MODBUS_WRITE_MASK:
		if (o->form != MODBUS_WRITE_MASK)
			return false;
		if (d->write_address != o->write_address || d->and_mask != o->and_mask ||
		    d->or_mask != o->or_mask)
			m->errors |= MODBUS_BAD_VALUE;
		return true;
	case MODBUS_A_DIAGNOSTIC:
	case MODBUS_AN_INTERFACE:
		return o->form == d->form && o->code == d->code;
	default:
		return true;
	}
}

bool modbus_matches(struct modbus_message *m, enum dir dir, const struct modbus_data *d,
		    const struct modbus_message *other)
{
	struct modbus_data o;

	if (m->id != other->id || m->unit != other->unit || modbus_code(m) != modbus_code(other) ||
	    m->access != other->access)
		return false;
	if (m->category != MODBUS_PUBLIC_ASSIGNED)
		return true;
	o = modbus_data_of(other, dir_other(dir));
	return o.form == MODBUS_AN_EXCEPTION || match_data(m, d, &o);
}

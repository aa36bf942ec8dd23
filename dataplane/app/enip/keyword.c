#include "dataplane/app/enip/enip.h"
#include "dataplane/app/text/compile.h"

struct command {
	uint16_t value;
};

void *enip_command_compile(struct slice argument, char *why, size_t cap)
{
	struct command *t = compile_new(sizeof(*t));
	uint64_t n;

	if (!text_number(text_trim(argument), UINT16_MAX, &n))
		return compile_refuse(t, why, cap, "enip_command takes a number up to 65535.");
	t->value = (uint16_t)n;
	return t;
}

bool enip_command_match(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct command *t = compiled;

	return container_of(tx, const struct enip_tx, tx)->command == t->value;
}

/* cip_service:SERVICE[,CLASS[,[!]ATTRIBUTE]] */
enum { SERVICE, CLASS, ATTRIBUTE, PARTS };

struct service {
	uint8_t parts;
	bool negated; /* the attribute */
	uint16_t value[PARTS];
};

void *cip_service_compile(struct slice argument, char *why, size_t cap)
{
	static const uint16_t max[PARTS] = {127, UINT16_MAX, UINT16_MAX};
	struct service *t = compile_new(sizeof(*t));
	bool more = true;

	while (more) {
		size_t comma = 0;
		struct slice part;
		uint64_t n;

		while (comma < argument.len && argument.data[comma] != ',')
			comma++;
		more = comma < argument.len;
		part = text_trim(slice_sub(argument, 0, comma));
		argument = slice_sub(argument, comma + more, argument.len);
		if (t->parts == ATTRIBUTE && part.len > 0 && part.data[0] == '!') {
			t->negated = true;
			part = slice_sub(part, 1, part.len);
		}
		if (t->parts == PARTS || !text_number(part, max[t->parts], &n))
			return compile_refuse(t, why, cap,
					      "cip_service takes a service up to 127, perhaps a "
					      "class and an attribute.");
		t->value[t->parts++] = (uint16_t)n;
	}
	return t;
}

/* Only those that read or write attributes are looked at for their class. */
static bool names_attributes(uint8_t service)
{
	return service == CIP_GET_ATTRIBUTE_LIST || service == CIP_SET_ATTRIBUTE_LIST ||
	       service == CIP_GET_ATTRIBUTE_SINGLE || service == CIP_SET_ATTRIBUTE_SINGLE;
}

static bool names_hold(const struct service *t, const struct cip_names *n)
{
	if (!n->has_class || n->class != t->value[CLASS])
		return false;
	if (t->parts == ATTRIBUTE)
		return true;
	for (unsigned i = 0; i < n->attribute_count; i++) {
		if ((n->attributes[i] == t->value[ATTRIBUTE]) != t->negated)
			return true;
	}
	return false;
}

/* Requests only. */
bool cip_service_match(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct enip_tx *e = container_of(tx, const struct enip_tx, tx);
	const struct service *t = compiled;

	for (unsigned i = 0; i < e->service_count; i++) {
		const struct cip *s = &e->services[i];
		struct cip_names names;

		if (s->response || s->service != t->value[SERVICE])
			continue;
		if (t->parts == CLASS)
			return true;
		if (!names_attributes(s->service))
			continue;
		cip_names_read(e, s, &names);
		if (names_hold(t, &names))
			return true;
	}
	return false;
}

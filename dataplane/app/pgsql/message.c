#include "dataplane/app/pgsql/message.h"

#include "dataplane/app/pgsql/pgsql.h"

enum { /* codes in place of a version (major 1234) */
       CODE_CANCEL = 80877102,
       CODE_SSL = 80877103,
       CODE_GSS = 80877104,
       PARAMETERS_MAX = 64,
};

bool pgsql_text(struct cursor *c, struct slice *ret)
{
	struct slice rest = cursor_rest(c);
	const uint8_t *nul = rest.len ? memchr(rest.data, 0, rest.len) : NULL;

	if (!nul)
		return false;
	*ret = cursor_take(c, (size_t)(nul - rest.data));
	return cursor_skip(c, 1);
}

/* A user has to be among them. */
static bool has_user(struct slice parameters)
{
	struct cursor c = cursor_of(parameters);
	struct slice name, value;
	bool user = false;

	for (unsigned i = 0; i < PARAMETERS_MAX; i++) {
		if (!pgsql_text(&c, &name))
			return false;
		if (name.len == 0)
			return user;
		if (!pgsql_text(&c, &value))
			return false;
		user |= value.len > 0 && slice_eq(name, SLICE_LIT("user"));
	}
	return false;
}

bool pgsql_startup_read(struct slice body, struct pgsql_startup *ret)
{
	struct cursor c = cursor_of(body);
	uint32_t code = cursor_u32(&c);

	*ret = (struct pgsql_startup){.major = (uint16_t)(code >> 16), .minor = (uint16_t)code};
	if (c.bad)
		return false;
	switch (code) {
	case CODE_CANCEL:
		ret->kind = PGSQL_CANCEL;
		ret->pid = cursor_u32(&c);
		cursor_u32(&c); /* the key */
		return !c.bad;
	case CODE_SSL:
		ret->kind = PGSQL_SSL;
		return true;
	case CODE_GSS:
		ret->kind = PGSQL_GSS;
		return true;
	default:
		ret->kind = PGSQL_STARTUP;
		ret->parameters = cursor_rest(&c);
		return ret->major >= 1 && ret->major <= 3 && has_user(ret->parameters);
	}
}

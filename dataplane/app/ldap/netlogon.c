/* The answer to a domain client's ping: the controller's name, its domain and site. */
#include "dataplane/app/ldap/names.h"
#include "dataplane/app/text/text.h"
#include "dataplane/base/cursor.h"

enum {
	LOGON_RESPONSE_EX = 23,
	LOGON_USER_UNKNOWN_EX = 25,
	GUID = 16,
	POINTER = 0xc0,
	NAME_MAX = 255,
	JUMPS_MAX = 32, /* labels and pointers of a name */
};

/* A name as in RFC 1035 4.1.4, offsets from the value's start. The reader ends behind it. */
static size_t take_name(struct slice value, struct cursor *c, char ret[NAME_MAX])
{
	struct cursor at = *c;
	bool jumped = false;
	size_t len = 0;

	for (unsigned i = 0; i < JUMPS_MAX; i++) {
		uint8_t n = cursor_u8(&at);
		struct slice label;

		if ((n & POINTER) == POINTER) {
			size_t to = (size_t)(n & ~POINTER) << 8 | cursor_u8(&at);

			if (!jumped)
				*c = at;
			jumped = true;
			at = cursor_of(value);
			cursor_skip(&at, to);
			continue;
		}
		label = cursor_take(&at, n);
		if (at.bad || n == 0 || len + n + 1 > NAME_MAX)
			break;
		if (len > 0)
			ret[len++] = '.';
		memcpy(ret + len, label.data, label.len);
		len += label.len;
	}
	if (!jumped)
		*c = at;
	return len;
}

void ldap_log_netlogon(struct record *r, struct slice value)
{
	static const char *const fields[] = {"forest",	       "domain",       "host",
					     "netbios_domain", "netbios_host", "user",
					     "host_site",      "client_site"};
	struct cursor c = cursor_of(value);
	uint16_t opcode = cursor_u16_le(&c);
	char name[NAME_MAX];

	cursor_skip(&c, 2 + 4 + GUID); /* Sbz, Flags, DomainGuid */
	if (c.bad || (opcode != LOGON_RESPONSE_EX && opcode != LOGON_USER_UNKNOWN_EX))
		return;
	record_object(r, "netlogon");
	for (size_t i = 0; i < ARRAY_SIZE(fields) && !c.bad; i++) {
		size_t len = take_name(value, &c, name);

		if (!c.bad && len > 0)
			text_log(r, fields[i], SLICE(name, len));
	}
	record_end(r);
}

/* What a DHCP client asks (RFC 2131, 2132): its name, its maker's class and the order in which it
 * asks for parameters, which tells its system. Leases themselves are records of app/dhcp. */
#include <stdio.h>
#include <string.h>

#include "dataplane/api/record.h"
#include "dataplane/app/local/local.h"
#include "dataplane/app/text/text.h"
#include "dataplane/base/cursor.h"

enum {
	BOOT_REQUEST = 1,
	ETHERNET = 1,
	CIADDR = 12, /* offsets in the message */
	CHADDR = 28,
	COOKIE_AT = 236,
	COOKIE = 0x63825363,
	OPTION_PAD = 0,
	OPTION_NAME = 12,
	OPTION_WANTED = 50,
	OPTION_TYPE = 53,
	OPTION_PARAMETERS = 55,
	OPTION_CLASS = 60,
	OPTION_END = 255,
	PARAMETERS_MAX = 40,
};

struct ask {
	struct slice name, class, parameters, wanted;
	uint8_t type;
};

static bool read_options(struct cursor *c, struct ask *ret)
{
	while (cursor_left(c) > 0) {
		uint8_t code = cursor_u8(c);
		struct slice value;

		if (code == OPTION_PAD)
			continue;
		if (code == OPTION_END)
			break;
		value = cursor_take(c, cursor_u8(c));
		if (c->bad)
			return false;
		if (code == OPTION_NAME)
			ret->name = value;
		else if (code == OPTION_CLASS)
			ret->class = value;
		else if (code == OPTION_PARAMETERS)
			ret->parameters = value;
		else if (code == OPTION_WANTED && value.len == 4)
			ret->wanted = value;
		else if (code == OPTION_TYPE && value.len == 1)
			ret->type = value.data[0];
	}
	return true;
}

static void log_parameters(struct record *r, struct slice list)
{
	char text[PARAMETERS_MAX * 4 + 1];
	size_t len = 0;

	text[0] = 0;
	for (size_t i = 0; i < list.len && i < PARAMETERS_MAX; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%u", i ? "," : "",
					list.data[i]);
	record_text(r, "parameters", text);
}

bool local_log_dhcp(struct slice datagram, struct record *r)
{
	struct cursor c = cursor_of(datagram);
	struct ask a = {0};
	struct slice head = cursor_take(&c, COOKIE_AT), from;
	struct ip_addr ip;

	if (cursor_u32(&c) != COOKIE || c.bad || head.data[0] != BOOT_REQUEST ||
	    head.data[1] != ETHERNET || head.data[2] != 6 || !read_options(&c, &a) || !a.type)
		return false;
	from = slice_sub(head, CIADDR, 4);
	if (memcmp(from.data, "\0\0\0\0", 4) == 0 && a.wanted.data)
		from = a.wanted;
	ip = ip_addr_v4(from.data);
	record_hex(r, "client_mac", slice_sub(head, CHADDR, 6), ':');
	record_ip(r, "ip", &ip);
	if (a.name.len)
		text_log(r, "hostname", a.name);
	if (a.class.len)
		text_log(r, "vendor_class", a.class);
	log_parameters(r, a.parameters);
	return true;
}

#include "control/mitigator/drivers/letter.h"

#include <stdio.h>

struct host_ident letter_host(const struct driver_order *o)
{
	struct host_ident h = {.mac = o->target.mac,
			       .vlan = o->target.vlan,
			       .side = HOST_SIDE_INSIDE,
			       .switch_name = o->target.switch_name,
			       .switch_port = o->target.switch_port};

	if (o->target.ips_n)
		h.ip = o->target.ips[0];
	return h;
}

struct text_list letter_exempt(const struct driver_order *o, struct driver_letter *l)
{
	for (unsigned i = 0; i < o->exempts_n; i++) {
		const struct driver_prefix *p = &o->exempts[i];
		bool v4 = ip_addr_is_v4(&p->addr) && p->bits >= 96;
		char addr[IP_ADDR_TEXT];

		snprintf(l->texts[i], sizeof(l->texts[i]), "%s/%u",
			 ip_addr_text(&p->addr, addr, false), v4 ? p->bits - 96u : p->bits);
		l->exempt[i] = l->texts[i];
	}
	return (struct text_list){l->exempt, o->exempts_n};
}

#include "control/mitigator/drivers/letter.h"

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
		ip_prefix_text(&o->exempts[i].addr, o->exempts[i].bits, l->texts[i]);
		l->exempt[i] = l->texts[i];
	}
	return (struct text_list){l->exempt, o->exempts_n};
}

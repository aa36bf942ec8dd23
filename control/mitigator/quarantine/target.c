#include "control/mitigator/quarantine/target.h"

#include <stdio.h>

bool target_has_ip(const struct cut_target *t, const struct ip_addr *ip)
{
	for (unsigned i = 0; i < t->ips_n; i++) {
		if (ip_addr_eq(&t->ips[i], ip))
			return true;
	}
	return false;
}

bool target_add_ip(struct cut_target *t, const struct ip_addr *ip)
{
	if (!ip_addr_is_host(ip) || t->ips_n >= TARGET_IPS)
		return false;
	if (!target_has_ip(t, ip))
		t->ips[t->ips_n++] = *ip;
	return true;
}

char *target_text(const struct cut_target *t, char ret[TARGET_NAME])
{
	char ip[IP_ADDR_TEXT] = "", mac[MAC_ADDR_TEXT];
	bool has_mac = !mac_addr_is_zero(&t->mac);

	if (t->ips_n)
		ip_addr_text(&t->ips[0], ip, false);
	if (!has_mac)
		snprintf(ret, TARGET_NAME, "%s", t->ips_n ? ip : "unknown host");
	else if (t->ips_n)
		snprintf(ret, TARGET_NAME, "%s (%s)", ip, mac_addr_text(&t->mac, mac));
	else
		mac_addr_text(&t->mac, ret);
	return ret;
}

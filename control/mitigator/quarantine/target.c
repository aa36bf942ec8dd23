#include "control/mitigator/quarantine/target.h"

#include <stdio.h>
#include <stdlib.h>

#include "dataplane/base/err.h"

bool ip_addr_is_host(const struct ip_addr *a)
{
	static const struct ip_addr loopback6 = {{[15] = 1}};
	uint32_t v4 = ip_addr_v4_u32(a);

	if (ip_addr_is_v4(a))
		return v4 >> 24 != 0 && v4 >> 24 != 127 && v4 >> 28 < 14;
	return a->bytes[0] != 0xff && !ip_addr_is_zero(a) && !ip_addr_eq(a, &loopback6);
}

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

int prefix_parse(const char *text, struct ip_addr *ret, uint8_t *ret_bits)
{
	char addr[IP_ADDR_TEXT];
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	unsigned long bits, most;
	char *end;

	if (len >= sizeof(addr))
		return ERR_INVALID;
	memcpy(addr, text, len);
	addr[len] = 0;
	if (ip_addr_parse(addr, ret) < 0)
		return ERR_INVALID;
	most = strchr(addr, ':') ? 128 : 32;
	bits = most;
	if (slash) {
		if (slash[1] < '0' || slash[1] > '9')
			return ERR_INVALID;
		bits = strtoul(slash + 1, &end, 10);
		if (*end || bits > most)
			return ERR_INVALID;
	}
	*ret_bits = (uint8_t)(128 - most + bits);
	return ERR_OK;
}

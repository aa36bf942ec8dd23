#include "control/sensor/target.h"

#include <stdlib.h>
#include <string.h>

static bool parse_prefix(const char *text, struct mailbox_prefix *ret)
{
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	char addr[IP_ADDR_TEXT], *end;
	unsigned long bits = 128;
	bool v4;

	if (len >= sizeof(addr))
		return false;
	memcpy(addr, text, len);
	addr[len] = '\0';
	if (ip_addr_parse(addr, &ret->addr))
		return false;
	v4 = ip_addr_is_v4(&ret->addr);
	if (slash) {
		bits = strtoul(slash + 1, &end, 10);
		if (end == slash + 1 || *end || slash[1] == '-' || bits > (v4 ? 32 : 128))
			return false;
		bits += v4 ? 96 : 0;
	}
	ret->bits = (uint8_t)bits;
	return true;
}

int target_fill(const struct host_ident *host, const struct text_list *exempt,
		struct mailbox_host *ret, struct errmsg *e)
{
	static const struct ip_addr no_ip;
	static const struct mac_addr no_mac;

	memset(ret, 0, sizeof(*ret));
	if (!ip_addr_eq(&host->ip, &no_ip))
		ret->ips[ret->n_ips++] = host->ip;
	ret->has_mac = memcmp(&host->mac, &no_mac, sizeof(no_mac)) != 0;
	ret->mac = host->mac;
	ret->vlan = host->vlan < 4096 ? (uint16_t)host->vlan : 0;
	if (ret->n_ips == 0 && !ret->has_mac)
		return errmsg_set(e, ERR_INVALID, "the host has neither an address nor a MAC");
	if (exempt->n > MAILBOX_EXEMPT_MAX)
		return errmsg_set(e, ERR_LIMIT,
				  "%zu exempt addresses are more than the %d possible", exempt->n,
				  MAILBOX_EXEMPT_MAX);
	for (size_t i = 0; i < exempt->n; i++) {
		if (!parse_prefix(exempt->items[i], &ret->exempt[i]))
			return errmsg_set(e, ERR_INVALID, "exempt '%.64s' is no address or prefix",
					  exempt->items[i]);
		ret->n_exempt++;
	}
	return 0;
}

#include "dataplane/app/local/local.h"

#include "dataplane/app/ldap/message.h"

enum {
	PORT_DHCP = 67,
	PORT_DHCP_CLIENT = 68,
	PORT_NBNS = 137,
	PORT_MDNS = 5353,
	PORT_LLMNR = 5355,
	DTLS_HANDSHAKE = 22,
	DTLS_HIGH = 0xfe,
	LDAP_FIRST = 0x30, /* SEQUENCE */
};

enum local_kind local_kind_of(uint16_t sport, uint16_t dport, struct slice datagram)
{
	if (dport == PORT_MDNS || sport == PORT_MDNS)
		return LOCAL_MDNS;
	if (dport == PORT_LLMNR || sport == PORT_LLMNR)
		return LOCAL_LLMNR;
	if (dport == PORT_NBNS || sport == PORT_NBNS)
		return LOCAL_NBNS;
	if (sport == PORT_DHCP_CLIENT && dport == PORT_DHCP)
		return LOCAL_DHCP;
	if (datagram.len > 2 && datagram.data[0] == DTLS_HANDSHAKE && datagram.data[1] == DTLS_HIGH)
		return LOCAL_DTLS;
	if (datagram.len > 2 && datagram.data[0] == LDAP_FIRST &&
	    (ldap_looks_like(datagram, true) || ldap_looks_like(datagram, false)))
		return LOCAL_LDAP;
	return LOCAL_NONE;
}

const char *local_type(enum local_kind kind)
{
	static const char *const names[LOCAL_KINDS] = {
		[LOCAL_MDNS] = "mdns", [LOCAL_LLMNR] = "llmnr", [LOCAL_NBNS] = "nbns",
		[LOCAL_DTLS] = "dtls", [LOCAL_LDAP] = "ldap",	[LOCAL_DHCP] = "dhcp_ask",
	};

	return kind < LOCAL_KINDS ? names[kind] : NULL;
}

bool local_log(enum local_kind kind, struct slice datagram, struct record *r)
{
	switch (kind) {
	case LOCAL_MDNS:
	case LOCAL_LLMNR:
	case LOCAL_NBNS:
		return local_log_names(kind, datagram, r);
	case LOCAL_DTLS:
		return local_log_dtls(datagram, r);
	case LOCAL_LDAP:
		return ldap_log_datagram(datagram, r);
	case LOCAL_DHCP:
		return local_log_dhcp(datagram, r);
	default:
		return false;
	}
}

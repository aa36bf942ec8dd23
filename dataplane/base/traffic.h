/* What kind of traffic a flow is that none of our parsers knows, by somebody else's word (libndpi,
 * dataplane/app/naming). Made by app, read by records and by behaviour detectors; never a flow's
 * app_proto. The texts are the library's own and live as long as the worker. */
#pragma once

#include <stdint.h>

enum { TRAFFIC_RISKS = 4 };

struct traffic {
	const char *name;		  /* "BitTorrent", "OpenVPN", "Mining", never NULL */
	const char *category;		  /* "Download", "VPN", "Mining", never NULL */
	const char *risks[TRAFFIC_RISKS]; /* "Unsafe Protocol", ...; NULL behind the last one */
	uint64_t risk_bits;		  /* all of them: 1 << ndpi_risk_enum of libndpi 4.2 */
};

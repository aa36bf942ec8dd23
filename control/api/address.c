#include "control/api/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

int address_parse(const char *text, struct sockaddr_storage *ret, struct errmsg *e)
{
	const char *colon = strrchr(text, ':');
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret;
	struct sockaddr_in *four = (struct sockaddr_in *)ret;
	char host[64] = "", *end = NULL;
	unsigned long port = colon ? strtoul(colon + 1, &end, 10) : 0;
	size_t n = colon ? (size_t)(colon - text) : 0;

	memset(ret, 0, sizeof(*ret));
	if (!colon || end == colon + 1 || *end || port > 65535 || n == 0 || n >= sizeof(host))
		return errmsg_set(e, ERR_INVALID, "page address \"%s\": write it as 127.0.0.1:8080",
				  text);
	memcpy(host, text, n);
	if (host[0] == '[' && host[n - 1] == ']') {
		host[n - 1] = 0;
		six->sin6_family = AF_INET6;
		six->sin6_port = htons((uint16_t)port);
		if (inet_pton(AF_INET6, host + 1, &six->sin6_addr) == 1)
			return ERR_OK;
	}
	four->sin_family = AF_INET;
	four->sin_port = htons((uint16_t)port);
	if (inet_pton(AF_INET, host, &four->sin_addr) == 1)
		return ERR_OK;
	return errmsg_set(e, ERR_INVALID, "page address \"%s\": write it as 127.0.0.1:8080", text);
}

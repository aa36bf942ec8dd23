/* The devices that a driver's configuration names, and the secrets for them. */
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "control/mitigator/drivers/driver.h"

enum { DEVICE_SECRET = 256 };

struct device {
	char name[TARGET_TEXT]; /* as configured */
	struct sockaddr_storage to;
	socklen_t to_len;
	struct ip_addr ip;
	uint16_t port;
};

/* "10.0.0.2", "10.0.0.2:1700", "2001:db8::2", "[2001:db8::2]:1700". Addresses only: a cut must not
 * wait for a name to be resolved. ERR_INVALID with a sentence. */
int device_parse(const char *text, uint16_t port, struct device *ret, struct errmsg *e);
/* Every device of the configuration; a sentence that names the driver otherwise. */
int device_check(const struct driver_config *c, uint16_t port, struct errmsg *e);

/* The first line of a file that only its owner and group may read. Bytes, or an error with a
 * sentence without what is in it. */
int device_secret(const char *path, char ret[DEVICE_SECRET], struct errmsg *e);
/* That `key` names such a file, longer than `least` bytes. */
int device_secret_check(const struct driver_config *c, const char *key, const char *path,
			size_t least, struct errmsg *e);

#include "control/mitigator/drivers/device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Splits an address from a port behind it; IPv6 with a port stands in brackets. */
static bool split(const char *text, char host[TARGET_TEXT], const char **ret_port)
{
	const char *first = strchr(text, ':'), *last = strrchr(text, ':'),
		   *end = text + strlen(text);

	*ret_port = NULL;
	if (*text == '[') {
		end = strchr(text++, ']');
		if (!end || (end[1] && end[1] != ':'))
			return false;
		*ret_port = end[1] ? end + 2 : NULL;
	} else if (first && first == last) {
		end = first;
		*ret_port = first + 1;
	}
	if ((size_t)(end - text) >= TARGET_TEXT)
		return false;
	memcpy(host, text, (size_t)(end - text));
	host[end - text] = 0;
	return true;
}

static void fill(struct device *d)
{
	struct sockaddr_in *four = (struct sockaddr_in *)&d->to;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&d->to;

	memset(&d->to, 0, sizeof(d->to));
	if (ip_addr_is_v4(&d->ip)) {
		four->sin_family = AF_INET;
		four->sin_port = htons(d->port);
		memcpy(&four->sin_addr, d->ip.bytes + 12, 4);
		d->to_len = sizeof(*four);
	} else {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons(d->port);
		memcpy(&six->sin6_addr, d->ip.bytes, 16);
		d->to_len = sizeof(*six);
	}
}

int device_parse(const char *text, uint16_t port, struct device *ret, struct errmsg *e)
{
	char host[TARGET_TEXT], *end = NULL;
	const char *number = NULL;
	unsigned long value = port;

	if (!split(text, host, &number) || ip_addr_parse(host, &ret->ip) < 0)
		return errmsg_set(e, ERR_INVALID,
				  "\"%.80s\" is no address of a device: 10.0.0.2, 10.0.0.2:%u or "
				  "[2001:db8::2]:%u",
				  text, port, port);
	if (number)
		value = strtoul(number, &end, 10);
	if (number && (*number < '0' || *number > '9' || *end || value == 0 || value > UINT16_MAX))
		return errmsg_set(e, ERR_INVALID, "\"%.80s\": the port must be 1 to 65535", text);
	ret->port = (uint16_t)value;
	snprintf(ret->name, sizeof(ret->name), "%s", text);
	fill(ret);
	return 0;
}

int device_check(const struct driver_config *c, uint16_t port, struct errmsg *e)
{
	struct device a, b;
	struct errmsg why;

	if (c->devices_n == 0)
		return errmsg_set(e, ERR_INVALID,
				  "driver %s: devices must name at least one address", c->name);
	for (unsigned i = 0; i < c->devices_n; i++) {
		if (device_parse(c->devices[i], port, &a, &why) < 0)
			return errmsg_set(e, ERR_INVALID, "driver %s: devices: %.300s", c->name,
					  why.text);
		for (unsigned k = 0; k < i; k++) {
			if (device_parse(c->devices[k], port, &b, &why) == 0 &&
			    ip_addr_eq(&a.ip, &b.ip) && a.port == b.port)
				return errmsg_set(e, ERR_INVALID,
						  "driver %s: devices: %s and %s are the same",
						  c->name, b.name, a.name);
		}
	}
	return 0;
}

static int read_line(int fd, const char *path, char ret[DEVICE_SECRET], struct errmsg *e)
{
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return errmsg_set(e, ERR_INVALID, "%s is no file", path);
	if (st.st_mode & (S_IROTH | S_IWOTH | S_IWGRP))
		return errmsg_set(e, ERR_DENIED,
				  "%s has a secret and is open to others: chmod 640 %s", path,
				  path);
	n = read(fd, ret, DEVICE_SECRET);
	if (n < 0)
		return errmsg_set(e, ERR_IO, "%s: %s", path, strerror(errno));
	if (n == DEVICE_SECRET)
		return errmsg_set(e, ERR_LIMIT, "%s: a secret has at most %d bytes", path,
				  DEVICE_SECRET - 1);
	ret[n] = 0;
	ret[strcspn(ret, "\r\n")] = 0;
	return (int)strlen(ret);
}

int device_secret(const char *path, char ret[DEVICE_SECRET], struct errmsg *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), n;

	if (fd < 0)
		return errmsg_set(e, ERR_NOTFOUND, "%s: %s", path, strerror(errno));
	n = read_line(fd, path, ret, e);
	close(fd);
	return n;
}

int device_secret_check(const struct driver_config *c, const char *key, const char *path,
			size_t least, struct errmsg *e)
{
	char secret[DEVICE_SECRET];
	struct errmsg why;
	int n;

	if (path[0] != '/')
		return errmsg_set(e, ERR_INVALID,
				  "driver %s: %s must be the absolute path of a file with the "
				  "secret in its first line",
				  c->name, key);
	n = device_secret(path, secret, &why);
	explicit_bzero(secret, sizeof(secret));
	if (n < 0)
		return errmsg_set(e, ERR_INVALID, "driver %s: %s: %.300s", c->name, key, why.text);
	if ((size_t)n < least)
		return errmsg_set(
			e, ERR_INVALID,
			"driver %s: %s: %s must have at least %zu bytes in its first line", c->name,
			key, path, least);
	return 0;
}

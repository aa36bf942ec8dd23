/* The host's own stack on a mirror interface: silent (B2). */
#include "dataplane/rx/port.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static void write_setting(const char *iface, const char *family, const char *name,
			  const char *value)
{
	char path[160];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, iface, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return; /* the family is not there: nothing to silence */
	if (write(fd, value, strlen(value)) < 0)
		fprintf(stderr, "banken-dataplane: %s could not be set (%s)\n", path,
			strerror(errno));
	close(fd);
}

int rx_silence(const char *iface, struct errmsg *err)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {0};
	int rc = ERR_OK;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", iface);
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0) {
		rc = errmsg_set(err, ERR_IO,
				"interface %s: %s; `ip link` lists the interfaces of this machine",
				iface, strerror(errno));
		goto out;
	}
	write_setting(iface, "ipv6", "disable_ipv6", "1");
	write_setting(iface, "ipv4", "igmpv3_unsolicited_report_interval", "0");
	request.ifr_flags = (short)((request.ifr_flags | IFF_UP | IFF_NOARP) & ~IFF_MULTICAST);
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		rc = errmsg_set(err, ERR_IO,
				"interface %s: cannot be brought up silent (%s); CAP_NET_ADMIN is "
				"needed at "
				"start",
				iface, strerror(errno));
out:
	if (fd >= 0)
		close(fd);
	return rc;
}

/* IFLA_XDP { IFLA_XDP_FD = -1 }: no program. */
struct detach_request {
	struct nlmsghdr head;
	struct ifinfomsg link;
	struct rtattr xdp;
	struct rtattr fd;
	int32_t none;
};

void rx_detach_xdp(const char *iface)
{
	struct detach_request r = {
		.head = {.nlmsg_len = sizeof(r),
			 .nlmsg_type = RTM_SETLINK,
			 .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
		.link = {.ifi_family = AF_UNSPEC, .ifi_index = (int)if_nametoindex(iface)},
		.xdp = {.rta_len = sizeof(r.xdp) + sizeof(r.fd) + sizeof(r.none),
			.rta_type = IFLA_XDP | NLA_F_NESTED},
		.fd = {.rta_len = sizeof(r.fd) + sizeof(r.none), .rta_type = IFLA_XDP_FD},
		.none = -1,
	};
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	char answer[256];
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return;
	/* What comes of it shows when the port is opened. */
	if (sendto(fd, &r, sizeof(r), 0, (struct sockaddr *)&kernel, sizeof(kernel)) > 0)
		(void)!recv(fd, answer, sizeof(answer), 0);
	close(fd);
}

bool rx_iface_packets(const char *iface, uint64_t *ret_packets, uint64_t *ret_dropped)
{
	FILE *f = fopen("/proc/net/dev", "re");
	size_t n = strlen(iface);
	bool found = false;
	char line[512];

	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f)) {
		unsigned long long bytes, packets, errors, dropped;
		const char *at = line + strspn(line, " ");

		if (strncmp(at, iface, n) != 0 || at[n] != ':')
			continue;
		if (sscanf(at + n + 1, "%llu %llu %llu %llu", &bytes, &packets, &errors,
			   &dropped) != 4)
			break;
		*ret_packets = packets;
		*ret_dropped = dropped;
		found = true;
	}
	fclose(f);
	return found;
}

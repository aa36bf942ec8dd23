#include "dataplane/rx/port.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_bus.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

enum {
	ARGS = 64,
	DESCRIPTORS = 2048,
	EXTRA_MB = 32, /* what DPDK takes beside the packet buffers */
	JUMBO_MTU = 9000,
	JUMBO_FRAME = JUMBO_MTU + 18, /* Ethernet head and check sum */
	BUFFER_NORMAL = RTE_MBUF_DEFAULT_BUF_SIZE,
	EARLY_BURST = 32,
	EARLY_BURSTS = 4096,			     /* more than a ring holds */
	BUFFER_JUMBO = 16384 + RTE_PKTMBUF_HEADROOM, /* af_packet cuts frames at its frame size */
	RESPONSE_BUFFERS = 512,
	POOL_CACHE = 256,
	FRAMES_MAX = (1 << 14) - 1, /* one less than a power of two wastes the least */
};

/* Symmetric for both directions of a conversation (Woo and Park 2012: repeat 0x6d5a). */
static uint8_t symmetric_key[52];

struct args {
	char *v[ARGS];
	int n;
};

static void add(struct args *a, const char *format, const char *value)
{
	char text[RX_DEVICE + 160];

	snprintf(text, sizeof(text), format, value);
	if (a->n < ARGS)
		a->v[a->n++] = strdup(text);
}

static bool is_pci(const char *device)
{
	unsigned domain, bus, slot, function;

	return sscanf(device, "%x:%x:%x.%x", &domain, &bus, &slot, &function) == 4;
}

static bool is_driver(const char *device, const char *driver)
{
	return strncmp(device, driver, strlen(driver)) == 0;
}

/* The value of a device argument such as iface=. */
static void device_argument(const char *device, const char *name, char *ret, size_t cap)
{
	const char *at = strstr(device, name);
	size_t n;

	ret[0] = 0;
	if (!at || at == device || at[-1] != ',')
		return;
	at += strlen(name);
	n = strcspn(at, ",");
	if (n < cap)
		snprintf(ret, cap, "%.*s", (int)n, at);
}

static void add_device(struct args *a, const char *device)
{
	if (is_pci(device))
		add(a, "-a%s", device);
	else if (is_driver(device, "net_af_packet") && !strstr(device, "framesz="))
		add(a, "--vdev=%s,framesz=16384,blocksz=65536,framecnt=2048", device);
	else
		add(a, "--vdev=%s", device);
}

/* Free memory in huge pages of the default size, MB. */
static unsigned long hugepages_free_mb(void)
{
	FILE *f = fopen("/proc/meminfo", "re");
	unsigned long pages = 0, kb = 0;
	char line[128];

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		(void)!sscanf(line, "HugePages_Free: %lu", &pages);
		(void)!sscanf(line, "Hugepagesize: %lu", &kb);
	}
	fclose(f);
	return pages * kb / 1024;
}

static bool use_hugepages(const struct rx_config *c)
{
	unsigned long have = c->hugepages ? hugepages_free_mb() : 0;

	if (have > 0 && have < c->memory_mb + EXTRA_MB)
		fprintf(stderr,
			"banken-dataplane: %lu MB of huge pages are free, %u MB are needed: none "
			"are used\n",
			have, c->memory_mb + EXTRA_MB);
	return have >= c->memory_mb + EXTRA_MB;
}

static void add_cores(struct args *a, const struct rx_config *c)
{
	char list[256];
	size_t n = 0;

	for (unsigned i = 0; i <= c->threads && n < sizeof(list) - 16; i++)
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%u@%u", i ? "," : "", i,
				      c->cores[i]);
	add(a, "--lcores=%s", list);
	add(a, "--main-lcore=%s", "0");
}

static int start_eal(const struct rx_config *c, struct rx *rx, struct errmsg *err)
{
	unsigned long long there = (unsigned long long)sysconf(_SC_PHYS_PAGES) *
					   (unsigned long long)sysconf(_SC_PAGESIZE) >>
				   20;
	struct args a = {.n = 0};
	char megabytes[16];
	bool pci = false;
	int rc;

	if (c->memory_mb > there)
		return errmsg_set(err, ERR_NOMEM,
				  "eal.memory-mb: this machine has %llu MB in all, %u MB cannot be "
				  "had for packet buffers",
				  there, c->memory_mb);

	snprintf(megabytes, sizeof(megabytes), "%u", c->memory_mb);
	rx->hugepages = use_hugepages(c);
	add(&a, "%s", "banken-dataplane");
	if (rx->hugepages) {
		add(&a, "%s", "--in-memory");
		add(&a, "%s", "--iova-mode=va");
	} else {
		add(&a, "%s", "--no-huge");
		add(&a, "%s", "--no-shconf");
	}
	add(&a, "-m%s", megabytes);
	/* What fails is told in a sentence of our own. */
	add(&a, "--log-level=*:%s", c->verbose ? "info" : "critical");
	add(&a, "%s", "--no-telemetry");
	add_cores(&a, c);
	for (unsigned i = 0; i < c->device_count; i++) {
		add_device(&a, c->devices[i]);
		pci |= is_pci(c->devices[i]);
	}
	if (c->response) {
		add_device(&a, c->response);
		pci |= is_pci(c->response);
	}
	if (!pci)
		add(&a, "%s", "--no-pci");
	/* The copies stay: EAL reorders and may keep what it is given, once a process. */
	rc = rte_eal_init(a.n, a.v);
	if (rc < 0 && rte_errno == ENODEV)
		return errmsg_set(err, ERR_IO,
				  "%s: DPDK has no such device; check the driver's name and the "
				  "arguments, as in net_af_packet0,iface=eth1 or 0000:03:00.0",
				  c->devices[0]);
	if (rc < 0)
		return errmsg_set(err, ERR_IO,
				  "DPDK did not start (%s); check the device strings and that %u "
				  "MB of memory "
				  "and the cores are there",
				  rte_strerror(rte_errno), c->memory_mb);
	return ERR_OK;
}

/* DPDK calls a virtual device by its name before the first comma. */
static bool port_by_device(const char *device, uint16_t *ret)
{
	char name[RX_DEVICE];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(device, ","), device);
	return rte_eth_dev_get_port_by_name(name, ret) == 0;
}

static int missing(const char *device, struct errmsg *err)
{
	char iface[RX_IFACE];

	device_argument(device, "iface=", iface, sizeof(iface));
	if ((is_driver(device, "net_af_packet") || is_driver(device, "net_af_xdp")) && !iface[0])
		return errmsg_set(err, ERR_IO,
				  "%s: the interface is missing; write %.64s,iface=eth1", device,
				  device);
	if (is_driver(device, "net_af_packet"))
		return errmsg_set(err, ERR_IO,
				  "%s: the port did not open; interface %s must exist, the other "
				  "arguments be the driver's own, and CAP_NET_RAW is needed",
				  device, iface);
	if (is_driver(device, "net_af_xdp"))
		return errmsg_set(err, ERR_IO,
				  "%s: the port did not open; it needs root, a kernel with AF_XDP "
				  "and MTU 3542 at "
				  "most on %s",
				  device, iface);
	if (is_pci(device))
		return errmsg_set(err, ERR_IO,
				  "%s: no driver took the NIC; bind it to vfio-pci "
				  "(dpdk-devbind.py) and enable "
				  "the IOMMU",
				  device);
	return errmsg_set(err, ERR_IO,
			  "%s: DPDK has no such device; check driver name and arguments", device);
}

static void rss_config(const struct rte_eth_dev_info *info, struct rte_eth_conf *conf)
{
	for (unsigned i = 0; i < sizeof(symmetric_key); i += 2) {
		symmetric_key[i] = 0x6d;
		symmetric_key[i + 1] = 0x5a;
	}
	conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	conf->rx_adv_conf.rss_conf.rss_key = symmetric_key;
	conf->rx_adv_conf.rss_conf.rss_key_len = info->hash_key_size ? info->hash_key_size : 40;
	/* Addresses only: fragments and their whole packets meet on one worker. */
	conf->rx_adv_conf.rss_conf.rss_hf = RTE_ETH_RSS_IP & info->flow_type_rss_offloads;
}

/* Whether the NIC can spread conversations itself: both directions to the same queue. */
static bool can_spread(const struct rte_eth_dev_info *info, unsigned workers)
{
	return workers > 1 && info->max_rx_queues >= workers &&
	       (info->flow_type_rss_offloads & RTE_ETH_RSS_IP) &&
	       info->hash_key_size <= sizeof(symmetric_key);
}

static int configure(const struct rx_config *c, struct rx_port *port, struct errmsg *err)
{
	struct rte_eth_conf conf = {0};
	struct rte_eth_dev_info info;
	int rc;

	rc = rte_eth_dev_info_get(port->id, &info);
	if (rc != 0)
		return errmsg_set(err, ERR_IO, "%s: says nothing about itself (%s)", port->device,
				  strerror(-rc));
	port->queues = can_spread(&info, c->workers) ? (uint16_t)c->workers : 1;
	if (port->queues > 1)
		rss_config(&info, &conf);
	if (!port->iface[0] && info.max_mtu >= JUMBO_MTU && info.max_rx_pktlen >= JUMBO_FRAME)
		conf.rxmode.mtu = JUMBO_MTU;
	if (info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER)
		conf.rxmode.offloads |= RTE_ETH_RX_OFFLOAD_SCATTER;
	/* A memif refuses a peer that has more rings than it has queues. */
	port->has_tx_queue = is_driver(port->device, "net_memif");
	rc = rte_eth_dev_configure(port->id, port->queues, port->has_tx_queue, &conf);
	if (rc != 0 && !port->has_tx_queue) {
		/* a driver that insists on a TX queue: it gets one, and never a frame */
		port->has_tx_queue = true;
		rc = rte_eth_dev_configure(port->id, port->queues, 1, &conf);
	}
	if (rc != 0)
		return errmsg_set(err, ERR_IO, "%s: cannot be configured (%s)", port->device,
				  strerror(-rc));
	return ERR_OK;
}

static int start_port(const struct rx_config *c, struct rx *rx, struct rx_port *port,
		      struct errmsg *err)
{
	uint16_t descriptors = DESCRIPTORS, tx_descriptors = 64;
	int rc = configure(c, port, err);

	if (rc != ERR_OK)
		return rc;
	rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &descriptors, &tx_descriptors);
	for (uint16_t q = 0; q < port->queues && rc == 0; q++)
		rc = rte_eth_rx_queue_setup(port->id, q, descriptors, SOCKET_ID_ANY, NULL,
					    rx->pool);
	if (rc == 0 && port->has_tx_queue)
		rc = rte_eth_tx_queue_setup(port->id, 0, tx_descriptors, SOCKET_ID_ANY, NULL);
	if (rc == 0)
		rc = rte_eth_dev_start(port->id);
	if (rc != 0)
		return errmsg_set(err, ERR_IO, "%s: cannot be started (%s)%s", port->device,
				  strerror(-rc),
				  is_driver(port->device, "net_memif")
					  ? "; a memif client needs its server first: start the "
					    "other end, or give this one role=server"
					  : "");
	if (c->promiscuous && rte_eth_promiscuous_enable(port->id) != 0)
		fprintf(stderr,
			"banken-dataplane: %s: promiscuous mode is not available, frames for "
			"others may be "
			"missing\n",
			port->device);
	return ERR_OK;
}

/* net_af_packet opens its socket for all interfaces and binds it to its own a moment later (DPDK
 * 22.11): what came in between is of other interfaces and must not be taken for the mirror's. What
 * lies in its ring at the start is thrown away, and counting begins behind it. */
static void discard_early_frames(struct rx_port *port)
{
	struct rte_mbuf *early[EARLY_BURST];
	uint64_t dropped;

	if (!is_driver(port->device, "net_af_packet"))
		return;
	for (uint16_t q = 0; q < port->queues; q++) {
		for (unsigned i = 0; i < EARLY_BURSTS; i++) {
			uint16_t n = rte_eth_rx_burst(port->id, q, early, EARLY_BURST);

			if (n == 0)
				break;
			rte_pktmbuf_free_bulk(early, n);
		}
	}
	rte_eth_stats_reset(port->id);
	rx_iface_packets(port->iface, &port->iface_base, &dropped);
}

static int open_port(const struct rx_config *c, struct rx *rx, const char *device,
		     struct errmsg *err)
{
	struct rx_port *port = &rx->port[rx->port_count];
	uint64_t dropped;
	int rc;

	snprintf(port->device, sizeof(port->device), "%s", device);
	device_argument(device, "iface=", port->iface, sizeof(port->iface));
	if (!port_by_device(device, &port->id))
		return missing(device, err);
	port->counts_losses =
		!is_driver(device, "net_af_packet") && !is_driver(device, "net_af_xdp");
	if (port->iface[0])
		rx_iface_packets(port->iface, &port->iface_base, &dropped);
	rx->port_count++;
	rc = start_port(c, rx, port, err);
	if (rc == ERR_OK)
		discard_early_frames(port);
	return rc;
}

static int open_response(const struct rx_config *c, struct rx *rx, struct errmsg *err)
{
	struct rte_eth_conf conf = {0};
	struct rte_ether_addr mac;
	uint16_t id;
	int rc;

	if (!port_by_device(c->response, &id))
		return missing(c->response, err);
	rx->response_pool = rte_pktmbuf_pool_create("response", RESPONSE_BUFFERS, 0, 0,
						    BUFFER_NORMAL, SOCKET_ID_ANY);
	rc = rx->response_pool ? rte_eth_dev_configure(id, 1, 1, &conf) : -ENOMEM;
	if (rc == 0)
		rc = rte_eth_rx_queue_setup(id, 0, 64, SOCKET_ID_ANY, NULL, rx->pool);
	if (rc == 0)
		rc = rte_eth_tx_queue_setup(id, 0, 256, SOCKET_ID_ANY, NULL);
	if (rc == 0)
		rc = rte_eth_dev_start(id);
	if (rc == 0)
		rc = rte_eth_macaddr_get(id, &mac);
	if (rc != 0)
		return errmsg_set(err, ERR_IO, "response port %s: cannot be started (%s)",
				  c->response, strerror(-rc));
	memcpy(rx->response_mac, mac.addr_bytes, 6);
	rx->response_id = id;
	rx->has_response = true;
	return ERR_OK;
}

static int make_pool(const struct rx_config *c, struct rx *rx, struct errmsg *err)
{
	unsigned size = BUFFER_NORMAL, count;

	for (unsigned i = 0; i < c->device_count; i++) {
		if (is_driver(c->devices[i], "net_af_packet"))
			size = BUFFER_JUMBO;
	}
	count = (unsigned)(((uint64_t)c->memory_mb << 20) * 6 / 10 / (size + 192));
	if (count > FRAMES_MAX)
		count = FRAMES_MAX;
	rx->pool = rte_pktmbuf_pool_create("frames", count, POOL_CACHE, 0, (uint16_t)size,
					   SOCKET_ID_ANY);
	if (!rx->pool)
		return errmsg_set(err, ERR_NOMEM,
				  "no room for %u packet buffers (%s); raise eal.memory-mb", count,
				  rte_strerror(rte_errno));
	return ERR_OK;
}

/* Nothing leaves by a mirror port (B2): not by another name of it either. */
static int check_response(const struct rx_config *c, struct errmsg *err)
{
	char own[RX_IFACE], iface[RX_IFACE];

	if (!c->response)
		return ERR_OK;
	device_argument(c->response, "iface=", own, sizeof(own));
	for (unsigned i = 0; i < c->device_count; i++) {
		size_t name = strcspn(c->devices[i], ",");

		device_argument(c->devices[i], "iface=", iface, sizeof(iface));
		if ((own[0] && strcmp(own, iface) == 0) ||
		    (strncmp(c->devices[i], c->response, name) == 0 &&
		     strcspn(c->response, ",") == name))
			return errmsg_set(
				err, ERR_INVALID,
				"response-port %s is the mirror port %s, by which nothing "
				"may leave; give another device, as in "
				"net_af_packet1,iface=eth2",
				c->response, c->devices[i]);
	}
	return ERR_OK;
}

int rx_start(const struct rx_config *c, struct rx *rx, struct errmsg *err)
{
	int rc = check_response(c, err);

	memset(rx, 0, sizeof(*rx));
	if (c->device_count > RX_PORTS)
		return errmsg_set(err, ERR_LIMIT, "more than %d ports", RX_PORTS);
	for (unsigned i = 0; i < c->device_count && rc == ERR_OK; i++) {
		char iface[RX_IFACE];

		device_argument(c->devices[i], "iface=", iface, sizeof(iface));
		if (iface[0])
			rc = rx_silence(iface, err);
		if (iface[0] && rc == ERR_OK && is_driver(c->devices[i], "net_af_xdp"))
			rx_detach_xdp(iface);
	}
	if (rc == ERR_OK)
		rc = start_eal(c, rx, err);
	if (rc == ERR_OK)
		rc = make_pool(c, rx, err);
	for (unsigned i = 0; i < c->device_count && rc == ERR_OK; i++)
		rc = open_port(c, rx, c->devices[i], err);
	if (rc == ERR_OK && c->response)
		rc = open_response(c, rx, err);
	return rc;
}

void rx_stop(struct rx *rx)
{
	for (unsigned i = 0; i < rx->port_count; i++) {
		rte_eth_dev_stop(rx->port[i].id);
		rte_eth_dev_close(rx->port[i].id);
	}
	if (rx->has_response) {
		rte_eth_dev_stop(rx->response_id);
		rte_eth_dev_close(rx->response_id);
	}
	rte_eal_cleanup();
}

void rx_losses(const struct rx *rx, unsigned index, struct rx_losses *ret)
{
	const struct rx_port *port = &rx->port[index];
	struct rte_eth_stats stats = {0};
	uint64_t seen, dropped;

	*ret = (struct rx_losses){0};
	rte_eth_stats_get(port->id, &stats);
	ret->received = stats.ipackets;
	ret->missed = stats.imissed + stats.rx_nombuf;
	ret->sent = stats.opackets;
	if (port->counts_losses || !port->iface[0])
		return;
	ret->estimated = true;
	if (rx_iface_packets(port->iface, &seen, &dropped) &&
	    seen > port->iface_base + ret->received)
		ret->missed = seen - port->iface_base - ret->received;
}

/* Live ports through DPDK. The only place, with worker/ and respond/, that sees DPDK. A mirror port
 * gets no TX queue where its driver permits, and never a frame (B2). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/err.h"

enum {
	RX_PORTS = 8,
	RX_DEVICE = 256,
	RX_IFACE = 16,
};

struct rte_mbuf;

struct rx_config {
	const char *const
		*devices; /* DPDK device strings: "net_af_packet0,iface=eth1", "0000:03:00.0" */
	unsigned device_count;
	const char *response; /* device that resets leave by; NULL = none. Never a mirror port */
	unsigned workers;     /* queues wanted a port */
	unsigned threads;     /* besides the main thread: workers, and a distributor */
	unsigned memory_mb;   /* of packet buffers */
	bool hugepages;	      /* use them when the system has some reserved */
	bool promiscuous;
	bool verbose;	       /* DPDK's own messages on standard error */
	const unsigned *cores; /* the main thread's, then one a thread */
};

struct rx_port {
	char device[RX_DEVICE];
	char iface[RX_IFACE]; /* Linux interface behind it, "" = a NIC of its own */
	uint16_t id;	      /* DPDK's */
	uint16_t queues;      /* 1 when the port cannot spread flows */
	bool counts_losses;   /* the driver says what it could not hand over */
	bool has_tx_queue;
	uint64_t iface_base; /* the interface's packet counter when the port was opened */
};

struct rx {
	struct rx_port port[RX_PORTS];
	unsigned port_count;
	bool hugepages; /* in use */
	bool has_response;
	uint16_t response_id;
	uint8_t response_mac[6];
	void *pool, *response_pool;
};

/* Starts DPDK and opens all ports. ERR_IO with a sentence that names the device, what failed and
 * what is missing (interface, capability, memory). Once a process. */
int rx_start(const struct rx_config *config, struct rx *ret, struct errmsg *err);
void rx_stop(struct rx *rx);

struct rx_losses {
	uint64_t received; /* frames the driver handed over, all queues */
	uint64_t missed;   /* frames lost before that */
	bool estimated;	   /* missed = the interface's counter minus received */
	uint64_t sent;	   /* must stay 0 */
};
/* Not for workers: may ask the system. */
void rx_losses(const struct rx *rx, unsigned port, struct rx_losses *ret);

/* Makes the host's own stack silent on an interface: no ARP, no IPv6, no multicast membership; up.
 * Before the port is opened. */
int rx_silence(const char *iface, struct errmsg *err);
/* Takes off the XDP program that a dataplane before us left on the interface, for it ends without
 * the right to do so: no other could be loaded. Before a net_af_xdp port is opened. */
void rx_detach_xdp(const char *iface);
/* Frames the interface has received since boot, from /proc/net/dev; false when there is no such
 * interface. */
bool rx_iface_packets(const char *iface, uint64_t *ret_packets, uint64_t *ret_dropped);

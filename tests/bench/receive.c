/* What receiving alone costs through DPDK: the trace is read by net_pcap in bursts and given back.
 * receive CAPTURE prints processor nanoseconds a packet and the number of packets as JSON. */
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "dataplane/base/err.h"
#include "dataplane/rx/port.h"

enum {
	BURST = 64,
	QUIET = 1000, /* empty bursts after which the file has ended */
	MEMORY_MB = 256,
};

static double cpu_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t receive(const struct rx *rx)
{
	struct rte_mbuf *frames[BURST];
	uint64_t packets = 0;
	unsigned quiet = 0;

	while (quiet < QUIET) {
		uint16_t n = rte_eth_rx_burst(rx->port[0].id, 0, frames, BURST);

		quiet = n ? 0 : quiet + 1;
		packets += n;
		for (uint16_t i = 0; i < n; i++)
			rte_pktmbuf_free(frames[i]);
	}
	return packets;
}

int main(int argc, char **argv)
{
	char device[RX_DEVICE];
	const char *devices[] = {device};
	const unsigned cores[] = {(unsigned)sched_getcpu()};
	struct rx_config config = {.devices = devices,
				   .device_count = 1,
				   .workers = 1,
				   .memory_mb = MEMORY_MB,
				   .cores = cores};
	struct errmsg e = {""};
	uint64_t packets;
	struct rx rx;
	double begin, took;

	if (argc != 2 || (size_t)snprintf(device, sizeof(device), "net_pcap0,rx_pcap=%s",
					  argv[1]) >= sizeof(device)) {
		fprintf(stderr, "usage: receive CAPTURE\n");
		return 2;
	}
	if (rx_start(&config, &rx, &e)) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	begin = cpu_now();
	packets = receive(&rx);
	took = cpu_now() - begin;
	printf("{\"receive\":%.1f,\"packets\":%" PRIu64 "}\n",
	       packets ? took * 1e9 / (double)packets : 0, packets);
	rx_stop(&rx);
	return 0;
}

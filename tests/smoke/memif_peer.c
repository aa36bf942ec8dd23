/* The other end of a net_memif port: sends the frames it reads from standard input, each behind its
 * length (4 bytes, most significant first), and says how many it sent and how many it heard.
 *
 *   memif_peer DEVICE        e.g. net_memif0,role=server,socket=/tmp/x.sock,socket-abstract=no */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

enum { BUFFERS = 4095, ROOM = 10240 + RTE_PKTMBUF_HEADROOM, LINK_TENTHS = 200, BURST = 32 };

static void nap(long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

static int start(const char *device, struct rte_mempool **ret)
{
	char vdev[300];
	char *args[] = {"memif_peer", "--no-huge",	   "--no-shconf", "--no-pci",
			"-m128",      "--log-level=error", vdev};
	struct rte_eth_conf conf = {0};
	int rc;

	snprintf(vdev, sizeof(vdev), "--vdev=%s", device);
	if (rte_eal_init(7, args) < 0 || rte_eth_dev_count_avail() != 1)
		return -1;
	*ret = rte_pktmbuf_pool_create("frames", BUFFERS, 0, 0, ROOM, SOCKET_ID_ANY);
	rc = *ret ? rte_eth_dev_configure(0, 1, 1, &conf) : -1;
	if (rc == 0)
		rc = rte_eth_rx_queue_setup(0, 0, 1024, SOCKET_ID_ANY, NULL, *ret);
	if (rc == 0)
		rc = rte_eth_tx_queue_setup(0, 0, 1024, SOCKET_ID_ANY, NULL);
	return rc == 0 ? rte_eth_dev_start(0) : rc;
}

static int wait_for_link(void)
{
	struct rte_eth_link link = {0};

	for (int i = 0; i < LINK_TENTHS && !link.link_status; i++) {
		rte_eth_link_get_nowait(0, &link);
		nap(100);
	}
	return link.link_status ? 0 : -1;
}

/* The next frame of standard input, NULL at its end. */
static struct rte_mbuf *next_frame(struct rte_mempool *pool)
{
	unsigned char head[4];
	struct rte_mbuf *m;
	size_t n;

	if (fread(head, 1, 4, stdin) != 4)
		return NULL;
	n = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
	m = n <= ROOM - RTE_PKTMBUF_HEADROOM ? rte_pktmbuf_alloc(pool) : NULL;
	if (!m || fread(rte_pktmbuf_mtod(m, void *), 1, n, stdin) != n) {
		fprintf(stderr, "memif_peer: a frame of %zu bytes cannot be read\n", n);
		exit(1);
	}
	m->data_len = (uint16_t)n;
	m->pkt_len = (uint32_t)n;
	return m;
}

int main(int argc, char **argv)
{
	struct rte_mempool *pool = NULL;
	struct rte_mbuf *m, *heard[BURST];
	unsigned long sent = 0, heard_n = 0;
	uint16_t n;

	if (argc != 2 || start(argv[1], &pool) < 0 || wait_for_link() < 0) {
		fprintf(stderr, "memif_peer: no peer at %s\n", argc == 2 ? argv[1] : "?");
		return 1;
	}
	while ((m = next_frame(pool))) {
		for (int tries = 0; rte_eth_tx_burst(0, 0, &m, 1) == 0; tries++) {
			if (tries == 1000)
				return 1;
			nap(1);
		}
		if (++sent % BURST == 0)
			nap(5);
	}
	for (int i = 0; i < 20; i++) {
		while ((n = rte_eth_rx_burst(0, 0, heard, BURST))) {
			heard_n += n;
			rte_pktmbuf_free_bulk(heard, n);
		}
		nap(25);
	}
	printf("sent %lu heard %lu\n", sent, heard_n);
	return 0;
}

/* Plays a capture into a port at a steady rate: the generator of tests/bench/live.
 *
 *   bench_send DEVICE CAPTURE BITS_A_SECOND SECONDS [NETNS]
 *
 * DEVICE is a DPDK virtual device ("net_memif0,role=client,..."), made inside the network namespace
 * of that name. The capture is read into memory, frames longer than MTU left out, and played from
 * its beginning as often as the time allows, `0` seconds: once (but for a last part burst); `0`
 * bits a second: as fast as the port takes them. A frame that the port does not take is lost, as it
 * would be on a wire: nothing is sent twice. Prints as JSON what was offered and what the port
 * took. */
#include "dataplane/base/err.h"
#include "dataplane/rx/file.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

enum { BUFFERS = 16383, BURST = 32, MTU = 1518, LINK_TENTHS = 200, GAP = 24 /* on the wire */ };

#define LATEST 0.002 /* seconds */

struct trace {
	uint8_t *bytes; /* frames behind each other */
	size_t size, cap;
	uint32_t *lens;
	size_t frames, frames_cap, left_out;
};

struct sum {
	uint64_t offered, taken, bits;
	double seconds;
};

static void *grow(void *v, size_t *cap, size_t need, size_t each)
{
	if (need <= *cap)
		return v;
	*cap = need * 2;
	v = realloc(v, *cap * each);
	if (!v) {
		fprintf(stderr, "bench_send: no memory for the capture\n");
		exit(1);
	}
	return v;
}

static void trace_add(struct trace *t, const struct packet *p)
{
	if (p->frame_len > MTU || p->frame_len < 14) {
		t->left_out++;
		return;
	}
	t->bytes = grow(t->bytes, &t->cap, t->size + p->frame_len, 1);
	t->lens = grow(t->lens, &t->frames_cap, t->frames + 1, sizeof(*t->lens));
	memcpy(t->bytes + t->size, p->frame, p->frame_len);
	t->size += p->frame_len;
	t->lens[t->frames++] = p->frame_len;
}

static int trace_read(const char *path, struct trace *t)
{
	struct errmsg e = {""};
	struct rx_file *f = NULL;
	struct packet p[BURST];
	unsigned n;

	if (rx_file_open(path, &f, &e) != ERR_OK) {
		fprintf(stderr, "bench_send: %s\n", e.text);
		return -1;
	}
	while ((n = rx_file_burst(f, p, BURST)) > 0) {
		for (unsigned i = 0; i < n; i++)
			trace_add(t, &p[i]);
	}
	rx_file_close(f);
	return t->frames ? 0 : -1;
}

static int enter(const char *space)
{
	char path[256];
	int fd, rc;

	snprintf(path, sizeof(path), "/run/netns/%s", space);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	rc = fd < 0 ? -1 : setns(fd, CLONE_NEWNET);
	if (fd >= 0)
		close(fd);
	return rc;
}

static int port_start(const char *device, struct rte_mempool **ret)
{
	char vdev[300];
	char *args[] = {"bench_send", "--no-huge",	   "--no-shconf", "--no-pci",
			"-m256",      "--log-level=error", vdev};
	struct rte_eth_conf conf = {0};
	struct rte_eth_link link = {0};

	snprintf(vdev, sizeof(vdev), "--vdev=%s", device);
	if (rte_eal_init(7, args) < 0 || rte_eth_dev_count_avail() != 1)
		return -1;
	*ret = rte_pktmbuf_pool_create("frames", BUFFERS, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
				       SOCKET_ID_ANY);
	if (!*ret || rte_eth_dev_configure(0, 1, 1, &conf) != 0 ||
	    rte_eth_rx_queue_setup(0, 0, 1024, SOCKET_ID_ANY, NULL, *ret) != 0 ||
	    rte_eth_tx_queue_setup(0, 0, 1024, SOCKET_ID_ANY, NULL) != 0 ||
	    rte_eth_dev_start(0) != 0)
		return -1;
	for (int i = 0; i < LINK_TENTHS && !link.link_status; i++) {
		rte_eth_link_get_nowait(0, &link);
		rte_delay_us_sleep(100000);
	}
	return link.link_status ? 0 : -1;
}

/* The next frames of the trace into mbufs; how many bits they are on a wire. */
struct player {
	const struct trace *t;
	size_t frame, at;
};

static uint64_t fill(struct player *p, struct rte_mbuf **mbufs)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < BURST; i++) {
		uint32_t len = p->t->lens[p->frame];

		memcpy(rte_pktmbuf_mtod(mbufs[i], void *), p->t->bytes + p->at, len);
		mbufs[i]->data_len = (uint16_t)len;
		mbufs[i]->pkt_len = len;
		bits += (len + GAP) * 8ULL;
		p->at += len;
		if (++p->frame == p->t->frames)
			p->frame = p->at = 0;
	}
	return bits;
}

/* Bursts go out when they are due; what is late by more is not made up for by a crowd. */
static void play(const struct trace *t, struct rte_mempool *pool, double rate, struct sum *ret)
{
	double limit = ret->seconds, cycles = (double)rte_get_tsc_hz();
	struct player player = {t, 0, 0};
	uint64_t begin = rte_rdtsc(), end = begin + (uint64_t)(limit * cycles), due = begin;
	struct rte_mbuf *mbufs[BURST];

	while (limit > 0 ? rte_rdtsc() < end : ret->offered + BURST <= t->frames) {
		uint64_t bits, now;
		uint16_t sent;

		if (rte_pktmbuf_alloc_bulk(pool, mbufs, BURST) != 0) {
			rte_eth_tx_done_cleanup(0, 0, 0);
			continue;
		}
		bits = fill(&player, mbufs);
		while ((now = rte_rdtsc()) < due)
			rte_pause();
		if (now > due + (uint64_t)(cycles * LATEST))
			due = now;
		sent = rte_eth_tx_burst(0, 0, mbufs, BURST);
		if (sent < BURST)
			rte_pktmbuf_free_bulk(mbufs + sent, BURST - sent);
		ret->offered += BURST;
		ret->taken += sent;
		ret->bits += bits;
		if (rate > 0)
			due += (uint64_t)((double)bits / rate * cycles);
	}
	ret->seconds = (double)(rte_rdtsc() - begin) / cycles;
}

int main(int argc, char **argv)
{
	struct rte_mempool *pool = NULL;
	struct trace t = {0};
	struct sum s = {0};

	if (argc < 5 || (argc > 5 && enter(argv[5]) != 0)) {
		fprintf(stderr, "usage: bench_send DEVICE CAPTURE BITS_A_SECOND SECONDS [NETNS]\n");
		return 2;
	}
	s.seconds = atof(argv[4]);
	if (trace_read(argv[2], &t) != 0 || port_start(argv[1], &pool) != 0) {
		fprintf(stderr, "bench_send: no frames in %s, or no peer at %s\n", argv[2],
			argv[1]);
		return 1;
	}
	play(&t, pool, atof(argv[3]), &s);
	rte_delay_us_sleep(300000); /* the peer takes what is still on its way */
	printf("{\"offered\":%llu,\"taken\":%llu,\"bits\":%llu,\"seconds\":%.6f,\"left_out\":%zu}"
	       "\n",
	       (unsigned long long)s.offered, (unsigned long long)s.taken,
	       (unsigned long long)s.bits, s.seconds, t.left_out);
	rte_eth_dev_stop(0);
	return 0;
}

/* Packets that a demonstration's sensor hands over: a question for a name and its answer, in a
 * pcapng of its own making, with a line of a chain that has just begun. */
#include <stdlib.h>
#include <string.h>

#include <mbedtls/sha256.h>

#include "control/centre/demo/demo.h"
#include "control/centre/store/evidence.h"
#include "control/centre/store/orders.h"
#include "dataplane/base/clock.h"

enum { FILE_MOST = 2048, FRAME = 86, IP_AT = 14, IP_LEN = 72, UDP_AT = 34, DNS_AT = 42 };

struct writing {
	uint8_t bytes[FILE_MOST];
	size_t len;
};

static void put(struct writing *w, const void *data, size_t len)
{
	memcpy(w->bytes + w->len, data, len);
	w->len += len;
}

static void put32(struct writing *w, uint32_t value)
{
	put(w, &value, sizeof(value)); /* the file says in which order its bytes are */
}

/* Section header and interface: Ethernet, microseconds. */
static void head(struct writing *w)
{
	put32(w, 0x0a0d0d0a);
	put32(w, 28);
	put32(w, 0x1a2b3c4d);
	put32(w, 1); /* version 1.0 */
	put32(w, 0xffffffff);
	put32(w, 0xffffffff);
	put32(w, 28);
	put32(w, 1);
	put32(w, 20);
	put32(w, 1);
	put32(w, 0x40000);
	put32(w, 20);
}

static void packet(struct writing *w, uint64_t time, const uint8_t frame[FRAME])
{
	uint64_t us = time / NS_PER_US;
	uint32_t padded = (FRAME + 3u) & ~3u;

	put32(w, 6);
	put32(w, 32 + padded);
	put32(w, 0);
	put32(w, (uint32_t)(us >> 32));
	put32(w, (uint32_t)us);
	put32(w, FRAME);
	put32(w, FRAME);
	put(w, frame, FRAME);
	put(w, "\0\0\0", padded - FRAME);
	put32(w, 32 + padded);
}

static void checksum(uint8_t *ip)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < 20; i += 2)
		sum += (uint32_t)ip[i] << 8 | ip[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~((sum & 0xffff) + (sum >> 16)) & 0xffff;
	ip[10] = (uint8_t)(sum >> 8);
	ip[11] = (uint8_t)sum;
}

/* A question about update-check.demo.example, or the same as an answer without records (NXDOMAIN).
 */
static void frame(bool is_answer, uint8_t ret[FRAME])
{
	static const uint8_t macs[2][6] = {{2, 0x5a, 0, 0, 2, 1}, {2, 0x5a, 0, 0, 0, 1}};
	static const uint8_t addresses[2][4] = {{10, 20, 2, 31}, {10, 20, 0, 53}};
	static const uint8_t ip[] = {0x45, 0, 0, IP_LEN, 0x1d, 0x94, 0x40, 0, 64, 17};
	static const uint8_t dns[] = "\x4b\x4e\x01\0\0\x01\0\0\0\0\0\0\x0cupdate-check\x04"
				     "demo\x07"
				     "example\0\0\x01\0\x01";
	unsigned from = is_answer;

	memset(ret, 0, FRAME);
	memcpy(ret, macs[!from], 6);
	memcpy(ret + 6, macs[from], 6);
	ret[12] = 0x08;
	memcpy(ret + IP_AT, ip, sizeof(ip));
	memcpy(ret + IP_AT + 12, addresses[from], 4);
	memcpy(ret + IP_AT + 16, addresses[!from], 4);
	checksum(ret + IP_AT);
	memcpy(ret + UDP_AT, is_answer ? "\0\x35\xd2\xf0" : "\xd2\xf0\0\x35", 4);
	ret[UDP_AT + 5] = IP_LEN - 20;
	memcpy(ret + DNS_AT, dns, sizeof(dns) - 1);
	if (is_answer)
		memcpy(ret + DNS_AT + 2, "\x81\x83", 2);
}

static void hash(const void *data, size_t len, char ret[65])
{
	uint8_t raw[32];

	mbedtls_sha256_ret(data, len, raw, 0);
	for (unsigned i = 0; i < 32; i++)
		snprintf(ret + 2 * i, 3, "%02x", raw[i]);
}

int demo_evidence(struct store *s, const struct store_order *o, char ret_file[128],
		  struct errmsg *err)
{
	struct writing w = {.len = 0};
	struct evidence_part part = {.order = o->id, .alert = o->subject, .file = ret_file};
	uint8_t bytes[FRAME];
	char sha[65], own[65], line[1024];
	int rc, len;

	head(&w);
	for (unsigned i = 0; i < 2; i++) {
		frame(i, bytes);
		packet(&w, o->time - NS_PER_MIN + i * 3 * NS_PER_MS, bytes);
	}
	hash(w.bytes, w.len, sha);
	snprintf(ret_file, 128, "%020llu-%.90s.pcapng", (unsigned long long)o->time, o->subject);
	len = snprintf(line, sizeof(line),
		       "{\"seq\":1,\"time\":%llu,\"kind\":\"packets\",\"file\":\"%s\",\"size\":%zu,"
		       "\"sha256\":\"%s\",\"alert\":\"%s\",\"packets\":2,\"prev\":\"%064d\"",
		       (unsigned long long)o->time, ret_file, w.len, sha, o->subject, 0);
	hash(line, (size_t)len, own);
	snprintf(line + len, sizeof(line) - (size_t)len, ",\"hash\":\"%s\"}\n", own);
	part.sha256 = sha;
	part.size = w.len;
	part.data = SLICE(w.bytes, w.len);
	part.proof = line;
	rc = store_begin(s, err);
	rc = rc == ERR_OK ? store_evidence(s, o->mitigator, &part, err) : rc;
	if (rc == ERR_OK)
		return store_commit(s, err);
	store_rollback(s);
	return rc;
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "dataplane/app/harness/harness.h"
#include "dataplane/app/nfs/nfs.h"
#include "dataplane/app/rpc/rpc.h"

/* --- messages --- */

struct bytes {
	uint8_t b[80000];
	size_t len;
};

static struct bytes out;

static void u32(uint32_t n)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		out.b[out.len++] = (uint8_t)(n >> shift);
}

static void u64(uint64_t n)
{
	u32((uint32_t)(n >> 32));
	u32((uint32_t)n);
}

static void zeros(size_t n)
{
	while (n-- > 0)
		out.b[out.len++] = 0;
}

static void raw(const char *s)
{
	memcpy(out.b + out.len, s, strlen(s));
	out.len += strlen(s);
}

static void string(const char *s)
{
	u32((uint32_t)strlen(s));
	raw(s);
	zeros(-strlen(s) & 3);
}

/* As many letters, from `first` on. */
static void letters(uint32_t n, unsigned first)
{
	for (uint32_t i = 0; i < n; i++)
		out.b[out.len++] = (uint8_t)('a' + (first + i) % 26);
	zeros(-n & 3);
}

static void call(uint32_t xid, uint32_t version, uint32_t procedure)
{
	out.len = RPC_MARK;
	u32(xid);
	u32(RPC_CALL);
	u32(2);
	u32(NFS_PROGRAM);
	u32(version);
	u32(procedure);
	u32(RPC_AUTH_UNIX);
	u32(24);
	u32(1);
	string("host");
	u32(500);
	u32(100);
	u32(0);
	u32(0);
	u32(0);
}

static void reply(uint32_t xid)
{
	out.len = RPC_MARK;
	u32(xid);
	u32(RPC_REPLY);
	u32(0);
	u32(0);
	u32(0);
	u32(0);
}

static void mark(void)
{
	size_t len = out.len;

	out.len = 0;
	u32(0x80000000u | (uint32_t)(len - RPC_MARK));
	out.len = len;
}

static bool send(struct harness *h, enum dir dir)
{
	mark();
	if (h->udp)
		return harness_feed(h, dir, out.b + RPC_MARK, out.len - RPC_MARK);
	return harness_feed(h, dir, out.b, out.len);
}

/* In pieces of `step` bytes. */
static void send_cut(struct harness *h, enum dir dir, size_t step)
{
	mark();
	for (size_t at = 0; at < out.len; at += step)
		harness_feed(h, dir, out.b + at, out.len - at < step ? out.len - at : step);
}

static void lookup(struct harness *h, uint32_t xid, const char *name, const char *handle)
{
	call(xid, 3, NFS3_LOOKUP);
	string("root");
	string(name);
	send(h, DIR_TS);
	reply(xid);
	u32(0);
	string(handle);
	send(h, DIR_TC);
}

static void read_call(struct harness *h, uint32_t xid, const char *handle, uint64_t offset)
{
	call(xid, 3, NFS3_READ);
	string(handle);
	u64(offset);
	u32(8192);
	send(h, DIR_TS);
}

static void read_reply(uint32_t xid, uint32_t len, bool eof, unsigned first)
{
	reply(xid);
	u32(0);
	u32(1);
	zeros(84);
	u32(len);
	u32(eof);
	u32(len);
	letters(len, first);
}

static void write_call(uint32_t xid, const char *handle, uint64_t offset, uint32_t len,
		       uint32_t stable, unsigned first)
{
	call(xid, 3, NFS3_WRITE);
	string(handle);
	u64(offset);
	u32(len);
	u32(stable);
	u32(len);
	letters(len, first);
}

static void commit(struct harness *h, uint32_t xid, const char *handle)
{
	call(xid, 3, NFS3_COMMIT);
	string(handle);
	u64(0);
	u32(0);
	send(h, DIR_TS);
}

static const struct nfs_tx *nth(const struct harness *h, uint64_t id)
{
	return container_of(harness_tx(h, id), const struct nfs_tx, tx);
}

static void assert_letters(const struct app_file *f, uint64_t size)
{
	assert_non_null(f);
	assert_int_equal(f->size, size);
	for (uint32_t i = 0; i < f->window_len; i++)
		assert_int_equal(f->window[i], 'a' + i % 26);
}

/* --- version 3 --- */

static void names_and_records(void **state)
{
	struct harness *h = harness_new(&nfs_proto, APP_TCP, 2049);
	const struct app_tx *tx;
	const char *eve;

	lookup(h, 7, "trace.txt", "H1");
	tx = harness_tx(h, 0);
	assert_int_equal(tx->progress[DIR_TC], NFS_COMPLETE);
	eve = harness_eve(h, tx, 0);
	/* python3 -c 'import zlib; print("%x" % zlib.crc32(b"H1"))' */
	assert_non_null(strstr(eve, "\"nfs\":{\"version\":3,\"procedure\":\"LOOKUP\",\"filename\":"
				    "\"trace.txt\",\"hhash\":\"28a7d7c8\",\"id\":1,\"file_tx\":"
				    "false,\"type\":\"response\",\"status\":\"OK\"}"));
	assert_non_null(strstr(eve, "\"rpc\":{\"xid\":7,\"status\":\"ACCEPTED\",\"auth_type\":"
				    "\"UNIX\",\"creds\":{\"machine_name\":\"host\",\"uid\":500,"
				    "\"gid\":100}}"));
	assert_int_equal(harness_keyword(h, tx, "nfs_procedure", DIR_TS, "3"), 1);
	assert_int_equal(harness_keyword(h, tx, "nfs_procedure", DIR_TS, ">3"), 0);
	assert_int_equal(harness_keyword(h, tx, "nfs_procedure", DIR_TS, "3-4"), 1);
	assert_int_equal(harness_keyword(h, tx, "nfs_procedure", DIR_TS, "2<>3"), 1);
	assert_int_equal(harness_keyword(h, tx, "nfs_procedure", DIR_TS, "4-9"), 0);
	assert_int_equal(harness_keyword(h, tx, "nfs_procedure", DIR_TS, "0-4"), -1);
	assert_int_equal(harness_keyword(h, tx, "nfs_procedure", DIR_TS, "3-3"), -1);
	assert_int_equal(harness_keyword(h, tx, "nfs.version", DIR_TS, "2<>4"), 1);
	assert_int_equal(harness_keyword(h, tx, "nfs.version", DIR_TS, "three"), -1);

	/* A handle that is known gives the name; GETATTR has no record. */
	call(8, 3, NFS3_ACCESS);
	string("H1");
	u32(31);
	send(h, DIR_TS);
	assert_true(slice_eq(kept_slice(&nth(h, 1)->name), SLICE_LIT("trace.txt")));
	call(9, 3, NFS3_GETATTR);
	string("H1");
	send(h, DIR_TS);
	assert_null(harness_eve(h, harness_tx(h, 2), 0));
	assert_non_null(strstr(harness_eve_alert(h, harness_tx(h, 2)), "GETATTR"));

	call(10, 3, NFS3_RENAME);
	string("dir1");
	string("old");
	string("dir2");
	string("newer");
	send(h, DIR_TS);
	reply(10);
	u32(13);
	send(h, DIR_TC);
	eve = harness_eve(h, harness_tx(h, 3), 0);
	assert_non_null(strstr(eve, "\"status\":\"ERR_ACCES\",\"rename\":{\"from\":\"old\",\"to\":"
				    "\"newer\"}"));
	harness_delete(h);
}

static void directory(void **state)
{
	struct harness *h = harness_new(&nfs_proto, APP_TCP, 2049);

	call(1, 3, NFS3_READDIRPLUS);
	string("dir");
	zeros(24);
	send(h, DIR_TS);
	reply(1);
	u32(0);
	u32(0); /* no attributes */
	u64(0);
	u32(1);
	u64(5);
	string("..");
	u64(0);
	u32(0);
	u32(0);
	u32(1);
	u64(6);
	string("file.bin");
	u64(1);
	u32(1);
	zeros(84);
	u32(1);
	string("HANDLE");
	u32(0);
	u32(1);
	send(h, DIR_TC);
	assert_int_equal(harness_tx(h, 0)->event_count, 0);
	read_call(h, 2, "HANDLE", 0);
	assert_true(slice_eq(kept_slice(&nth(h, 1)->name), SLICE_LIT("file.bin")));
	harness_delete(h);
}

/* However the bytes are cut. */
static void a_file_is_read(void **state)
{
	for (size_t step = 1; step < 900; step += step < 140 ? 1 : 97) {
		struct harness *h = harness_new(&nfs_proto, APP_TCP, 2049);
		const struct app_tx *tx;

		lookup(h, 1, "f", "H");
		read_call(h, 2, "H", 0);
		read_call(h, 3, "H", 601);
		read_reply(2, 601, false, 0);
		send_cut(h, DIR_TC, step);
		read_reply(3, 30, true, 601);
		send_cut(h, DIR_TC, step);
		tx = harness_tx(h, 1);
		assert_letters(tx->files[DIR_TC], 631);
		assert_int_equal(tx->files[DIR_TC]->state, APP_FILE_CLOSED);
		assert_int_equal(tx->progress[DIR_TS], NFS_COMPLETE);
		assert_int_equal(tx->progress[DIR_TC], NFS_COMPLETE);
		assert_int_equal(tx->event_count, 0);
		assert_non_null(strstr(harness_eve(h, tx, 0), "\"read\":{\"first\":true,\"last\":"
							      "true,\"last_xid\":3"));
		harness_delete(h);
	}
}

static void a_file_is_written(void **state)
{
	for (size_t step = 1; step < 900; step += step < 140 ? 1 : 97) {
		struct harness *h = harness_new(&nfs_proto, APP_TCP, 2049);
		const struct app_tx *tx;

		/* The second piece comes first. */
		write_call(1, "H", 0, 700, 0, 0);
		send_cut(h, DIR_TS, step);
		write_call(2, "H", 703, 100, 0, 703);
		send_cut(h, DIR_TS, step);
		write_call(3, "H", 700, 3, 0, 700);
		send_cut(h, DIR_TS, step);
		commit(h, 4, "H");
		tx = harness_tx(h, 0);
		assert_letters(tx->files[DIR_TS], 803);
		assert_int_equal(tx->files[DIR_TS]->state, APP_FILE_CLOSED);
		assert_int_equal(harness_keyword(h, tx, "nfs_procedure", DIR_TS, "7"), 1);
		assert_int_equal(harness_keyword(h, tx, "nfs_procedure", DIR_TS, "21"), 1);
		assert_int_equal(harness_keyword(h, tx, "nfs_procedure", DIR_TS, "6"), 0);
		harness_delete(h);
	}
}

/* FILE_SYNC: the file ends with the piece; the same handle again is another file. */
static void one_piece_files(void **state)
{
	struct harness *h = harness_new(&nfs_proto, APP_TCP, 2049);

	write_call(1, "H", 0, 10, 2, 0);
	send(h, DIR_TS);
	write_call(2, "H", 0, 11, 2, 0);
	send(h, DIR_TS);
	assert_letters(harness_tx(h, 0)->files[DIR_TS], 10);
	assert_letters(harness_tx(h, 1)->files[DIR_TS], 11);
	harness_delete(h);
}

/* --- gaps --- */

static void gap_in_a_file(void **state)
{
	struct harness *h = harness_new(&nfs_proto, APP_TCP, 2049);
	const struct app_tx *tx;

	read_call(h, 2, "H", 0);
	read_reply(2, 5000, true, 0);
	mark();
	harness_feed(h, DIR_TC, out.b, 1000);
	assert_true(harness_gap(h, DIR_TC, 2000));
	harness_feed(h, DIR_TC, out.b + 3000, out.len - 3000);
	tx = harness_tx(h, 0);
	assert_true(tx->files[DIR_TC]->gaps);
	assert_int_equal(tx->files[DIR_TC]->size, 5000);
	/* The next record is found without a search. */
	lookup(h, 3, "after", "H2");
	assert_int_equal(harness_tx(h, 1)->progress[DIR_TC], NFS_COMPLETE);
	harness_delete(h);
}

static void gap_over_records(void **state)
{
	struct harness *h = harness_new(&nfs_proto, APP_TCP, 2049);
	static const char junk[] = "\x80\0\0\x28 the end of something that began in the gap";

	call(1, 3, NFS3_ACCESS);
	string("H");
	u32(1);
	send(h, DIR_TS);
	assert_true(harness_gap(h, DIR_TS, 1234));
	harness_feed(h, DIR_TS, junk, sizeof(junk) - 1);
	call(2, 3, NFS3_ACCESS);
	string("H");
	u32(1);
	send(h, DIR_TS);
	assert_int_equal(harness_live(h), 2);
	assert_int_equal(nth(h, 1)->xid, 2);
	assert_true(harness_gap(h, DIR_TC, 10));
	reply(2);
	u32(0);
	send(h, DIR_TC);
	/* What waited for its reply does not any more. */
	assert_int_equal(harness_tx(h, 0)->progress[DIR_TC], NFS_COMPLETE);
	assert_int_equal(harness_tx(h, 1)->progress[DIR_TC], NFS_COMPLETE);
	harness_delete(h);
}

static void no_news_after_a_gap(void **state)
{
	struct harness *h = harness_new(&nfs_proto, APP_TCP, 2049);
	struct app_tx *tx;

	write_call(1, "H", 0, 100, 0, 0);
	send(h, DIR_TS);
	lookup(h, 2, "x", "HX");
	assert_true(harness_gap(h, DIR_TS, 100));
	lookup(h, 3, "x", "HX");
	tx = harness_tx(h, 0);
	assert_int_equal(tx->progress[DIR_TC], 0);
	h->io.now_ns += 61 * 1000000000ULL;
	lookup(h, 4, "x", "HX");
	assert_int_equal(tx->progress[DIR_TC], NFS_COMPLETE);
	assert_int_equal(tx->files[DIR_TS]->state, APP_FILE_TRUNCATED);
	harness_delete(h);
}

/* --- records --- */

static void fragments(void **state)
{
	struct harness *h = harness_new(&nfs_proto, APP_TCP, 2049);
	uint8_t cut[300];
	size_t n = 0;

	call(5, 3, NFS3_LOOKUP);
	string("dir");
	string("fragmented");
	for (size_t at = RPC_MARK; at < out.len; at += 40) {
		size_t len = out.len - at < 40 ? out.len - at : 40;
		uint8_t head[4] = {len < 40 ? 0x80 : 0, 0, 0, (uint8_t)len};

		memcpy(cut + n, head, 4);
		memcpy(cut + n + 4, out.b + at, len);
		n += 4 + len;
	}
	for (size_t i = 0; i < n; i++)
		harness_feed(h, DIR_TS, cut + i, 1);
	assert_false(h->failed);
	assert_true(slice_eq(kept_slice(&nth(h, 0)->name), SLICE_LIT("fragmented")));
	harness_delete(h);
}

/* Longer than what is kept: its start is read, the rest is passed over. */
static void long_record(void **state)
{
	struct harness *h = harness_new(&nfs_proto, APP_TCP, 2049);

	call(1, 3, NFS3_READDIRPLUS);
	string("dir");
	zeros(24);
	send(h, DIR_TS);
	reply(1);
	u32(0);
	u32(0);
	u64(0);
	u32(1);
	u64(6);
	string("file.bin");
	u64(1);
	u32(0);
	u32(1);
	string("HANDLE");
	zeros(70000);
	send_cut(h, DIR_TC, 1460);
	assert_int_equal(harness_tx(h, 0)->progress[DIR_TC], NFS_COMPLETE);
	lookup(h, 2, "next", "N");
	assert_int_equal(harness_tx(h, 1)->progress[DIR_TC], NFS_COMPLETE);
	assert_int_equal(harness_tx(h, 0)->event_count, 0);
	harness_delete(h);
}

static void malformed(void **state)
{
	struct harness *h = harness_new(&nfs_proto, APP_TCP, 2049);

	lookup(h, 2, "x", "H");
	call(1, 3, NFS3_ACCESS);
	u32(1000);
	send(h, DIR_TS);
	assert_true(harness_has_event(h, harness_tx(h, 0), "malformed_data"));
	assert_false(harness_feed(h, DIR_TS,
				  "\x80\0\0\x28"
				  "xxxx"
				  "\0\0\0\7"
				  "aaaaaaaaaaaaaaaa",
				  28));
	harness_delete(h);
}

static void many_calls(void **state)
{
	struct harness *h = harness_new(&nfs_proto, APP_TCP, 2049);

	for (uint32_t i = 0; i < NFS_TRANSACTIONS + 500; i++) {
		call(i, 3, NFS3_ACCESS);
		string("H");
		u32(1);
		assert_true(send(h, DIR_TS));
		harness_release(h);
		assert_true(harness_live(h) <= NFS_TRANSACTIONS);
	}
	harness_delete(h);
	/* As many files. */
	h = harness_new(&nfs_proto, APP_TCP, 2049);
	for (uint32_t i = 0; i < 200; i++) {
		write_call(i, (char[]){(char)('A' + i % 50), (char)('a' + i / 50), 0}, 0, 5, 0, 0);
		assert_true(send(h, DIR_TS));
	}
	assert_int_equal(harness_tx(h, 0)->files[DIR_TS]->state, APP_FILE_TRUNCATED);
	assert_int_equal(harness_tx(h, 199)->files[DIR_TS]->state, APP_FILE_OPEN);
	harness_delete(h);
}

/* --- the other versions --- */

static void version_2(void **state)
{
	struct harness *h = harness_new(&nfs_proto, APP_UDP, 2049);
	const struct app_tx *tx;

	call(1, 2, NFS3_READ);
	zeros(32);
	u32(0);
	u32(8192);
	u32(8192);
	send(h, DIR_TS);
	assert_int_equal(harness_live(h), 0);
	reply(1);
	u32(0);
	zeros(20);
	u32(11); /* size */
	zeros(44);
	u32(11);
	letters(11, 0);
	send(h, DIR_TC);
	tx = harness_tx(h, 0);
	assert_letters(tx->files[DIR_TC], 11);
	assert_int_equal(tx->files[DIR_TC]->state, APP_FILE_CLOSED);
	assert_non_null(strstr(harness_eve(h, tx, 0), "\"version\":2,\"procedure\":\"READ\""));
	harness_delete(h);
}

static void v4_call(uint32_t xid, uint32_t operations)
{
	call(xid, 4, 1);
	string("tag");
	u32(1);
	u32(operations);
}

static void v4_reply(uint32_t xid, uint32_t operations)
{
	reply(xid);
	u32(0);
	string("tag");
	u32(operations);
}

static void v4_open(struct harness *h)
{
	v4_call(1, 4);
	u32(53); /* SEQUENCE */
	zeros(32);
	u32(22); /* PUTFH */
	string("DIRH");
	u32(18); /* OPEN */
	zeros(20);
	string("owner");
	u32(1);
	u32(0);
	u32(2);
	u64(0);
	string("attr");
	u32(0);
	string("doc.pdf");
	u32(10); /* GETFH */
	send(h, DIR_TS);
	v4_reply(1, 4);
	u32(53);
	u32(0);
	zeros(36);
	u32(22);
	u32(0);
	u32(18);
	u32(0);
	zeros(16 + 20 + 4);
	u32(1);
	u32(7);
	u32(0);
	u32(10);
	u32(0);
	string("FILEH");
	send(h, DIR_TC);
}

static void v4_write_call(uint32_t xid, uint32_t len)
{
	v4_call(xid, 3);
	u32(22);
	string("FILEH");
	u32(38);
	zeros(16);
	u64(0);
	u32(0);
	u32(len);
	letters(len, 0);
	u32(9); /* GETATTR */
	u32(1);
	u32(7);
}

static void version_4(void **state)
{
	for (size_t step = 1; step < 3000; step = step * 2 + 1) {
		struct harness *h = harness_new(&nfs_proto, APP_TCP, 2049);
		const struct app_tx *tx;

		v4_open(h);
		assert_int_equal(harness_live(h), 0);
		v4_write_call(2, 66001);
		send_cut(h, DIR_TS, step);
		v4_call(3, 2);
		u32(22);
		string("FILEH");
		u32(4); /* CLOSE */
		zeros(20);
		send(h, DIR_TS);
		tx = harness_tx(h, 0);
		assert_int_equal(tx->files[DIR_TS]->size, 66001);
		assert_int_equal(tx->files[DIR_TS]->state, APP_FILE_CLOSED);
		assert_true(slice_eq(kept_slice(&nth(h, 0)->name), SLICE_LIT("doc.pdf")));
		assert_non_null(
			strstr(harness_eve(h, tx, 0), "\"version\":4,\"procedure\":\"WRITE\""));
		assert_int_equal(tx->event_count, 0);
		harness_delete(h);
	}
}

static void version_4_remove(void **state)
{
	struct harness *h = harness_new(&nfs_proto, APP_TCP, 2049);

	v4_call(9, 2);
	u32(24);
	u32(28);
	string("gone");
	send(h, DIR_TS);
	v4_reply(9, 2);
	u32(24);
	u32(0);
	u32(28);
	u32(2);
	send(h, DIR_TC);
	assert_non_null(strstr(harness_eve(h, harness_tx(h, 0), 0),
			       "\"procedure\":\"REMOVE\",\"filename\":\"gone\",\"id\":1,"
			       "\"file_tx\":false,\"type\":\"response\",\"status\":\"ERR_NOENT\""));
	/* An operation nobody knows: no effect, an event. */
	v4_call(10, 3);
	u32(28);
	string("gone");
	u32(9999);
	u32(0);
	send(h, DIR_TS);
	assert_int_equal(harness_live(h), 1);
	assert_true(harness_has_event(h, harness_tx(h, 0), "malformed_data"));
	harness_delete(h);
}

/* --- identification --- */

static void identification(void **state)
{
	struct harness *tcp = harness_new(&nfs_proto, APP_TCP, 2049);
	struct harness *udp = harness_new(&nfs_proto, APP_UDP, 2049);

	call(1, 3, NFS3_ACCESS);
	string("H");
	u32(1);
	mark();
	assert_int_equal(harness_identify(tcp, DIR_TS, SLICE(out.b, out.len)), APP_PROBE_YES);
	assert_int_equal(harness_identify(tcp, DIR_TS, SLICE(out.b, 40)), APP_PROBE_MORE);
	assert_int_equal(harness_identify(tcp, DIR_TC, SLICE(out.b, out.len)), APP_PROBE_NO);
	assert_int_equal(harness_identify(udp, DIR_TS, SLICE(out.b + 4, out.len - 4)),
			 APP_PROBE_YES);
	reply(1);
	zeros(20);
	mark();
	assert_int_equal(harness_identify(tcp, DIR_TC, SLICE(out.b, out.len)), APP_PROBE_YES);
	assert_int_equal(harness_identify(udp, DIR_TC, SLICE(out.b + 4, out.len - 4)),
			 APP_PROBE_YES);
	assert_int_equal(harness_identify(udp, DIR_TS, SLICE(out.b + 4, out.len - 4)),
			 APP_PROBE_NO);
	harness_delete(tcp);
	harness_delete(udp);
}

/* As Suricata lays them; of a record that is read before it is whole, what is there. */
static void frames(void **unused)
{
	static const struct {
		const char *name;
		int64_t len;
	} want[] = {{"rpc.pdu", 88}, {"rpc.creds", 32}, {"nfs.pdu", 20},
		    {"rpc.pdu", 44}, {"rpc.hdr", 12},	{"rpc.data", 32},
		    {"nfs.pdu", 16}, {"nfs.status", 4}, {"rpc.pdu", 1000}};
	struct harness *h = harness_new(&nfs_proto, APP_TCP, 2049);

	lookup(h, 1, "a name", "handle");
	write_call(2, "handle", 0, 5000, 0, 0);
	send_cut(h, DIR_TS, 1000);
	for (unsigned i = 0; i < ARRAY_SIZE(want); i++) {
		assert_string_equal(h->frames[i].name, want[i].name);
		assert_int_equal(h->frames[i].len, want[i].len);
	}
	harness_delete(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_records),
		cmocka_unit_test(directory),
		cmocka_unit_test(a_file_is_read),
		cmocka_unit_test(a_file_is_written),
		cmocka_unit_test(one_piece_files),
		cmocka_unit_test(gap_in_a_file),
		cmocka_unit_test(gap_over_records),
		cmocka_unit_test(no_news_after_a_gap),
		cmocka_unit_test(fragments),
		cmocka_unit_test(long_record),
		cmocka_unit_test(malformed),
		cmocka_unit_test(many_calls),
		cmocka_unit_test(version_2),
		cmocka_unit_test(version_4),
		cmocka_unit_test(version_4_remove),
		cmocka_unit_test(identification),
		cmocka_unit_test(frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

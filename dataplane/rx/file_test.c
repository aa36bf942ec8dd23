/* Capture files: the forms that are read, and what is said about those that are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"
#include "dataplane/rx/file.h"

struct bytes {
	uint8_t data[1 << 16];
	size_t len;
	bool big; /* numbers big endian */
};

static void put(struct bytes *b, const void *data, size_t len)
{
	assert_true(b->len + len <= sizeof(b->data));
	memcpy(b->data + b->len, data, len);
	b->len += len;
}

static void put32(struct bytes *b, uint32_t v)
{
	uint32_t w = b->big ? __builtin_bswap32(v) : v;

	put(b, &w, 4);
}

static void put16(struct bytes *b, uint16_t v)
{
	uint16_t w = b->big ? __builtin_bswap16(v) : v;

	put(b, &w, 2);
}

static void put_header(struct bytes *b, uint32_t magic, uint32_t snaplen, uint32_t link)
{
	put32(b, magic);
	put16(b, 2);
	put16(b, 4);
	put32(b, 0);
	put32(b, 0);
	put32(b, snaplen);
	put32(b, link);
}

static void put_record(struct bytes *b, uint32_t seconds, uint32_t fraction, const char *text)
{
	put32(b, seconds);
	put32(b, fraction);
	put32(b, (uint32_t)strlen(text));
	put32(b, (uint32_t)strlen(text) + 10);
	put(b, text, strlen(text));
}

static char path[64];

static const char *save(const struct bytes *b)
{
	FILE *f;

	snprintf(path, sizeof(path), "/tmp/banken-file-test-%d", getpid());
	f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(b->data, 1, b->len, f), b->len);
	fclose(f);
	return path;
}

static struct rx_file *opened(const struct bytes *b)
{
	struct rx_file *f = NULL;
	struct errmsg e = {""};

	if (rx_file_open(save(b), &f, &e))
		fail_msg("%s", e.text);
	unlink(path);
	return f;
}

static const char *refusal(const struct bytes *b)
{
	static struct errmsg e;
	struct rx_file *f = NULL;

	e.text[0] = 0;
	assert_true(rx_file_open(save(b), &f, &e) < 0);
	assert_null(f);
	unlink(path);
	assert_null(strchr(e.text, '\n'));
	return e.text;
}

static void next_is(struct rx_file *f, const char *text, uint64_t now_ns)
{
	struct packet p;

	memset(&p, 0xa5, sizeof(p));
	assert_int_equal(rx_file_next(f, &p), 1);
	assert_int_equal(p.frame_len, strlen(text));
	assert_memory_equal(p.frame, text, strlen(text));
	assert_int_equal(p.wire_len, strlen(text) + 10);
	assert_int_equal(p.now_ns, now_ns);
	assert_int_equal(p.number, rx_file_packets(f));
	assert_int_equal(p.flags, 0);
	assert_int_equal(p.port, 0);
	assert_null(p.origin);
}

static void end_is(struct rx_file *f, const char *damage)
{
	struct packet p;

	assert_int_equal(rx_file_next(f, &p), 0);
	assert_int_equal(rx_file_next(f, &p), 0);
	if (!damage) {
		assert_null(rx_file_damage(f));
	} else {
		assert_non_null(rx_file_damage(f));
		if (!strstr(rx_file_damage(f), damage))
			fail_msg("%s", rx_file_damage(f));
	}
	rx_file_close(f);
}

static void classic_forms(void **state)
{
	static const struct {
		uint32_t magic;
		bool big;
		uint64_t unit;
	} forms[] = {
		{0xa1b2c3d4, false, 1000},
		{0xa1b2c3d4, true, 1000},
		{0xa1b23c4d, false, 1},
		{0xa1b23c4d, true, 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct bytes b = {.big = forms[i].big};
		struct rx_file *f;

		put_header(&b, forms[i].magic, 65535, 113);
		put_record(&b, 1700000000, 5, "one");
		put_record(&b, 4000000000, 999, "second");
		put_record(&b, 0, 0, "");
		f = opened(&b);
		assert_int_equal(rx_file_link_type(f), 113);
		next_is(f, "one", 1700000000000000000ULL + 5 * forms[i].unit);
		next_is(f, "second", 4000000000000000000ULL + 999 * forms[i].unit);
		next_is(f, "", 0);
		end_is(f, NULL);
	}
}

static void snaplen_and_link_bits(void **state)
{
	struct bytes b = {0};
	struct rx_file *f;
	struct packet p;

	put_header(&b, 0xa1b2c3d4, 4, 0xf0000001); /* with a frame check sequence's length */
	put_record(&b, 1, 0, "abcdefgh");
	f = opened(&b);
	assert_int_equal(rx_file_link_type(f), 1);
	assert_int_equal(rx_file_next(f, &p), 1);
	assert_int_equal(p.frame_len, 4);
	assert_int_equal(p.wire_len, 18);
	end_is(f, NULL);
	b.len = 0;
	put_header(&b, 0xa1b2c3d4, 0, 1);
	put_record(&b, 1, 0, "abcdefgh");
	f = opened(&b);
	next_is(f, "abcdefgh", 1000000000);
	end_is(f, NULL);
}

static void frames_keep_their_place(void **state)
{
	const uint8_t *first;
	struct bytes b = {0};
	struct rx_file *f;
	struct packet p;

	put_header(&b, 0xa1b2c3d4, 65535, 1);
	for (int i = 0; i < 200; i++)
		put_record(&b, 1, 0, i ? "later" : "first");
	f = opened(&b);
	assert_int_equal(rx_file_next(f, &p), 1);
	first = p.frame;
	while (rx_file_next(f, &p))
		;
	assert_memory_equal(first, "first", 5);
	end_is(f, NULL);
}

static void cut_files(void **state)
{
	struct bytes b = {0};
	size_t whole;

	put_header(&b, 0xa1b2c3d4, 65535, 1);
	put_record(&b, 1, 0, "one");
	whole = b.len;
	put_record(&b, 2, 0, "two");
	for (size_t len = whole + 1; len < b.len; len++) {
		struct bytes cut = b;
		struct rx_file *f;

		cut.len = len;
		f = opened(&cut);
		next_is(f, "one", 1000000000);
		end_is(f, "after 1 records");
	}
}

static void impossible_length(void **state)
{
	struct bytes b = {0};
	struct rx_file *f;

	put_header(&b, 0xa1b2c3d4, 65535, 1);
	put_record(&b, 1, 0, "one");
	put32(&b, 1);
	put32(&b, 0);
	put32(&b, 0xffffffff);
	put32(&b, 0xffffffff);
	f = opened(&b);
	next_is(f, "one", 1000000000);
	end_is(f, "impossible length at byte 43");
}

static void no_records(void **state)
{
	struct bytes b = {0};
	struct rx_file *f;

	put_header(&b, 0xa1b2c3d4, 65535, 1);
	f = opened(&b);
	end_is(f, NULL);
}

static void not_captures(void **state)
{
	struct bytes b = {0};
	struct rx_file *f = NULL;
	struct errmsg e;

	assert_non_null(strstr(refusal(&b), "empty"));
	put(&b, "this is no capture file at all, but a text", 42);
	assert_non_null(strstr(refusal(&b), "not a capture file"));
	b.len = 10;
	assert_non_null(strstr(refusal(&b), "not a capture file"));
	b.len = 0;
	put(&b, "\x1f\x8b\x08\0\0\0\0\0", 8);
	assert_non_null(strstr(refusal(&b), "gunzip"));
	b.len = 0;
	put32(&b, 0xa1b2c3d4); /* a header cut off */
	assert_non_null(strstr(refusal(&b), "not a capture file"));
	assert_true(rx_file_open("/nonexistent/x.pcap", &f, &e) == ERR_IO);
	assert_non_null(strstr(e.text, "/nonexistent/x.pcap: cannot be opened: No such file"));
	assert_true(rx_file_open("/tmp", &f, &e) == ERR_IO);
	assert_non_null(strstr(e.text, "is a folder"));
}

static void put_block(struct bytes *b, uint32_t type, const void *body, uint32_t len)
{
	static const uint8_t zero[4];
	uint32_t padded = (len + 3) / 4 * 4;

	put32(b, type);
	put32(b, 12 + padded);
	put(b, body, len);
	put(b, zero, padded - len);
	put32(b, 12 + padded);
}

/* pcapng with one interface whose times are in nanoseconds. */
static void put_pcapng(struct bytes *b)
{
	static const uint8_t section[16] = {0x4d, 0x3c, 0x2b, 0x1a, 1,	  0,	0,    0,
					    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	static const uint8_t interface[20] = {1, 0, 0, 0, 0, 0, 4, 0, 9, 0, 1, 0, 9, 0, 0, 0};

	put_block(b, 0x0a0d0d0a, section, sizeof(section));
	put_block(b, 1, interface, sizeof(interface));
}

static void put_enhanced(struct bytes *b, uint64_t ns, const char *text)
{
	struct bytes body = {0};

	put32(&body, 0);
	put32(&body, (uint32_t)(ns >> 32));
	put32(&body, (uint32_t)ns);
	put32(&body, (uint32_t)strlen(text));
	put32(&body, (uint32_t)strlen(text) + 10);
	put(&body, text, strlen(text));
	put_block(b, 6, body.data, (uint32_t)body.len);
}

static void pcapng(void **state)
{
	struct bytes b = {0};
	struct rx_file *f;

	put_pcapng(&b);
	put_enhanced(&b, 1700000000123456789ULL, "one");
	put_enhanced(&b, 1700000001000000000ULL, "second");
	f = opened(&b);
	assert_int_equal(rx_file_link_type(f), 1);
	next_is(f, "one", 1700000000123456789ULL);
	next_is(f, "second", 1700000001000000000ULL);
	end_is(f, NULL);
	b.len -= 5;
	f = opened(&b);
	next_is(f, "one", 1700000000123456789ULL);
	end_is(f, "damaged after 1 records");
}

/* All frames of a burst are there until the next; those that the filter refuses take no place. */
static void bursts_of(const struct bytes *b, const char *filter, int step)
{
	struct rx_file *f = opened(b);
	struct packet p[RX_FILE_BURST];
	struct errmsg e;
	char text[16];
	unsigned n;
	int at = 0;

	if (filter)
		assert_int_equal(rx_file_filter(f, filter, &e), 0);
	while ((n = rx_file_burst(f, p, UINT32_MAX)) > 0) {
		assert_true(n <= RX_FILE_BURST);
		for (unsigned i = 0; i < n; i++, at += step) {
			snprintf(text, sizeof(text), "f%03d", at);
			assert_int_equal(p[i].frame_len, 4);
			assert_memory_equal(p[i].frame, text, 4);
		}
	}
	assert_int_equal(at, 3 * RX_FILE_BURST);
	end_is(f, NULL);
}

static void bursts(void **state)
{
	struct bytes classic = {0}, ng = {0};
	char text[16];

	put_header(&classic, 0xa1b2c3d4, 65535, 101);
	put_pcapng(&ng);
	for (int i = 0; i < 3 * RX_FILE_BURST; i++) {
		snprintf(text, sizeof(text), "f%03d", i);
		put_record(&classic, 1, 1, text);
		put_enhanced(&ng, 1, text);
	}
	bursts_of(&classic, NULL, 1);
	bursts_of(&ng, NULL, 1);
	/* every second */
	bursts_of(&classic, "link[3] & 1 = 0", 2);
}

/* More than the buffer holds, in records of all sizes: each comes whole. */
static void larger_than_the_buffer(void **state)
{
	enum { RECORDS = 400 };
	static uint8_t body[262144];
	struct bytes head = {0};
	struct rx_file *f;
	struct packet p[RX_FILE_BURST];
	struct errmsg e;
	unsigned n, at = 0;
	FILE *out;

	put_header(&head, 0xa1b2c3d4, 262144, 101);
	save(&head);
	out = fopen(path, "ab");
	assert_non_null(out);
	for (unsigned i = 0; i < RECORDS; i++) {
		uint32_t len = i % 7 == 0 ? sizeof(body) : i * 37 % 1500;
		uint32_t record[4] = {i, 0, len, len};

		memset(body, (int)i, len);
		fwrite(record, sizeof(record), 1, out);
		fwrite(body, len, 1, out);
	}
	assert_int_equal(fclose(out), 0);
	assert_int_equal(rx_file_open(path, &f, &e), 0);
	while ((n = rx_file_burst(f, p, RX_FILE_BURST)) > 0) {
		for (unsigned i = 0; i < n; i++, at++) {
			uint32_t len = at % 7 == 0 ? sizeof(body) : at * 37 % 1500;

			assert_int_equal(p[i].frame_len, len);
			assert_int_equal(p[i].now_ns, at * NS_PER_SEC);
			for (uint32_t k = 0; k < len; k += 97)
				assert_int_equal(p[i].frame[k], (uint8_t)at);
		}
	}
	assert_int_equal(at, RECORDS);
	end_is(f, NULL);
	unlink(path);
}

static void from_a_pipe(void **state)
{
	struct bytes b = {0};
	struct rx_file *f;
	struct errmsg e;
	char name[32];
	int ends[2];

	put_header(&b, 0xa1b2c3d4, 65535, 101);
	put_record(&b, 1, 2, "one");
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], b.data, b.len), (ssize_t)b.len);
	close(ends[1]);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", ends[0]);
	assert_int_equal(rx_file_open(name, &f, &e), 0);
	assert_int_equal(rx_file_link_type(f), LINK_RAW);
	next_is(f, "one", 1000002000);
	end_is(f, NULL);
	close(ends[0]);
}

static void filter(void **state)
{
	static const char tcp[] = "EEEEEEEEEEEE\x08\x00"
				  "E\x00\x00\x28zzzz\x40\x06zzssssddddTTTTTTTTTTTTTTTTTTTT";
	struct bytes b = {0};
	struct rx_file *f;
	struct errmsg e;
	struct packet p;

	put_header(&b, 0xa1b2c3d4, 65535, 1);
	for (int i = 0; i < 4; i++) {
		put32(&b, 1);
		put32(&b, 0);
		put32(&b, 54);
		put32(&b, 54);
		put(&b, tcp, 54);
		if (i % 2)
			b.data[b.len - 54 + 23] = 17;
	}
	f = opened(&b);
	assert_int_equal(rx_file_filter(f, "no such thing", &e), ERR_INVALID);
	assert_non_null(strstr(e.text, "no such thing"));
	assert_int_equal(rx_file_filter(f, "udp", &e), 0);
	for (uint64_t n = 1; n <= 2; n++) {
		assert_int_equal(rx_file_next(f, &p), 1);
		assert_int_equal(p.frame[23], 17);
		assert_int_equal(p.number, n);
	}
	end_is(f, NULL);
}

/* More than is kept mapped: what was released comes back when it is touched. */
static void large_file(void **state)
{
	enum { FRAME = 60000, COUNT = 1800 };
	static uint8_t frame[FRAME];
	const uint8_t *first = NULL;
	struct bytes b = {0};
	struct rx_file *f;
	struct errmsg e;
	struct packet p;
	FILE *out;

	put_header(&b, 0xa1b2c3d4, 65535, 1);
	save(&b);
	out = fopen(path, "ab");
	assert_non_null(out);
	for (uint32_t i = 0; i < COUNT; i++) {
		const uint32_t head[4] = {i, 0, FRAME, FRAME};

		memcpy(frame, &i, sizeof(i));
		fwrite(head, sizeof(head), 1, out);
		fwrite(frame, FRAME, 1, out);
	}
	fclose(out);
	assert_int_equal(rx_file_open(path, &f, &e), 0);
	unlink(path);
	for (uint32_t i = 0; i < COUNT; i++) {
		assert_int_equal(rx_file_next(f, &p), 1);
		assert_memory_equal(p.frame, &i, sizeof(i));
		if (!first)
			first = p.frame;
	}
	assert_memory_equal(first, "\0\0\0\0", 4);
	end_is(f, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classic_forms),
		cmocka_unit_test(snaplen_and_link_bits),
		cmocka_unit_test(frames_keep_their_place),
		cmocka_unit_test(cut_files),
		cmocka_unit_test(impossible_length),
		cmocka_unit_test(no_records),
		cmocka_unit_test(not_captures),
		cmocka_unit_test(pcapng),
		cmocka_unit_test(bursts),
		cmocka_unit_test(larger_than_the_buffer),
		cmocka_unit_test(from_a_pipe),
		cmocka_unit_test(filter),
		cmocka_unit_test(large_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

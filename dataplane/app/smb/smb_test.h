/* Records of SMB for its tests. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "dataplane/app/harness/harness.h"
#include "dataplane/app/smb/smb.h"

struct bytes {
	uint8_t data[1 << 17];
	size_t len;
};

static inline void put(struct bytes *b, const void *data, size_t n)
{
	assert_true(b->len + n <= sizeof(b->data));
	if (data)
		memcpy(b->data + b->len, data, n);
	else
		memset(b->data + b->len, 0, n);
	b->len += n;
}

/* `n` bytes, little endian. */
static inline void put_n(struct bytes *b, uint64_t v, unsigned n)
{
	for (unsigned i = 0; i < n; i++, v >>= 8)
		put(b, &(uint8_t){(uint8_t)v}, 1);
}

/* A text in UTF-16LE without its end. */
static inline void put_wide(struct bytes *b, const char *text)
{
	for (; *text; text++)
		put_n(b, (uint8_t)*text, 2);
}

/* The NBSS header in front of what begins at `at`, which has come to its end. */
static inline void nbss(struct bytes *b, size_t at)
{
	size_t len = b->len - at - 4;

	b->data[at] = 0;
	b->data[at + 1] = (uint8_t)(len >> 16);
	b->data[at + 2] = (uint8_t)(len >> 8);
	b->data[at + 3] = (uint8_t)len;
}

struct smb2_fields {
	uint16_t command;
	bool response, async;
	uint32_t status, tree, next;
	uint64_t msg, ssn;
};

static inline void put_smb2(struct bytes *b, struct smb2_fields f)
{
	put(b, "\xfeSMB\x40\0\0\0", 8);
	put_n(b, f.status, 4);
	put_n(b, f.command, 2);
	put_n(b, 1, 2);
	put_n(b, (f.response ? 1U : 0U) | (f.async ? 2U : 0U), 4);
	put_n(b, f.next, 4);
	put_n(b, f.msg, 8);
	put_n(b, 0, 4);
	put_n(b, f.tree, 4);
	put_n(b, f.ssn, 8);
	put(b, NULL, 16);
}

struct smb1_fields {
	uint8_t command;
	bool response;
	uint32_t status;
	uint16_t tree, user, msg;
};

static inline void put_smb1(struct bytes *b, struct smb1_fields f)
{
	put(b, "\xffSMB", 4);
	put_n(b, f.command, 1);
	put_n(b, f.status, 4);
	put_n(b, f.response ? 0x80 : 0, 1);
	put_n(b, 0xc000, 2); /* Unicode, NTSTATUS */
	put(b, NULL, 12);
	put_n(b, f.tree, 2);
	put_n(b, 1, 2);
	put_n(b, f.user, 2);
	put_n(b, f.msg, 2);
}

static inline void send(struct harness *h, enum dir dir, struct bytes *b)
{
	nbss(b, 0);
	assert_true(harness_feed(h, dir, b->data, b->len));
	b->len = 0;
	put(b, NULL, 4);
}

static inline bool logs(const struct harness *h, uint64_t id, const char *part)
{
	const char *text = harness_eve(h, harness_tx(h, id), 0);

	if (text && strstr(text, part))
		return true;
	print_message("%s\nhas no %s\n", text, part);
	return false;
}

static inline bool buffer_is(const struct harness *h, uint64_t id, const char *name, enum dir dir,
			     const char *want)
{
	return slice_eq(harness_buffer(h, harness_tx(h, id), name, dir, 0), slice_of(want));
}

static inline bool file_is(const struct harness *h, uint64_t id, enum dir dir, const char *want)
{
	const struct app_file *f = harness_tx(h, id)->files[dir];

	return f && slice_eq(SLICE(f->window, f->window_len), slice_of(want));
}

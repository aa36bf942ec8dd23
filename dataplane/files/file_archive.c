#include "dataplane/files/file_archive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>

enum { BLOCK = 1 << 16, RATIO_FREE = 1 << 20, TAR_MAGIC_AT = 257 };

const struct file_archive_limits file_archive_limits_default = {
	.depth = 4,
	.members = 1000,
	.ratio = 200,
	.bytes = 64 << 20,
	.member_held = 8 << 20,
};

const char *const file_archive_end_names[FILE_ARCHIVE_ENDS] = {
	"none",	    "whole",	 "encrypted", "damaged",   "too_deep",
	"too_many", "too_large", "bomb",      "no_memory",
};

struct look {
	const struct file_archive_limits *limits;
	const struct file_archive_sink *sink;
	struct file_archive_sum *sum;
	uint64_t packed; /* bytes of the file itself */
	unsigned depth;	 /* of the archive being read */
};

struct magic_bytes {
	const char *bytes;
	uint8_t len, at;
	bool raw; /* one compressed file without names */
};

static const struct magic_bytes magics[] = {
	{"PK\3\4", 4, 0, false},
	{"PK\5\6", 4, 0, false},
	{"7z\xbc\xaf\x27\x1c", 6, 0, false},
	{"Rar!\x1a\x07", 6, 0, false},
	{"MSCF", 4, 0, false},
	{"\x1f\x8b", 2, 0, true},
	{"BZh", 3, 0, true},
	{"\xfd"
	 "7zXZ",
	 5, 0, true},
	{"\x28\xb5\x2f\xfd", 4, 0, true},
	{"\x04\x22\x4d\x18", 4, 0, true},
	{"LZIP", 4, 0, true},
	{"\x1f\x9d", 2, 0, true},
	{"xar!", 4, 0, false},
	{"!<arch>\n", 8, 0, false},
	{"070701", 6, 0, false},
	{"070707", 6, 0, false},
	{"-lh", 3, 2, false},
};

static const struct magic_bytes *magic_of(struct slice head)
{
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		const struct magic_bytes *m = &magics[i];

		if (head.len >= (size_t)m->at + m->len &&
		    memcmp(head.data + m->at, m->bytes, m->len) == 0)
			return m;
	}
	return NULL;
}

static bool is_tar(struct slice head)
{
	return head.len >= TAR_MAGIC_AT + 5 && memcmp(head.data + TAR_MAGIC_AT, "ustar", 5) == 0;
}

bool file_archive_likely(struct slice head)
{
	return magic_of(head) || is_tar(head);
}

/* Filters that are libraries, none that starts a program. */
static bool supported(struct archive *a, bool raw)
{
	int bad = 0;

	bad |= archive_read_support_filter_gzip(a);
	bad |= archive_read_support_filter_bzip2(a);
	bad |= archive_read_support_filter_xz(a);
	bad |= archive_read_support_filter_lzma(a);
	bad |= archive_read_support_filter_zstd(a);
	bad |= archive_read_support_filter_lz4(a);
	bad |= archive_read_support_filter_lzip(a);
	bad |= archive_read_support_filter_compress(a);
	bad |= archive_read_support_format_zip(a);
	bad |= archive_read_support_format_7zip(a);
	bad |= archive_read_support_format_rar(a);
	bad |= archive_read_support_format_rar5(a);
	bad |= archive_read_support_format_cab(a);
	bad |= archive_read_support_format_tar(a);
	bad |= archive_read_support_format_cpio(a);
	bad |= archive_read_support_format_ar(a);
	bad |= archive_read_support_format_lha(a);
	bad |= archive_read_support_format_xar(a);
	if (raw)
		bad |= archive_read_support_format_raw(a);
	return bad == ARCHIVE_OK;
}

static void worse(struct look *l, enum file_archive_end end)
{
	if (end > l->sum->end)
		l->sum->end = end;
}

static bool over(struct look *l)
{
	const struct file_archive_limits *m = l->limits;

	if (l->sum->bytes > m->bytes)
		worse(l, FILE_ARCHIVE_TOO_LARGE);
	else if (l->sum->bytes > RATIO_FREE && l->sum->bytes / m->ratio > l->packed)
		worse(l, FILE_ARCHIVE_BOMB);
	else
		return false;
	return true;
}

/* Unpacks a member: its first bytes into `buf` of member_held bytes, the rest only counted. False
 * when everything has to stop. */
static bool unpack(struct look *l, struct archive *a, uint8_t *buf, struct file_archive_member *m)
{
	uint8_t rest[4096];

	for (;;) {
		bool held = m->bytes.len < l->limits->member_held;
		size_t left = (size_t)l->limits->member_held - m->bytes.len;
		la_ssize_t n =
			archive_read_data(a, held ? buf + m->bytes.len : rest,
					  held ? (left < BLOCK ? left : BLOCK) : sizeof(rest));

		if (n < 0) {
			worse(l, m->encrypted ? FILE_ARCHIVE_ENCRYPTED : FILE_ARCHIVE_DAMAGED);
			return true; /* the next member may be whole */
		}
		if (n == 0)
			return true;
		m->size += (uint64_t)n;
		l->sum->bytes += (uint64_t)n;
		if (held)
			m->bytes = SLICE(buf, m->bytes.len + (size_t)n);
		else
			m->cut = true;
		if (over(l))
			return false;
	}
}

static void look(struct look *l, struct slice file, unsigned depth);

static bool take_member(struct look *l, struct archive *a, struct archive_entry *e, uint8_t *buf)
{
	const char *name = archive_entry_pathname(e);
	struct file_archive_member m = {
		.name = name ? name : "",
		.format = archive_format_name(a) ? archive_format_name(a) : "",
		.depth = l->depth,
		.encrypted = archive_entry_is_encrypted(e),
		.bytes = SLICE(buf, 0),
	};
	bool more = true;

	if (archive_entry_filetype(e) == AE_IFDIR)
		return true;
	if (l->sum->members >= l->limits->members) {
		worse(l, FILE_ARCHIVE_TOO_MANY);
		return false;
	}
	l->sum->members++;
	if (m.encrypted) {
		worse(l, FILE_ARCHIVE_ENCRYPTED);
		m.size = archive_entry_size_is_set(e) ? (uint64_t)archive_entry_size(e) : 0;
	} else {
		more = unpack(l, a, buf, &m);
	}
	l->sink->member(l->sink->ctx, &m);
	if (more && !m.cut && file_archive_likely(m.bytes)) {
		look(l, m.bytes, l->depth + 1);
		more = l->sum->end < FILE_ARCHIVE_TOO_MANY;
	}
	return more;
}

static void read_members(struct look *l, struct archive *a, unsigned depth)
{
	uint8_t *buf = malloc(l->limits->member_held);
	struct archive_entry *e;
	int rc = ARCHIVE_OK;

	if (!buf) {
		worse(l, FILE_ARCHIVE_NO_MEMORY);
		return;
	}
	for (bool more = true; more;) {
		rc = archive_read_next_header(a, &e);
		if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
			break;
		worse(l, FILE_ARCHIVE_WHOLE);
		if (depth > l->sum->depth)
			l->sum->depth = depth;
		if (depth == 1 && l->sum->format[0] == '\0')
			snprintf(l->sum->format, sizeof(l->sum->format), "%s",
				 archive_format_name(a) ? archive_format_name(a) : "");
		l->depth = depth;
		more = take_member(l, a, e, buf);
	}
	if (rc != ARCHIVE_EOF && rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
		worse(l, archive_read_has_encrypted_entries(a) == 1 ? FILE_ARCHIVE_ENCRYPTED
								    : FILE_ARCHIVE_DAMAGED);
	free(buf);
}

static void look(struct look *l, struct slice file, unsigned depth)
{
	const struct magic_bytes *magic = magic_of(file);
	struct archive *a;

	if (depth > l->limits->depth) {
		worse(l, FILE_ARCHIVE_TOO_DEEP);
		return;
	}
	a = archive_read_new();
	if (!a || !supported(a, magic && magic->raw))
		worse(l, FILE_ARCHIVE_NO_MEMORY);
	else if (archive_read_open_memory(a, file.data, file.len) != ARCHIVE_OK)
		worse(l, FILE_ARCHIVE_DAMAGED);
	else
		read_members(l, a, depth);
	archive_read_free(a);
}

void file_archive_look(struct slice file, const struct file_archive_limits *limits,
		       const struct file_archive_sink *sink, struct file_archive_sum *ret)
{
	struct look l = {.limits = limits, .sink = sink, .sum = ret, .packed = file.len};

	*ret = (struct file_archive_sum){.end = FILE_ARCHIVE_NONE};
	if (file_archive_likely(file))
		look(&l, file, 1);
}

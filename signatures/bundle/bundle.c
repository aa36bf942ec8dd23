#include "signatures/bundle/bundle.h"

#include <stdlib.h>
#include <string.h>

#include <mbedtls/sha256.h>
#include <zlib.h>

#include "dataplane/base/cursor.h"

static const char magic[8] = "BKBNDL1\n";
static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

const char *const bundle_kind_names[BUNDLE_KINDS] = {"", "signatures", "pattern", "rule-set"};
const char *const bundle_folders[] = {"cache", "config", "data", "lists", "packs", "rules", NULL};

bool bundle_name_ok(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n < BUNDLE_NAME && name[0] != '.' && name[0] != '-' &&
	       strspn(name, letters) == n;
}

bool bundle_path_ok(const char *path)
{
	const char *slash = strchr(path, '/');

	if (!slash || strlen(path) >= BUNDLE_PATH || !bundle_name_ok(slash + 1))
		return false;
	for (unsigned i = 0; bundle_folders[i]; i++) {
		if (strlen(bundle_folders[i]) == (size_t)(slash - path) &&
		    strncmp(bundle_folders[i], path, (size_t)(slash - path)) == 0)
			return true;
	}
	return false;
}

void bundle_hex(const uint8_t *bytes, size_t n, char *ret)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		ret[2 * i] = digits[bytes[i] >> 4];
		ret[2 * i + 1] = digits[bytes[i] & 15];
	}
	ret[2 * n] = '\0';
}

void bundle_digest(struct slice head, uint8_t ret[32])
{
	static const char domain[] = "banken-bundle-v1"; /* its NUL is part of it */
	mbedtls_sha256_context h;

	mbedtls_sha256_init(&h);
	mbedtls_sha256_starts_ret(&h, 0);
	mbedtls_sha256_update_ret(&h, (const unsigned char *)domain, sizeof(domain));
	mbedtls_sha256_update_ret(&h, head.data, head.len);
	mbedtls_sha256_finish_ret(&h, ret);
	mbedtls_sha256_free(&h);
}

/* --- reading --- */

/* Text of `n` bytes into an array: printable UTF-8 bytes, no NUL inside. */
static bool take_text(struct cursor *c, size_t n, char *ret, size_t cap)
{
	struct slice s = cursor_take(c, n);

	if (c->bad || n >= cap || memchr(s.data, 0, n))
		return false;
	memcpy(ret, s.data, n);
	ret[n] = '\0';
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)ret[i] < ' ' || ret[i] == 0x7f)
			return false;
	}
	return true;
}

static int take_file(struct cursor *c, struct bundle_file *f, struct errmsg *e)
{
	struct slice hash;
	uint8_t packing;

	if (!take_text(c, cursor_u8(c), f->path, sizeof(f->path)) || !bundle_path_ok(f->path))
		return errmsg_set(e, ERR_INVALID,
				  "the bundle is damaged or hostile: a path in it is not allowed");
	packing = cursor_u8(c);
	f->size = cursor_u64(c);
	f->packed = cursor_u64(c);
	hash = cursor_take(c, sizeof(f->sha256));
	if (c->bad || packing > 1)
		return errmsg_set(e, ERR_INVALID, "the bundle ends within its table of files");
	memcpy(f->sha256, hash.data, sizeof(f->sha256));
	f->deflated = packing == 1;
	if (f->size > BUNDLE_FILE_MAX || f->packed > BUNDLE_MAX ||
	    (!f->deflated && f->size != f->packed))
		return errmsg_set(e, ERR_LIMIT,
				  "%s in the bundle is larger than the %d MiB allowed", f->path,
				  BUNDLE_FILE_MAX >> 20);
	return ERR_OK;
}

static int take_files(struct cursor *c, struct bundle *b, struct errmsg *e)
{
	uint64_t total = 0;
	int rc;

	for (unsigned i = 0; i < b->n; i++) {
		rc = take_file(c, &b->files[i], e);
		if (rc != ERR_OK)
			return rc;
		if (i > 0 && strcmp(b->files[i - 1].path, b->files[i].path) >= 0)
			return errmsg_set(e, ERR_INVALID,
					  "the bundle names %s twice or out of order",
					  b->files[i].path);
		total += b->files[i].size;
		if (total > BUNDLE_TOTAL_MAX)
			return errmsg_set(e, ERR_LIMIT,
					  "the bundle's files are more than the %d MiB allowed",
					  (int)(BUNDLE_TOTAL_MAX >> 20));
	}
	return ERR_OK;
}

static int take_head(struct cursor *c, struct bundle *b, struct errmsg *e)
{
	struct slice m = cursor_take(c, sizeof(magic));
	uint8_t kind;

	if (c->bad || memcmp(m.data, magic, sizeof(magic)) != 0)
		return errmsg_set(e, ERR_INVALID, "that is no bundle of this form");
	kind = cursor_u8(c);
	b->version = cursor_u64(c);
	b->made = (int64_t)cursor_u64(c);
	b->expires = (int64_t)cursor_u64(c);
	if (!take_text(c, cursor_u8(c), b->name, sizeof(b->name)) || !bundle_name_ok(b->name) ||
	    !take_text(c, cursor_u16(c), b->note, sizeof(b->note)))
		return errmsg_set(e, ERR_INVALID, "the bundle's name or note is not allowed");
	b->n = cursor_u16(c);
	if (c->bad || kind == 0 || kind >= BUNDLE_KINDS || b->version == 0 ||
	    b->version > INT64_MAX || b->made < 0 || b->expires < 0)
		return errmsg_set(e, ERR_INVALID, "the bundle's head is damaged");
	b->kind = (enum bundle_kind)kind;
	/* The least a file takes in the table: checked before room is made for them. */
	if (b->n > BUNDLE_FILES || (uint64_t)b->n * 50 > cursor_left(c))
		return errmsg_set(e, ERR_LIMIT,
				  "the bundle says that it has %u files, which it has not", b->n);
	return ERR_OK;
}

static int take_data(struct cursor *c, struct bundle *b, struct errmsg *e)
{
	for (unsigned i = 0; i < b->n; i++) {
		b->files[i].data = cursor_take(c, (size_t)b->files[i].packed);
		if (c->bad)
			return errmsg_set(e, ERR_INVALID, "the bundle is cut off within %s",
					  b->files[i].path);
	}
	if (cursor_left(c))
		return errmsg_set(e, ERR_INVALID, "%zu bytes follow the bundle's end",
				  cursor_left(c));
	return ERR_OK;
}

static int take_all(struct slice bytes, struct bundle *b, struct errmsg *e)
{
	struct cursor c = cursor_of(bytes);
	int rc = take_head(&c, b, e);

	if (rc != ERR_OK)
		return rc;
	b->files = calloc(b->n ? b->n : 1, sizeof(*b->files));
	if (!b->files)
		return errmsg_set(e, ERR_NOMEM, "no memory for the bundle's table");
	rc = take_files(&c, b, e);
	if (rc != ERR_OK)
		return rc;
	b->head = SLICE(bytes.data, cursor_offset(&c));
	b->signature = cursor_take(&c, cursor_u8(&c));
	if (c.bad)
		return errmsg_set(e, ERR_INVALID, "the bundle is cut off before its signature");
	bundle_digest(b->head, b->digest);
	return take_data(&c, b, e);
}

int bundle_parse(struct slice bytes, struct bundle *ret, struct errmsg *e)
{
	int rc;

	*ret = (struct bundle){0};
	if (bytes.len > BUNDLE_MAX)
		return errmsg_set(e, ERR_LIMIT, "the bundle is larger than the %d MiB allowed",
				  BUNDLE_MAX >> 20);
	rc = take_all(bytes, ret, e);
	if (rc != ERR_OK)
		bundle_done(ret);
	return rc;
}

void bundle_done(struct bundle *b)
{
	free(b->files);
	*b = (struct bundle){0};
}

const struct bundle_file *bundle_find(const struct bundle *b, const char *path)
{
	for (unsigned i = 0; i < b->n; i++) {
		if (strcmp(b->files[i].path, path) == 0)
			return &b->files[i];
	}
	return NULL;
}

/* --- unpacking --- */

/* Exactly `size` bytes must come out; one more is asked for, so that a longer stream shows. */
static bool inflate_into(struct slice from, uint8_t *to, size_t size)
{
	z_stream z = {.next_in = (Bytef *)from.data, .avail_in = (uInt)from.len};
	int rc;

	if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
		return false;
	z.next_out = to;
	z.avail_out = (uInt)size + 1;
	rc = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	return rc == Z_STREAM_END && z.total_out == size && z.avail_in == 0;
}

int bundle_unpack(const struct bundle_file *f, struct slice *ret, struct errmsg *e)
{
	uint8_t *bytes = malloc((size_t)f->size + 1), hash[32];
	bool ok = bytes;

	if (!bytes)
		return errmsg_set(e, ERR_NOMEM, "no memory to unpack %s", f->path);
	if (f->deflated)
		ok = inflate_into(f->data, bytes, (size_t)f->size);
	else if (f->size)
		memcpy(bytes, f->data.data, (size_t)f->size);
	if (ok)
		ok = mbedtls_sha256_ret(bytes, (size_t)f->size, hash, 0) == 0 &&
		     memcmp(hash, f->sha256, sizeof(hash)) == 0;
	if (!ok) {
		free(bytes);
		return errmsg_set(e, ERR_INVALID, "%s in the bundle is not what was signed",
				  f->path);
	}
	bytes[f->size] = '\0';
	*ret = SLICE(bytes, (size_t)f->size);
	return ERR_OK;
}

/* Making a bundle. */
#include <stdlib.h>
#include <string.h>

#include <mbedtls/sha256.h>
#include <zlib.h>

#include "signatures/bundle/bundle.h"

struct out {
	uint8_t *data;
	size_t len, cap;
	bool full;
};

static void put(struct out *o, const void *data, size_t n)
{
	if (o->full || n > o->cap - o->len) {
		o->full = true;
		return;
	}
	if (n)
		memcpy(o->data + o->len, data, n);
	o->len += n;
}

static void put_number(struct out *o, uint64_t value, unsigned bytes)
{
	uint8_t b[8];

	for (unsigned i = 0; i < bytes; i++)
		b[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
	put(o, b, bytes);
}

static void put_text(struct out *o, const char *text, unsigned length_bytes)
{
	put_number(o, strlen(text), length_bytes);
	put(o, text, strlen(text));
}

struct packed {
	struct bundle_file f;
	uint8_t *own; /* NULL: it is the content itself */
};

/* Deflated where that is shorter. */
static int pack(const struct bundle_source *s, struct packed *ret, struct errmsg *e)
{
	z_stream z = {.next_in = (Bytef *)s->content.data, .avail_in = (uInt)s->content.len};
	size_t cap = s->content.len;

	snprintf(ret->f.path, sizeof(ret->f.path), "%s", s->path);
	ret->f.size = ret->f.packed = s->content.len;
	ret->f.data = s->content;
	mbedtls_sha256_ret(s->content.data, s->content.len, ret->f.sha256, 0);
	if (cap < 64)
		return ERR_OK;
	ret->own = malloc(cap);
	if (!ret->own || deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY) != Z_OK)
		return errmsg_set(e, ERR_NOMEM, "no memory to pack %s", s->path);
	z.next_out = ret->own;
	z.avail_out = (uInt)cap;
	if (deflate(&z, Z_FINISH) == Z_STREAM_END && z.total_out < cap) {
		ret->f.deflated = true;
		ret->f.packed = z.total_out;
		ret->f.data = SLICE(ret->own, z.total_out);
	}
	deflateEnd(&z);
	return ERR_OK;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct bundle_source *)a)->path,
		      ((const struct bundle_source *)b)->path);
}

static int check_sources(const struct bundle *head, const struct bundle_source *files, unsigned n,
			 struct errmsg *e)
{
	uint64_t total = 0;

	if (n > BUNDLE_FILES)
		return errmsg_set(e, ERR_LIMIT, "a bundle has at most %d files", BUNDLE_FILES);
	if (!bundle_name_ok(head->name) || head->version == 0 || head->version > INT64_MAX)
		return errmsg_set(e, ERR_INVALID,
				  "a bundle needs a name of letters, digits, '-', '_', '.' and a "
				  "version from 1");
	for (unsigned i = 0; i < n; i++) {
		if (!bundle_path_ok(files[i].path))
			return errmsg_set(e, ERR_INVALID,
					  "%s: such a path has no place in a bundle",
					  files[i].path);
		if (i > 0 && strcmp(files[i - 1].path, files[i].path) == 0)
			return errmsg_set(e, ERR_EXISTS, "%s comes twice", files[i].path);
		total += files[i].content.len;
		if (files[i].content.len > BUNDLE_FILE_MAX || total > BUNDLE_TOTAL_MAX)
			return errmsg_set(e, ERR_LIMIT, "%s: too large for a bundle",
					  files[i].path);
	}
	return ERR_OK;
}

static void put_head(struct out *o, const struct bundle *head, const struct packed *files,
		     unsigned n)
{
	put(o, "BKBNDL1\n", 8);
	put_number(o, head->kind, 1);
	put_number(o, head->version, 8);
	put_number(o, (uint64_t)head->made, 8);
	put_number(o, (uint64_t)head->expires, 8);
	put_text(o, head->name, 1);
	put_text(o, head->note, 2);
	put_number(o, n, 2);
	for (unsigned i = 0; i < n; i++) {
		put_text(o, files[i].f.path, 1);
		put_number(o, files[i].f.deflated, 1);
		put_number(o, files[i].f.size, 8);
		put_number(o, files[i].f.packed, 8);
		put(o, files[i].f.sha256, 32);
	}
}

static int assemble(const struct bundle *head, const struct packed *files, unsigned n,
		    const char *key_path, struct slice *ret, struct errmsg *e)
{
	uint8_t digest[32], signature[255];
	struct out o = {.cap = 1024 + (size_t)n * (BUNDLE_PATH + 64)};
	size_t len;
	int rc;

	for (unsigned i = 0; i < n; i++)
		o.cap += files[i].f.packed;
	o.data = malloc(o.cap);
	if (!o.data)
		return errmsg_set(e, ERR_NOMEM, "no memory for the bundle");
	put_head(&o, head, files, n);
	bundle_digest(SLICE(o.data, o.len), digest);
	rc = bundle_sign(key_path, digest, signature, sizeof(signature), &len, e);
	if (rc == ERR_OK) {
		put_number(&o, len, 1);
		put(&o, signature, len);
		for (unsigned i = 0; i < n; i++)
			put(&o, files[i].f.data.data, files[i].f.data.len);
		if (o.full || o.len > BUNDLE_MAX)
			rc = errmsg_set(e, ERR_LIMIT,
					"the bundle is larger than the %d MiB allowed",
					BUNDLE_MAX >> 20);
	}
	if (rc != ERR_OK) {
		free(o.data);
		return rc;
	}
	*ret = SLICE(o.data, o.len);
	return ERR_OK;
}

int bundle_make(const struct bundle *head, struct bundle_source *files, unsigned n,
		const char *key_path, struct slice *ret, struct errmsg *e)
{
	struct packed *packed = calloc(n ? n : 1, sizeof(*packed));
	int rc;

	if (!packed)
		return errmsg_set(e, ERR_NOMEM, "no memory for the bundle");
	qsort(files, n, sizeof(*files), by_path);
	rc = check_sources(head, files, n, e);
	for (unsigned i = 0; i < n && rc == ERR_OK; i++)
		rc = pack(&files[i], &packed[i], e);
	if (rc == ERR_OK)
		rc = assemble(head, packed, n, key_path, ret, e);
	for (unsigned i = 0; i < n; i++)
		free(packed[i].own);
	free(packed);
	return rc;
}

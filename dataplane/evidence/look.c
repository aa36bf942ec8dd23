/* What the bytes of a file hold: members of archives, hits of YARA rules, as records. */
#include <stdlib.h>
#include <string.h>

#include "dataplane/evidence/desk_private.h"

enum { NAME_SHOWN = 256, MAGIC_BYTES = 4096, YARA_GID = 3 };

struct look {
	struct desk *d;
	unsigned port;
	const struct desk_end *end;
	struct slice fileinfo;
	/* archives */
	struct record record; /* of the archive, its list of members open */
	unsigned told;
	/* what is being scanned */
	const char *member; /* name within the archive; NULL = the file itself */
};

/* A record of `type` about the file: the head of its fileinfo. */
static bool begin(struct look *l, struct record *r, void *buf, const char *type)
{
	struct record_head *h = record_begin(r, buf, RECORD_MAX);

	if (!h || l->fileinfo.len < sizeof(*h))
		return false;
	memcpy(h, l->fileinfo.data, sizeof(*h));
	memset(h->type, 0, sizeof(h->type));
	snprintf(h->type, sizeof(h->type), "%s", type);
	return true;
}

static void put_copy(struct record *r, struct slice fileinfo, const char *path, const char *name)
{
	struct slice text;

	if (record_find_str(fileinfo, path, &text))
		record_str(r, name, text);
}

/* --- YARA --- */

static void list_one(struct record *r, const char *name, const char *value)
{
	record_array(r, name);
	record_text(r, NULL, value);
	record_end(r);
}

static void put_metadata(struct record *r, const struct look *l, const struct file_yara_hit *hit)
{
	char text[128];

	record_object(r, "metadata");
	list_one(r, "yara_rule", hit->rule);
	list_one(r, "yara_file", hit->space);
	if (l->member) {
		snprintf(text, sizeof(text), "%.127s", l->member);
		list_one(r, "archive_member", text);
	}
	if (hit->tag_count) {
		record_array(r, "yara_tags");
		for (unsigned i = 0; i < hit->tag_count; i++)
			record_text(r, NULL, hit->tags[i]);
		record_end(r);
	}
	if (hit->string_count) {
		record_array(r, "yara_strings");
		for (unsigned i = 0; i < hit->string_count; i++) {
			snprintf(text, sizeof(text), "%s at %llu", hit->strings[i].name,
				 (unsigned long long)hit->strings[i].offset);
			record_text(r, NULL, text);
		}
		record_end(r);
	}
	record_end(r);
}

static void on_hit(void *ctx, const struct file_yara_hit *hit)
{
	struct look *l = ctx;
	struct record r;
	char text[256];

	desk_count(l->d, DESK_YARA_HITS);
	if (!begin(l, &r, l->d->record, "alert"))
		return;
	((struct record_head *)r.buf)->lane = RECORD_LANE_ALERT;
	snprintf(text, sizeof(text), "YARA %s%s%s", hit->rule, hit->description ? ": " : "",
		 hit->description ? hit->description : "");
	record_object(&r, "alert");
	record_text(&r, "action", "allowed");
	record_uint(&r, "gid", YARA_GID);
	record_uint(&r, "signature_id", hit->sid);
	record_uint(&r, "rev", 1);
	record_text(&r, "signature", text);
	record_text(&r, "category", "YARA rule on a file");
	record_uint(&r, "severity", hit->severity);
	put_metadata(&r, l, hit);
	record_end(&r);
	record_body(&r, l->fileinfo);
	desk_tell(l->d, l->port, record_finish(&r));
}

static void scan(struct look *l, struct slice bytes)
{
	struct file_yara_sink sink = {on_hit, l};

	if (!l->d->yara || bytes.len == 0)
		return;
	desk_count(l->d, DESK_YARA_SCANS);
	switch (file_yara_scan(l->d->yara, bytes, &sink)) {
	case FILE_YARA_TIMEOUT:
		desk_count(l->d, DESK_YARA_TIMEOUT);
		break;
	case FILE_YARA_FAILED:
		desk_count(l->d, DESK_YARA_FAILED);
		break;
	default:
		break;
	}
}

/* --- archives --- */

static void put_type(struct look *l, struct slice bytes)
{
	const char *type = file_magic_text(l->d->magic, slice_sub(bytes, 0, MAGIC_BYTES));

	if (type)
		record_text(&l->record, "type", type);
}

static void on_member(void *ctx, const struct file_archive_member *m)
{
	struct look *l = ctx;
	struct record *r = &l->record;

	desk_count(l->d, DESK_MEMBERS);
	if (l->told < DESK_MEMBERS_TOLD) {
		l->told++;
		record_object(r, NULL);
		record_str(r, "name",
			   SLICE((const uint8_t *)m->name, strnlen(m->name, NAME_SHOWN)));
		record_uint(r, "size", m->size);
		if (l->d->magic && m->bytes.len)
			put_type(l, m->bytes);
		record_uint(r, "depth", m->depth);
		if (m->encrypted)
			record_bool(r, "encrypted", true);
		if (m->cut)
			record_bool(r, "cut", true);
		record_end(r);
	}
	l->member = m->name;
	scan(l, m->bytes);
	l->member = NULL;
}

static void look_archive(struct look *l, struct slice bytes)
{
	struct file_archive_sink sink = {on_member, l};
	struct file_archive_sum sum;
	void *buf;

	if (!l->d->config.archives || !file_archive_likely(bytes))
		return;
	buf = aligned_alloc(8, RECORD_MAX);
	if (!buf || !begin(l, &l->record, buf, "archive")) {
		free(buf);
		return;
	}
	((struct record_head *)buf)->flags |= RECORD_OWN_TYPE;
	record_object(&l->record, "archive");
	put_copy(&l->record, l->fileinfo, "fileinfo.filename", "filename");
	if (l->end->has_sha256)
		record_hex(&l->record, "sha256", SLICE(l->end->sha256, 32), 0);
	record_array(&l->record, "members");
	file_archive_look(bytes, &file_archive_limits_default, &sink, &sum);
	record_end(&l->record);
	record_text(&l->record, "format", sum.format);
	record_text(&l->record, "end", file_archive_end_names[sum.end]);
	record_uint(&l->record, "member_count", sum.members);
	record_uint(&l->record, "depth", sum.depth);
	record_uint(&l->record, "bytes", sum.bytes);
	record_end(&l->record);
	desk_count(l->d, DESK_ARCHIVES);
	desk_count(l->d, DESK_ARCHIVE_ENDS + sum.end);
	desk_tell(l->d, l->port, record_finish(&l->record));
	free(buf);
}

void desk_look(struct desk *d, unsigned port, struct slice bytes, const struct desk_end *end,
	       struct slice fileinfo)
{
	struct look l = {.d = d, .port = port, .end = end, .fileinfo = fileinfo};

	scan(&l, bytes);
	look_archive(&l, bytes);
}

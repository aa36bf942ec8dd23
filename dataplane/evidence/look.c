/* What the inspector says of a file, as records: members of archives, hits of YARA rules. Which
 * file, flow and time it is about is known here and not asked. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dataplane/evidence/desk_private.h"
#include "dataplane/evidence/finding.h"

enum { YARA_GID = 3, TELL_EVERY_S = 10 };

struct look {
	struct desk *d;
	unsigned port;
	const struct desk_end *end;
	struct slice fileinfo;
	void *buf;	      /* of the archive's record; NULL = none is made */
	struct record record; /* of the archive, its list of members open */
	unsigned told;
	struct file_archive_sum sum;
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

static void put_metadata(struct record *r, const struct finding *f)
{
	const struct file_yara_hit *hit = &f->hit;
	char text[128];

	record_object(r, "metadata");
	list_one(r, "yara_rule", hit->rule);
	list_one(r, "yara_file", hit->space);
	if (f->member) {
		snprintf(text, sizeof(text), "%.127s", f->member);
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

static void tell_hit(struct look *l, const struct finding *f)
{
	const struct file_yara_hit *hit = &f->hit;
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
	put_metadata(&r, f);
	record_end(&r);
	record_body(&r, l->fileinfo);
	desk_tell(l->d, l->port, record_finish(&r));
}

static void count_scan(struct look *l, enum file_yara_result result)
{
	desk_count(l->d, DESK_YARA_SCANS);
	if (result == FILE_YARA_TIMEOUT)
		desk_count(l->d, DESK_YARA_TIMEOUT);
	else if (result == FILE_YARA_FAILED)
		desk_count(l->d, DESK_YARA_FAILED);
}

/* --- archives --- */

static void begin_archive(struct look *l)
{
	l->buf = aligned_alloc(8, RECORD_MAX);
	if (!l->buf || !begin(l, &l->record, l->buf, "archive")) {
		free(l->buf);
		l->buf = NULL;
		return;
	}
	((struct record_head *)l->buf)->flags |= RECORD_OWN_TYPE;
	record_object(&l->record, "archive");
	put_copy(&l->record, l->fileinfo, "fileinfo.filename", "filename");
	if (l->end->has_sha256)
		record_hex(&l->record, "sha256", SLICE(l->end->sha256, 32), 0);
	record_array(&l->record, "members");
}

static void put_member(struct look *l, const struct finding *f)
{
	const struct file_archive_member *m = &f->of_archive;
	struct record *r = &l->record;

	desk_count(l->d, DESK_MEMBERS);
	l->sum.members++;
	if (!l->buf || l->told == DESK_MEMBERS_TOLD)
		return;
	l->told++;
	record_object(r, NULL);
	record_text(r, "name", m->name);
	record_uint(r, "size", m->size);
	if (f->type)
		record_text(r, "type", f->type);
	record_uint(r, "depth", m->depth);
	if (m->encrypted)
		record_bool(r, "encrypted", true);
	if (m->cut)
		record_bool(r, "cut", true);
	record_end(r);
}

/* `end`: why looking ended. */
static void end_archive(struct look *l, const char *end)
{
	struct record *r = &l->record;

	desk_count(l->d, DESK_ARCHIVES);
	record_end(r);
	record_text(r, "format", l->sum.format);
	record_text(r, "end", end);
	record_uint(r, "member_count", l->sum.members);
	record_uint(r, "depth", l->sum.depth);
	record_uint(r, "bytes", l->sum.bytes);
	record_end(r);
	desk_tell(l->d, l->port, record_finish(r));
	free(l->buf);
	l->buf = NULL;
}

/* --- all together --- */

static bool tell(struct look *l, uint16_t kind, struct slice message)
{
	struct finding f;

	if (!finding_read(kind, message, &f))
		return false;
	switch (kind) {
	case FINDING_SCANNED:
		count_scan(l, f.scanned);
		break;
	case FINDING_HIT:
		tell_hit(l, &f);
		break;
	case FINDING_MEMBER:
		put_member(l, &f);
		break;
	default:
		if (!l->buf)
			break;
		l->sum = f.sum;
		desk_count(l->d, DESK_ARCHIVE_ENDS + f.sum.end);
		end_archive(l, file_archive_end_names[f.sum.end]);
	}
	return true;
}

/* A line now and then; the counters have all. */
static void complain(struct look *l, enum inspector_end end)
{
	struct slice name = SLICE("", 0);
	struct errmsg line;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (l->d->complained && now.tv_sec - l->d->complained_s < TELL_EVERY_S)
		return;
	l->d->complained = true;
	l->d->complained_s = now.tv_sec;
	(void)record_find_str(l->fileinfo, "fileinfo.filename", &name);
	errmsg_set(&line, ERR_OK,
		   "the verdict on file \"%.*s\" is missing: what reads files ended over it (%s)",
		   (int)(name.len < 128 ? name.len : 128), (const char *)name.data,
		   inspector_end_names[end]);
	fprintf(stderr, "banken-dataplane: %s\n", line.text);
}

void desk_look(struct desk *d, unsigned port, struct slice bytes, const struct desk_end *end,
	       struct slice fileinfo)
{
	struct look l = {.d = d, .port = port, .end = end, .fileinfo = fileinfo};
	bool archive = d->config.archives && file_archive_likely(bytes);
	struct inspector_said said;
	struct slice message;
	uint16_t kind;

	if (!d->config.inspector || !(archive || d->config.yara[0]))
		return;
	inspector_ask(d->config.inspector, bytes, &said);
	d->counts[DESK_INSPECT_AGAIN] += said.again;
	if (bytes.len > inspector_most(d->config.inspector))
		desk_count(d, DESK_INSPECT_CUT);
	if (said.full)
		desk_count(d, DESK_INSPECT_FULL);
	if (archive)
		begin_archive(&l);
	while (inspector_message(&said.messages, &kind, &message)) {
		if (!tell(&l, kind, message))
			said.end = INSPECTOR_NONSENSE;
	}
	desk_count(d, DESK_INSPECT_ENDS + said.end);
	if (said.end != INSPECTOR_DONE)
		complain(&l, said.end);
	if (l.buf)
		end_archive(&l,
			    said.end == INSPECTOR_DONE ? "none" : inspector_end_names[said.end]);
}

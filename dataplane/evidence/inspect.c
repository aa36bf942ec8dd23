#include "dataplane/evidence/inspect.h"

#include <time.h>

#include "dataplane/evidence/finding.h"
#include "dataplane/files/file_magic.h"

enum { MAGIC_BYTES = 4096 };

/* Of the inspector's process. */
struct inspect {
	bool archives;
	struct file_yara *yara;	  /* NULL = none */
	struct file_magic *magic; /* of archives' members; NULL = none */
	struct inspector_out *out;
	const char *member; /* that is scanned; NULL = the file itself */
};

static void on_hit(void *ctx, const struct file_yara_hit *hit)
{
	struct inspect *in = ctx;
	const struct finding f = {.kind = FINDING_HIT, .hit = *hit, .member = in->member};

	finding_say(&f, in->out);
}

static void scan(struct inspect *in, struct slice bytes)
{
	const struct file_yara_sink sink = {on_hit, in};
	struct finding f = {.kind = FINDING_SCANNED};

	if (!in->yara || bytes.len == 0)
		return;
	f.scanned = file_yara_scan(in->yara, bytes, &sink);
	finding_say(&f, in->out);
}

static void on_member(void *ctx, const struct file_archive_member *m)
{
	struct inspect *in = ctx;
	struct finding f = {.kind = FINDING_MEMBER, .of_archive = *m};

	if (in->magic && m->bytes.len)
		f.type = file_magic_text(in->magic, slice_sub(m->bytes, 0, MAGIC_BYTES));
	finding_say(&f, in->out);
	in->member = m->name;
	scan(in, m->bytes);
	in->member = NULL;
}

static void look(void *ctx, struct slice bytes, struct inspector_out *out)
{
	struct inspect *in = ctx;
	const struct file_archive_sink sink = {on_member, in};
	struct finding f = {.kind = FINDING_ARCHIVE};

	in->out = out;
	scan(in, bytes);
	if (!in->archives || !file_archive_likely(bytes))
		return;
	file_archive_look(bytes, &file_archive_limits_default, &sink, &f.sum);
	finding_say(&f, out);
}

int inspect_start(const struct inspect_config *config, struct inspector **ret, struct errmsg *err)
{
	struct inspector_config setup = config->inspector;
	struct inspect in = {.archives = config->archives};
	int rc = ERR_INVALID;

	*ret = NULL;
	if (config->yara[0] && !(in.yara = file_yara_load(config->yara, err)))
		return rc;
	if (config->archives)
		in.magic = file_magic_new();
	tzset(); /* archives' times are local ones; the inspector opens no file */
	setup.look = look;
	setup.ctx = &in; /* never left by the processes that use it */
	rc = inspector_new(&setup, ret, err);
	file_yara_free(in.yara);
	file_magic_free(in.magic);
	return rc;
}

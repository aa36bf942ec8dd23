#include "dataplane/app/ftp_data/ftp_data.h"

#include "dataplane/api/record.h"
#include "dataplane/app/file.h"
#include "dataplane/app/text/compile.h"

struct ftp_data_tx {
	struct app_tx tx;
	uint8_t transfer; /* FTP_RETR or FTP_STOR */
	struct kept name;
};

struct ftp_data_state {
	struct app_expectation what;
	enum dir dir; /* in which the file goes */
	struct app_file *file;
	bool begun, over;
};

static void state_begin(struct app_io *io, void *state)
{
	const struct app_expectation *what = app_expected(io);
	struct ftp_data_state *s = state;
	bool to_server;

	if (!what)
		return;
	s->what = *what;
	/* Whoever opened the connection is the client here: the FTP server in active mode. */
	to_server = (what->kind & FTP_TRANSFER) == FTP_STOR;
	s->dir = to_server == !(what->kind & FTP_ACTIVE) ? DIR_TS : DIR_TC;
}

static void tx_free(struct app_io *io, void *state, struct app_tx *tx)
{
	struct ftp_data_state *s = state;

	kept_free(io->slab, &container_of(tx, struct ftp_data_tx, tx)->name);
	s->file = NULL;
}

/* The transaction and its file at the first bytes. */
static bool begin(struct app_io *io, struct ftp_data_state *s)
{
	struct slice name = SLICE(s->what.name, s->what.name_len);
	struct app_tx *tx;
	struct ftp_data_tx *t;

	if (s->begun)
		return true;
	s->begun = true;
	tx = app_tx_new(io, sizeof(*t));
	if (!tx)
		return false;
	t = container_of(tx, struct ftp_data_tx, tx);
	t->transfer = s->what.kind & FTP_TRANSFER;
	kept_set(io->slab, &t->name, name);
	tx->progress[dir_other(s->dir)] = 1;
	s->file = app_file_open(io, tx, s->dir, name);
	return true;
}

static void end(struct app_io *io, struct ftp_data_state *s)
{
	struct app_tx *tx = app_tx_last(io);

	if (s->over)
		return;
	s->over = true;
	if (s->file)
		app_file_close(io, s->file, false);
	s->file = NULL;
	if (tx)
		tx->progress[s->dir] = 1;
}

static struct app_result parse(struct app_io *io, void *state, enum dir dir, struct app_input input)
{
	struct ftp_data_state *s = state;

	if (!s->what.proto)
		return APP_RESULT_BAD;
	if (dir != s->dir || s->over)
		return APP_RESULT_OK(input.data.len);
	if (!begin(io, s))
		return APP_RESULT_BAD;
	if (s->file && input.data.len > 0)
		app_file_data(io, s->file, input.data);
	if (input.eof)
		end(io, s);
	return APP_RESULT_OK(input.data.len);
}

static bool gap(struct app_io *io, void *state, enum dir dir, uint64_t len)
{
	struct ftp_data_state *s = state;

	if (!s->what.proto || !begin(io, s))
		return false;
	if (dir == s->dir && s->file)
		app_file_gap(io, s->file, len);
	return true;
}

static void *compile_command(struct slice argument, char *why, size_t cap)
{
	static const char *const names[] = {[FTP_RETR] = "retr", [FTP_STOR] = "stor"};
	uint8_t *transfer = compile_new(sizeof(*transfer));
	struct slice s = text_trim(argument);

	for (uint8_t i = FTP_RETR; i <= FTP_STOR; i++) {
		if (slice_eq(s, slice_of(names[i])))
			*transfer = i;
	}
	if (*transfer == 0)
		return compile_refuse(transfer, why, cap, "ftpdata_command takes stor or retr");
	return transfer;
}

static bool match_command(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	return container_of(tx, const struct ftp_data_tx, tx)->transfer ==
	       *(const uint8_t *)compiled;
}

static bool log_tx(const struct app_tx *tx, const void *state, struct record *r)
{
	const struct ftp_data_tx *t = container_of(tx, const struct ftp_data_tx, tx);

	if (t->name.len > 0)
		text_log(r, "filename", kept_slice(&t->name));
	record_text(r, "command", t->transfer == FTP_RETR ? "RETR" : "STOR");
	return true;
}

static const struct app_keyword keywords[] = {
	{"ftpdata_command", {true, true}, {0}, compile_command, match_command},
};

const struct app_proto ftp_data_proto = {
	.name = "ftp-data",
	.event_prefix = "ftp-data",
	.transport = APP_TCP,
	.enabled_by_default = true,
	.state_size = sizeof(struct ftp_data_state),
	.state_begin = state_begin,
	.parse = parse,
	.gap = gap,
	.tx_free = tx_free,
	.complete = {1, 1},
	.keywords = keywords,
	.keyword_count = ARRAY_SIZE(keywords),
	.eve_type = "ftp_data",
	.eve_key = "ftp_data",
	.log = log_tx,
};

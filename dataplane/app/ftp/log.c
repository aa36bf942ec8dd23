#include "dataplane/app/ftp/ftp.h"

#include "dataplane/api/record.h"
#include "dataplane/app/text/text.h"

static bool is_code(struct slice line)
{
	if (line.len < 3)
		return false;
	for (unsigned i = 0; i < 3; i++) {
		if (line.data[i] < '0' || line.data[i] > '9')
			return false;
	}
	return true;
}

static void log_codes(const struct ftp_tx *t, struct record *r)
{
	struct slice line;
	uint32_t at = 0;
	bool open = false;

	while (text_list_next(&t->replies, &at, &line)) {
		if (!is_code(line))
			continue;
		if (!open)
			record_array(r, "completion_code");
		open = true;
		record_str(r, NULL, slice_sub(line, 0, 3));
	}
	if (open)
		record_end(r);
}

static void log_replies(const struct ftp_tx *t, struct record *r)
{
	struct slice line;
	uint32_t at = 0;
	bool open = false;

	while (text_list_next(&t->replies, &at, &line)) {
		size_t from = is_code(line) ? 4 : 0;

		if (line.len <= from)
			continue;
		if (!open)
			record_array(r, "reply");
		open = true;
		text_log(r, NULL, slice_sub(line, from, line.len));
	}
	if (open)
		record_end(r);
}

bool ftp_log(const struct app_tx *tx, const void *state, struct record *r)
{
	const struct ftp_tx *t = container_of(tx, const struct ftp_tx, tx);
	size_t data = t->command ? strlen(t->command) + 1 : 0;

	if (t->command) {
		record_text(r, "command", t->command);
		if (t->request.len > data) {
			text_log(r, "command_data",
				 slice_sub(kept_slice(&t->request), data, t->request.len));
			record_bool(r, "command_truncated", t->cut_request);
		}
	}
	log_codes(t, r);
	log_replies(t, r);
	if (t->data_port) {
		record_uint(r, "dynamic_port", t->data_port);
		if (t->command &&
		    (strcmp(t->command, "PORT") == 0 || strcmp(t->command, "EPRT") == 0))
			record_text(r, "mode", t->active ? "active" : "passive");
	}
	record_text(r, "reply_received", t->replies.count > 0 ? "yes" : "no");
	record_bool(r, "reply_truncated", t->cut_reply);
	return true;
}

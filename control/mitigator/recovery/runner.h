/* Carries tasks out: a helper process that runs the operator's program without a shell, one JSON
 * object in, one out. Several helpers work side by side, since a clean-up may take long.
 *
 * In:  {"verb":"do"|"undo", "kind":"clean-up", "task":"clean", "id":17, "command_id":"m-r17.2",
 *       "incident":5, "host":{"id","name","ip","mac","user","location"},
 *       "file":{"name","sha256","url"}, "threat":{"id","name"}, "issued":ns, "expires":ns,
 *       "before":{...} (what an earlier task found), "file_types":"exe dll" (a sample: only
 *       such files may be taken, "": none), "signed":"base64"}
 *      "signed" is wire's Signed message of the same order (action recover), for who carries it
 *      further: banken.proto says how to check it. The same command_id again is the same order; a
 *      program should answer as before and not do it twice.
 * Out: {"ok":true|false, "text":"one sentence", "found":false (assessment: nothing),
 * "detail":{...}} */
#pragma once

#include "control/helper/helper.h"
#include "control/mitigator/recovery/recovery.h"
#include "dataplane/base/slice.h"

enum { RUNNER_JSON = 48 << 10 };

/* Plain old data, one packet each way. */
struct runner_job {
	uint64_t task;
	uint32_t number, timeout_ms, len;
	bool undo;
	struct playbook_program program;
	char json[RUNNER_JSON]; /* `len` bytes */
};

struct runner_reply {
	uint64_t task;
	uint32_t number;
	bool undo, ok, found_none;
	char text[RECOVERY_TEXT], detail[RECOVERY_DETAIL];
};

struct runner_order {
	const struct recovery_task *task;
	const struct recovery_case *about;
	const char *command_id, *before; /* JSON or "" */
	const char *types; /* of files that may be taken, with blanks between; "" none */
	bool undo;
	struct slice signature;
};

/* The order as JSON; bytes, or ERR_LIMIT. */
long runner_write(const struct runner_order *o, char *ret, size_t cap);
/* Reads the program's answer. ERR_INVALID with a sentence when it is not what is written above. */
int runner_read(const char *text, size_t n, struct runner_reply *ret, struct errmsg *e);
/* `user` must outlive the helper. */
int runner_start(const char *user, struct helper *ret, struct errmsg *e);
size_t runner_job_size(const struct runner_job *j);

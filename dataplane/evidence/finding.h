/* What the inspector says of a file, as messages: written in its process, read in the dataplane's,
 * which believes nothing of them but that they are about this file. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/slice.h"
#include "dataplane/evidence/inspector.h"
#include "dataplane/files/file_archive.h"
#include "dataplane/files/file_yara.h"

enum finding_kind {
	FINDING_SCANNED = 1, /* YARA went over the file or a member */
	FINDING_HIT,
	FINDING_MEMBER,	 /* of an archive */
	FINDING_ARCHIVE, /* after all its members */
};

enum { FINDING_TEXT = 255 }; /* bytes of a text; longer ones are cut */

struct finding {
	uint16_t kind;
	enum file_yara_result scanned;
	struct file_yara_hit hit;
	const char *member; /* of FINDING_HIT; NULL = the file itself */
	/* FINDING_MEMBER; its bytes are not told */
	struct file_archive_member of_archive;
	const char *type; /* libmagic's words; NULL = none */
	struct file_archive_sum sum;
};

/* Says it. False: it did not fit. */
bool finding_say(const struct finding *f, struct inspector_out *out);

/* False: that is no finding. Texts lie in `message`. */
bool finding_read(uint16_t kind, struct slice message, struct finding *ret);

/* finding_say's bytes, for tests. */
size_t finding_write(const struct finding *f, uint8_t *buf, size_t cap);

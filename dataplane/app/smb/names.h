/* Texts of SMB: UTF-16 as UTF-8, without the NULs that end them. */
#pragma once

#include "dataplane/app/smb/smb.h"

struct smb_text {
	uint8_t bytes[SMB_NAME_MAX];
	uint16_t len;
};

/* All of `raw`. A half unit at the end counts as one byte. */
void smb_text_utf16(struct smb_text *t, struct slice raw);
/* All of `raw` without NULs. */
void smb_text_bytes(struct smb_text *t, struct slice raw);
/* The next text up to its NUL in an SMB1 record; `unicode` ones begin at an even offset of the
 * record, of which the cursor's start is `base` bytes in. False: its end is missing. */
bool smb_text_next(struct smb_text *t, struct cursor *c, bool unicode, size_t base);

static inline struct slice smb_text_slice(const struct smb_text *t)
{
	return SLICE(t->bytes, t->len);
}

static inline bool smb_text_keep(struct smb_state *s, struct kept *k, const struct smb_text *t)
{
	return kept_set(s->io->slab, k, smb_text_slice(t));
}

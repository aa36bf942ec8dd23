/* What an archive holds, looked at within bounds (libarchive): names, sizes, the first bytes of
 * each member, archives in archives. Never on the packet path. No external program is ever started.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/slice.h"

struct file_archive_limits {
	unsigned depth;	      /* archives within archives, the outermost is 1 */
	unsigned members;     /* of all levels together */
	unsigned ratio;	      /* unpacked : packed, beyond the first megabyte */
	uint64_t bytes;	      /* unpacked, of all levels together */
	uint64_t member_held; /* bytes of a member that are shown */
};

extern const struct file_archive_limits file_archive_limits_default;

enum file_archive_end { /* the worst of what happened; each is a reason to have stopped there */
			FILE_ARCHIVE_NONE,  /* no archive at all */
			FILE_ARCHIVE_WHOLE, /* seen to the end */
			FILE_ARCHIVE_ENCRYPTED,
			FILE_ARCHIVE_DAMAGED,
			FILE_ARCHIVE_TOO_DEEP,
			FILE_ARCHIVE_TOO_MANY,
			FILE_ARCHIVE_TOO_LARGE,
			FILE_ARCHIVE_BOMB,
			FILE_ARCHIVE_NO_MEMORY,
			FILE_ARCHIVE_ENDS,
};

extern const char *const file_archive_end_names[FILE_ARCHIVE_ENDS];

struct file_archive_member {
	const char *name;    /* as in the archive, never a path of ours; valid during the call */
	const char *format;  /* of the archive that holds it, libarchive's words */
	unsigned depth;	     /* 1 = of the file itself */
	uint64_t size;	     /* bytes unpacked, as far as they were */
	bool encrypted, cut; /* cut: more than what is shown in `bytes` */
	struct slice bytes;
};

struct file_archive_sink {
	void (*member)(void *ctx, const struct file_archive_member *m);
	void *ctx;
};

struct file_archive_sum {
	enum file_archive_end end;
	unsigned members, depth; /* seen; deepest level */
	uint64_t bytes;		 /* unpacked */
	char format[48];	 /* of the outermost */
};

/* By its first bytes: worth handing to file_archive_look? Cheap. */
bool file_archive_likely(struct slice head);
void file_archive_look(struct slice file, const struct file_archive_limits *limits,
		       const struct file_archive_sink *sink, struct file_archive_sum *ret);

#include "dataplane/files/file_magic.h"

#include <magic.h>

/* The handle itself is the object. */
struct file_magic *file_magic_new(void)
{
	magic_t m = magic_open(MAGIC_NONE);

	if (m && magic_load(m, NULL) != 0) {
		magic_close(m);
		m = NULL;
	}
	return (struct file_magic *)m;
}

void file_magic_free(struct file_magic *m)
{
	if (m)
		magic_close((magic_t)m);
}

const char *file_magic_text(struct file_magic *m, struct slice data)
{
	return magic_buffer((magic_t)m, data.data, data.len);
}

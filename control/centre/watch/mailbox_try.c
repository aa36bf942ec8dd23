/* For tests/smoke/mailboxes: looks into a mailbox once and says what is there.
 * mailbox_try URL USER PASSWORD-FILE */
#include <stdlib.h>

#include "control/centre/watch/mailbox.h"

int main(int argc, char **argv)
{
	struct mailbox_found *f = calloc(1, sizeof(*f));
	const struct mailbox_place place = {argc > 1 ? argv[1] : "", argc > 2 ? argv[2] : "",
					    argc > 3 ? argv[3] : "", ""};

	if (!f)
		return 2;
	mailbox_look_now(&place, f);
	for (unsigned i = 0; i < f->n; i++)
		puts(f->ids[i]);
	if (f->error[0])
		fprintf(stderr, "%s\n", f->error);
	return f->error[0] ? 1 : 0;
}

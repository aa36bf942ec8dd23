/* The compiled known-bad lists of a live dataplane: opened aside when the file was replaced, given
 * to the workers between bursts, the old ones closed once none looks into them. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "dataplane/worker/live_private.h"

enum { LOOK_SECONDS = 1 };

static const char *path_of(const struct live *live)
{
	return live->options->lists[0] ? live->options->lists : "/var/lib/banken/lists/compiled";
}

static bool changed(struct live *live, const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return false; /* none yet, or being replaced: what there is stays */
	if (st.st_ino == live->lists_file.inode && st.st_size == live->lists_file.size &&
	    st.st_mtim.tv_sec == live->lists_file.seconds &&
	    st.st_mtim.tv_nsec == live->lists_file.ns)
		return false;
	live->lists_file.inode = st.st_ino;
	live->lists_file.size = st.st_size;
	live->lists_file.seconds = st.st_mtim.tv_sec;
	live->lists_file.ns = st.st_mtim.tv_nsec;
	return true;
}

void live_lists_look(struct live *live, uint64_t now_ns)
{
	struct lists *fresh = NULL, *old = live->lists;
	struct lists_counts counts;
	struct errmsg why = {""};
	const char *path = path_of(live);

	if (now_ns - live->lists_looked_ns < LOOK_SECONDS * NS_PER_SEC)
		return;
	live->lists_looked_ns = now_ns;
	if (!changed(live, path))
		return;
	if (lists_open(path, &fresh, &why) != ERR_OK) {
		live->lists_failed++;
		fprintf(stderr, "banken-dataplane: %s; the lists in use stay\n", why.text);
		return;
	}
	for (unsigned i = 0; i < live->workers; i++)
		atomic_store_explicit(&live->worker[i].next_lists, fresh, memory_order_release);
	live_grace(live);
	lists_close(old);
	live->lists = fresh;
	live->lists_loads++;
	lists_counts(fresh, &counts);
	fprintf(stderr, "banken-dataplane: %llu known-bad indicators of %u lists, %llu MB\n",
		(unsigned long long)counts.entries, counts.lists,
		(unsigned long long)(counts.bytes >> 20));
}

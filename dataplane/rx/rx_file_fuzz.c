/* Any bytes as a capture file. Asserted: frames lie where they may, are readable to their last
 * byte, and the end is the end. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dataplane/rx/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(struct rx_file *f, size_t size)
{
	uint64_t n = 0;
	unsigned sum = 0;
	struct packet p;

	while (rx_file_next(f, &p)) {
		assert(p.number == ++n && p.wire_len >= p.frame_len);
		assert(p.link_type == rx_file_link_type(f));
		for (uint32_t i = 0; i < p.frame_len; i++)
			sum += p.frame[i];
	}
	assert(rx_file_packets(f) == n);
	assert(!rx_file_next(f, &p));
	__asm__ volatile("" : : "r"(sum)); /* the bytes were read */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("capture", MFD_CLOEXEC);
	struct rx_file *f = NULL;
	struct errmsg e = {""};
	char path[64];

	assert(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (rx_file_open(path, &f, &e)) {
		assert(e.text[0] && !strchr(e.text, '\n'));
	} else {
		read_all(f, size);
		rx_file_close(f);
	}
	close(fd);
	return 0;
}

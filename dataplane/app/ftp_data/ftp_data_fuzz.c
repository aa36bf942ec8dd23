#include "dataplane/app/ftp_data/ftp_data.h"
#include "dataplane/app/harness/harness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte says what was announced. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct harness *h;
	enum dir dir = DIR_TS;

	if (size < 2)
		return 0;
	h = harness_new_expected(
		&ftp_data_proto, 5000,
		&(struct app_expectation){
			.proto = "ftp-data", .kind = data[0], .name_len = 3, .name = "a b"});
	for (size_t i = 1; i < size; i += 16, dir = dir_other(dir)) {
		if (data[i] == 0xff)
			harness_gap(h, dir, data[i]);
		else
			harness_feed(h, dir, data + i, size - i < 16 ? size - i : 16);
	}
	harness_eof(h, DIR_TS);
	harness_eof(h, DIR_TC);
	harness_touch(h);
	harness_delete(h);
	return 0;
}

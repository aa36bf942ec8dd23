#include "dataplane/app/harness/harness.h"
#include "dataplane/app/bittorrent_dht/bittorrent_dht.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return harness_fuzz(&bittorrent_dht_proto, 6881, data, size);
}

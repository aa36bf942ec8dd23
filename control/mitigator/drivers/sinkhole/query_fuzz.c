/* Answers of whoever is at the resolver's address. */
#include <stdlib.h>

#include "control/mitigator/drivers/sinkhole/query.h"
#include "control/mitigator/drivers/sinkhole/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char url[256], name[SINKHOLE_NAME], again[SINKHOLE_NAME];
	uint8_t query[QUERY_MAX];
	struct ip_addr found[4];
	uint16_t id = size > 1 ? (uint16_t)(data[0] << 8 | data[1]) : 0;
	int n = query_read(SLICE(data, size), id, found, 4);

	if (n > 4 || (n < 0 && n != ERR_INVALID))
		abort();
	/* A name is one still when it is read again, and fits into a question. */
	n = size < sizeof(url) - 1 ? (int)size : (int)sizeof(url) - 1;
	for (int i = 0; i < n; i++)
		url[i] = data[i] ? (char)data[i] : 'x';
	url[n] = 0;
	if (!sinkhole_name(url, name))
		return 0;
	if (!sinkhole_name(name, again) || !query_write(name, true, id, query))
		abort();
	for (const char *p = name; *p; p++) {
		if ((unsigned char)*p <= ' ' || *p == ';' || *p == '"')
			abort();
	}
	return 0;
}

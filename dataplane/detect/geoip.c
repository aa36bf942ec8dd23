#include "dataplane/detect/geoip.h"

#include <maxminddb.h>
#include <netinet/in.h>
#include <stdlib.h>

struct geoip {
	MMDB_s db;
};

int geoip_open(const char *path, struct geoip **ret, struct errmsg *err)
{
	struct geoip *g = calloc(1, sizeof(*g));
	int status;

	if (!g)
		return errmsg_set(err, ERR_NOMEM, "no memory for %s", path);
	status = MMDB_open(path, MMDB_MODE_MMAP, &g->db);
	if (status != MMDB_SUCCESS) {
		free(g);
		return errmsg_set(err, ERR_IO, "%s cannot be used: %s", path,
				  MMDB_strerror(status));
	}
	*ret = g;
	return ERR_OK;
}

void geoip_close(struct geoip *g)
{
	if (!g)
		return;
	MMDB_close(&g->db);
	free(g);
}

struct slice geoip_country(const struct geoip *g, const struct ip_addr *a)
{
	struct sockaddr_in sa = {.sin_family = AF_INET};
	MMDB_lookup_result_s found;
	MMDB_entry_data_s data;
	int error = 0;

	if (!ip_addr_is_v4(a))
		return SLICE(NULL, 0);
	memcpy(&sa.sin_addr, a->bytes + 12, 4);
	found = MMDB_lookup_sockaddr(&g->db, (struct sockaddr *)&sa, &error);
	if (error != MMDB_SUCCESS || !found.found_entry ||
	    MMDB_get_value(&found.entry, &data, "country", "iso_code", NULL) != MMDB_SUCCESS ||
	    !data.has_data || data.type != MMDB_DATA_TYPE_UTF8_STRING)
		return SLICE(NULL, 0);
	return SLICE((const uint8_t *)data.utf8_string, data.data_size);
}

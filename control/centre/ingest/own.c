#include "control/centre/ingest/own.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID = 192 };

static const char *own_id(const char *mitigator, const char *id, char ret[ID])
{
	snprintf(ret, ID, "%.90s:%.100s", mitigator, id ? id : "");
	return ret;
}

/* "MITIGATOR-" and digits, with one dot perhaps. */
static bool is_own_cut(const char *mitigator, const char *id)
{
	size_t n = strlen(mitigator), digits;

	if (!id || strncmp(id, mitigator, n) != 0 || id[n] != '-')
		return false;
	id += n + 1;
	digits = strspn(id, "0123456789");
	if (digits == 0 || (id[digits] && id[digits] != '.'))
		return false;
	return !id[digits] || strspn(id + digits + 1, "0123456789") == strlen(id + digits + 1);
}

static size_t ids_of(const struct mitigator_state *m)
{
	size_t n = m->incidents.n;

	for (size_t i = 0; i < m->incidents.n; i++)
		n += m->incidents.items[i].linked.n;
	return n;
}

uint64_t own_state(const char *mitigator, struct mitigator_state *m, void **ret_ids)
{
	char(*ids)[ID] = calloc(ids_of(m) + 1, ID);
	size_t at = 0, kept = 0;
	uint64_t foreign;

	*ret_ids = ids;
	if (!ids) /* nothing is stored under a name that is not certain */
		m->incidents.n = 0;
	for (size_t i = 0; i < m->incidents.n; i++) {
		struct incident_state *x = &m->incidents.items[i];

		x->id = own_id(mitigator, x->id, ids[at++]);
		for (size_t k = 0; k < x->linked.n; k++)
			x->linked.items[k] = own_id(mitigator, x->linked.items[k], ids[at++]);
	}
	for (size_t i = 0; i < m->quarantines.n; i++) {
		if (is_own_cut(mitigator, m->quarantines.items[i].command.command_id))
			m->quarantines.items[kept++] = m->quarantines.items[i];
	}
	foreign = m->quarantines.n - kept;
	m->quarantines.n = kept;
	return foreign;
}

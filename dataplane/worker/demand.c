#include "dataplane/worker/demand.h"

#include "dataplane/event/event.h"

/* Behaviour detectors are not asked but for names: they take the first bytes of files, and of TLS
 * what stands in the open, which are made in any case. */
struct app_demand demand_of(const struct demand_readers *readers)
{
	uint32_t records = readers->records;

	return (struct app_demand){
		/* Sizes stand in fileinfo, broken encodings in anomaly records. */
		.bodies = readers->rules || readers->files ||
			  records & (EVENT_FILEINFO | EVENT_ANOMALY),
		.fingerprints = readers->rules || readers->lists || records & EVENT_APP,
		.names = readers->traffic_names || records & EVENT_FLOW,
	};
}

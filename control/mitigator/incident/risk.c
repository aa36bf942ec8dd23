/* How bad an incident is. Each stage counts once, by the worst that was seen in it: a hundred scans
 * are not worse than one, a scan and then a call home are. Stages are taken as independent signs:
 * risk = 1 - product of (1 - weight). */
#include <math.h>

#include "control/mitigator/incident/incident.h"
#include "dataplane/base/clock.h"

const struct incident_risk incident_risk_default = {
	.weight = {0.2, 0.5, 0.8},
	.warning = 0.4,
	.danger = 0.7,
	.half_life = 3 * NS_PER_DAY,
};

static double decayed(double weight, uint64_t last, const struct incident_risk *r, uint64_t now)
{
	if (now <= last || !r->half_life)
		return weight;
	return weight * exp2(-(double)(now - last) / (double)r->half_life);
}

double incident_risk_at(const struct incident *i, const struct incident_risk *r, uint64_t now)
{
	double left = 1;

	for (unsigned s = 0; s < STAGE_COUNT; s++) {
		double worst = 0;

		for (unsigned l = 0; l < 3; l++) {
			uint64_t last = i->stages[s].last[l];

			if (last > i->forgiven)
				worst = fmax(worst, decayed(r->weight[l], last, r, now));
		}
		left *= 1 - worst;
	}
	return 1 - left;
}

enum level incident_level_of(double risk, const struct incident_risk *r)
{
	/* Sums of tenths: 0.7 is meant. */
	risk += 1e-9;
	return risk >= r->danger    ? LEVEL_DANGER
	       : risk >= r->warning ? LEVEL_WARNING
				    : LEVEL_CAUTION;
}

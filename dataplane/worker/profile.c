#include "dataplane/worker/profile.h"

const char *const profile_stage_names[STAGES_ALL] = {
	[STAGE_DECODE] = "decode",  [STAGE_FLOW] = "flow",     [STAGE_STREAM] = "stream",
	[STAGE_APP] = "parsers",    [STAGE_BEHAVE] = "behave", [STAGE_NAMES] = "names",
	[STAGE_DETECT] = "detect",  [STAGE_EVENT] = "events",  [STAGE_RX] = "rx",
	[STAGE_TICK] = "time-outs",
};

static unsigned index_of(const struct app_proto *proto)
{
	unsigned i = 0;

	while (i < PROFILE_PARSERS && app_protocols[i] && app_protocols[i] != proto)
		i++;
	return i < PROFILE_PARSERS && app_protocols[i] ? i : PROFILE_PARSERS;
}

void profile_parser_done(struct profile *f, const struct app_flow *app, uint64_t begin)
{
	if (f->sampling)
		f->parser[index_of(app ? app->proto : NULL)] += f->cycles[STAGE_APP] - begin;
}

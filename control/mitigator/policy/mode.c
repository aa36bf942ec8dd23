#include "control/mitigator/policy/mode.h"

#include <string.h>

#include "dataplane/base/err.h"

static const char *const modes[MODE_COUNT] = {"monitor", "notify", "approve", "automatic"};
static const char *const actions[ACTION_COUNT] = {"mail",   "message", "deny",
						  "permit", "block",   "command"};

const char *policy_mode_text(enum policy_mode m)
{
	return m < MODE_COUNT ? modes[m] : "unknown";
}

const char *policy_action_text(enum policy_action a)
{
	return a < ACTION_COUNT ? actions[a] : "unknown";
}

int policy_mode_parse(const char *word, enum policy_mode *ret)
{
	for (unsigned i = 0; i < MODE_COUNT; i++) {
		if (strcmp(modes[i], word) == 0) {
			*ret = (enum policy_mode)i;
			return ERR_OK;
		}
	}
	return ERR_INVALID;
}

int policy_action_parse(const char *word, enum policy_action *ret)
{
	for (unsigned i = 0; i < ACTION_COUNT; i++) {
		if (strcmp(actions[i], word) == 0) {
			*ret = (enum policy_action)i;
			return ERR_OK;
		}
	}
	return ERR_INVALID;
}

#include <string.h>

#include "control/wire/message.h"

static const char *const severity_words[] = {"unspecified", "high", "medium", "low", "info"};
static const char *const confidence_words[] = {"unspecified", "potential", "known"};
static const char *const side_words[] = {"unspecified", "inside", "outside"};
static const char *const action_words[] = {"unspecified", "quarantine", "block",
					   "reset",	  "release",	"recover"};
static const char *const cause_words[] = {"unspecified", "threat", "policy", "manual", "vendor"};
static const char *const scope_words[] = {"unspecified", "full", "internal-only"};
static const char *const state_words[] = {
	"unspecified", "requested",	 "held",      "sent",	 "acked",
	"verified",    "still-seen",	 "quiet",     "failed",	 "expired",
	"released",    "outside-policy", "exception", "refused", "releasing"};
static const char *const level_words[] = {"unspecified", "safe", "caution", "warning", "danger"};
static const char *const message_words[] = {
	"none",		 "report",	   "command",	      "status",	     "watch",
	"reset",	 "event",	   "mitigator-state", "config-push", "config-result",
	"enrol-request", "enrol-answer",   "list-proposal",   "audit-head",  "artefact-offer",
	"artefact-want", "artefact-chunk", "artefact-result", "trust-order", "trust-result",
	"self-test",	 "person-order",   "collect",	      "sample-part", "evidence-part"};
static const char *const artefact_words[] = {"none", "config", "bundle", "pattern", "firmware"};
static const char *const artefact_state_words[] = {"none", "fetching", "in-force", "refused",
						   "failed"};
static const char *const report_words[] = {"none", "alert", "flow", "host-fact", "health", "watch"};

static const char *word(const char *const *words, size_t n, int value)
{
	return value >= 0 && (size_t)value < n ? words[value] : words[0];
}

static int find_word(const char *const *words, size_t n, const char *s)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(words[i], s) == 0)
			return (int)i;
	}
	return ERR_INVALID;
}

#define WORD(words, value) word(words, ARRAY_SIZE(words), (int)(value))

const char *severity_text(enum severity s)
{
	return WORD(severity_words, s);
}

const char *confidence_text(enum confidence c)
{
	return WORD(confidence_words, c);
}

const char *host_side_text(enum host_side s)
{
	return WORD(side_words, s);
}

const char *command_action_text(enum command_action a)
{
	return WORD(action_words, a);
}

const char *command_cause_text(enum command_cause c)
{
	return WORD(cause_words, c);
}

const char *command_scope_text(enum command_scope s)
{
	return WORD(scope_words, s);
}

const char *command_state_text(enum command_state s)
{
	return WORD(state_words, s);
}

const char *level_text(enum level l)
{
	return WORD(level_words, l);
}

const char *message_kind_text(enum message_kind k)
{
	return WORD(message_words, k);
}

const char *report_kind_text(enum report_kind k)
{
	return WORD(report_words, k);
}

const char *artefact_kind_text(enum artefact_kind k)
{
	return WORD(artefact_words, k);
}

const char *artefact_state_text(enum artefact_state s)
{
	return WORD(artefact_state_words, s);
}

int artefact_kind_parse(const char *text, enum artefact_kind *ret)
{
	int i = find_word(artefact_words, ARRAY_SIZE(artefact_words), text);

	if (i > 0)
		*ret = (enum artefact_kind)i;
	return i > 0 ? 0 : ERR_INVALID;
}

int artefact_state_parse(const char *text, enum artefact_state *ret)
{
	int i = find_word(artefact_state_words, ARRAY_SIZE(artefact_state_words), text);

	if (i > 0)
		*ret = (enum artefact_state)i;
	return i > 0 ? 0 : ERR_INVALID;
}

int command_state_parse(const char *text, enum command_state *ret)
{
	int i = find_word(state_words, ARRAY_SIZE(state_words), text);

	if (i >= 0)
		*ret = (enum command_state)i;
	return i < 0 ? i : 0;
}

int level_parse(const char *text, enum level *ret)
{
	int i = find_word(level_words, ARRAY_SIZE(level_words), text);

	if (i >= 0)
		*ret = (enum level)i;
	return i < 0 ? i : 0;
}

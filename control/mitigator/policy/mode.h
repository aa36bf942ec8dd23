/* Modes of a scope (P7) and the actions that a policy can name (P1). Levels are wire's. */
#pragma once

/* MONITOR tells nobody on the host and stops nothing; NOTIFY mails and messages; APPROVE asks a
 * person before each cut; AUTOMATIC cuts. The order is the order of roll-out (P10). */
enum policy_mode { MODE_MONITOR, MODE_NOTIFY, MODE_APPROVE, MODE_AUTOMATIC, MODE_COUNT };

/* BLOCK ends at the next judgement, DENY when a judgement permits or a person releases (Q3). */
enum policy_action {
	ACTION_MAIL,
	ACTION_MESSAGE,
	ACTION_DENY,
	ACTION_PERMIT,
	ACTION_BLOCK,
	ACTION_COMMAND,
	ACTION_COUNT
};

#define ACTION_BIT(a) (1u << (a))

const char *policy_mode_text(enum policy_mode m); /* "monitor" */
const char *policy_action_text(enum policy_action a);
/* 0 or ERR_INVALID. */
int policy_mode_parse(const char *word, enum policy_mode *ret);
int policy_action_parse(const char *word, enum policy_action *ret);

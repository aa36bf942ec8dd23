#include "control/mitigator/policy/policy_file.h"

#include <stddef.h>

#include "control/mitigator/policy/policy.h"

static const char *const severities[] = {"any", "high", "medium", "low", "info", NULL};
static const char *const confidences[] = {"any", "potential", "known", NULL};
static const char *const levels[] = {"safe", "caution", "warning", "danger", NULL};
static const char *const actions[] = {"mail",  "message", "deny", "permit",
				      "block", "command", NULL};
static const char *const modes[] = {"monitor", "notify", "approve", "automatic", NULL};
static const char *const nevers[] = {"alert", "block", NULL};
static const char *const methods[] = {"same-level", "same-or-higher", NULL};
static const char *const kinds[] = {"host", "group", "zone", "site", NULL};
static const char *const whens[] = {"judgement", "deferred", NULL};

enum level policy_file_level(int word)
{
	return (enum level)(LEVEL_SAFE + word);
}

#define LEVEL(m)     offsetof(struct file_level, m)
#define ACTION(m)    offsetof(struct file_action, m)
#define SET(m)	     offsetof(struct file_set, m)
#define GROUP(m)     offsetof(struct file_group, m)
#define STAGE(m)     offsetof(struct file_stage, m)
#define SCOPE(m)     offsetof(struct file_scope, m)
#define EXCEPTION(m) offsetof(struct file_exception, m)
#define PROTECTED(m) offsetof(struct file_protected, m)
#define FILE_AT(m)   offsetof(struct policy_file, m)
#define EDITED_AT(m) offsetof(struct policy_file, edited.m)

static const struct config_key level_keys[] = {
	{"severity", CONFIG_WORD, LEVEL(severity), "any", .words = severities,
	 .help = "any, high, medium, low, info"},
	{"confidence", CONFIG_WORD, LEVEL(confidence), "any", .words = confidences,
	 .help = "any, potential, known"},
	{"classtype", CONFIG_TEXT, LEVEL(classtype), "", .max = POLICY_TEXT - 1,
	 .help = "of the rule, empty = any"},
	{"level", CONFIG_WORD, LEVEL(level), "caution", .words = levels,
	 .help = "safe (does not count), caution, warning, danger"},
	{.name = NULL},
};

static const struct config_key action_keys[] = {
	{"level", CONFIG_WORD, ACTION(level), .required = true, .words = levels,
	 .help = "at which it is taken"},
	{"action", CONFIG_WORD, ACTION(action), .required = true, .words = actions,
	 .help = "mail, message, deny, permit, block, command"},
	{"count", CONFIG_UINT, ACTION(count), "0", 0, 1000000,
	 .help = "consecutive judgements, 0 = no condition"},
	{"days", CONFIG_UINT, ACTION(days), "0", 0, 3650,
	 .help = "days of 24 h since the run's first judgement; with count: either suffices"},
	{"text", CONFIG_TEXT, ACTION(text), "", .max = JUDGE_TEXT - 1,
	 .help = "handed to the notify program with the action: what to say, what to run"},
	{.name = NULL},
};

/* The same keys stand at the top of the file, for the default policy. */
#define SET_KEYS(at)                                                                               \
	{"method",	   CONFIG_WORD,                                                            \
	 at(method),	   "same-or-higher",                                                       \
	 .words = methods, .help = "how judgements are counted: same-level or same-or-higher"},    \
		{"judge-every",                                                                    \
		 CONFIG_UINT,                                                                      \
		 at(every),                                                                        \
		 "3600",                                                                           \
		 1,                                                                                \
		 604800,                                                                           \
		 .help = "seconds between judgements of a host"},                                  \
		{"safe-on-change", CONFIG_BOOL, at(safe_on_change), "true",                        \
		 .help = "safe acts only when the host was not safe before"},                      \
		{"when",                                                                           \
		 CONFIG_WORD,                                                                      \
		 at(when),                                                                         \
		 "judgement",                                                                      \
		 .words = whens,                                                                   \
		 .help = "judgement: actions are done with it; deferred: at a person's "           \
			 "command (banken policy act --deferred)"},                                \
	{                                                                                          \
		"actions", CONFIG_ITEMS, at(actions),                                              \
			.max = JUDGE_ACTIONS_MAX, .keys = action_keys,                             \
			.size = sizeof(struct file_action), .help = "what a judgement does"        \
	}

static const struct config_key set_keys[] = {
	{"name", CONFIG_TEXT, SET(name), .required = true, .max = POLICY_NAME - 1,
	 .help = "by which scopes call it"},
	SET_KEYS(SET),
	{.name = NULL},
};

static const struct config_key group_keys[] = {
	{"name", CONFIG_TEXT, GROUP(name), .required = true, .max = POLICY_NAME - 1,
	 .help = "by which scopes call it"},
	{"members", CONFIG_TEXTS, GROUP(members), "", .max = POLICY_NETWORKS,
	 .help = "addresses, prefixes and MACs"},
	{.name = NULL},
};

static const struct config_key stage_keys[] = {
	{"from", CONFIG_TEXT, STAGE(from), .required = true, .max = 32,
	 .help = "2026-12-01T09:00:00+09:00; a date alone begins at midnight UTC"},
	{"mode", CONFIG_WORD, STAGE(mode), .required = true, .words = modes,
	 .help = "monitor, notify, approve, automatic"},
	{"share", CONFIG_UINT, STAGE(share), "100", 1, 100,
	 .help = "per cent of the scope's hosts that it takes, the same ones each time"},
	{.name = NULL},
};

static const struct config_key scope_keys[] = {
	{"name", CONFIG_TEXT, SCOPE(name), .required = true, .max = 63, .help = "of the scope"},
	{"networks", CONFIG_TEXTS, SCOPE(networks), "", .max = POLICY_NETWORKS,
	 .help = "prefixes; no networks, hosts and groups = everybody"},
	{"hosts", CONFIG_TEXTS, SCOPE(hosts), "", .max = POLICY_NETWORKS,
	 .help = "addresses and MACs"},
	{"groups", CONFIG_TEXTS, SCOPE(groups), "", .max = POLICY_GROUPS,
	 .help = "names of groups"},
	{"kind", CONFIG_WORD, SCOPE(kind), "zone", .words = kinds,
	 .help = "host, group, zone, site: the most particular scope holds, among equals the "
		 "first"},
	{"policy", CONFIG_TEXT, SCOPE(policy), "default", .max = POLICY_NAME - 1,
	 .help = "name of its action policy: default, initial or one of policies"},
	{"mode", CONFIG_WORD, SCOPE(mode), "monitor", .words = modes,
	 .help = "monitor, notify, approve, automatic"},
	{"stages", CONFIG_ITEMS, SCOPE(stages), .max = POLICY_STAGES, .keys = stage_keys,
	 .size = sizeof(struct file_stage),
	 .help = "roll-out: the last that has begun and takes the host replaces mode"},
	{"hours", CONFIG_TEXTS, SCOPE(hours), "", .max = POLICY_HOURS,
	 .help = "when the mode holds, by the machine's clock: mon-fri 08:00-18:00; none = always"},
	{"off-hours", CONFIG_WORD, SCOPE(off_hours), "approve", .words = modes,
	 .help = "outside of hours the mode is this at most"},
	{"approvals", CONFIG_UINT, SCOPE(approvals), "1", 1, 2,
	 .help = "persons who must say yes to what waits"},
	{"cut-at", CONFIG_WORD, SCOPE(cut_at), "danger", .words = levels,
	 .help = "incidents of this level and above are cut"},
	{"methods", CONFIG_TEXTS, SCOPE(methods), "", .max = POLICY_METHODS,
	 .help = "names of drivers in the order they are tried; none = all as configured"},
	{"exempt", CONFIG_TEXTS, SCOPE(exempt), "", .max = POLICY_EXEMPTS,
	 .help = "addresses and prefixes that a cut host may still reach"},
	{.name = NULL},
};

static const struct config_key exception_keys[] = {
	{"rule", CONFIG_TEXT, EXCEPTION(rule), "", .max = 32,
	 .help = "gid:sid or sid, empty = any"},
	{"source", CONFIG_TEXT, EXCEPTION(source), "", .max = 64, .help = "prefix, empty = any"},
	{"destination", CONFIG_TEXT, EXCEPTION(destination), "", .max = 64,
	 .help = "prefix, empty = any"},
	{"sensor", CONFIG_TEXT, EXCEPTION(sensor), "", .max = 63, .help = "name, empty = any"},
	{"never", CONFIG_WORD, EXCEPTION(never), .required = true, .words = nevers,
	 .help = "alert or block"},
	{"until", CONFIG_TEXT, EXCEPTION(until), "", .max = 32,
	 .help = "2026-12-31T00:00:00Z, empty = for ever"},
	{"reason", CONFIG_TEXT, EXCEPTION(reason), .required = true, .max = POLICY_TEXT - 1,
	 .help = "why, for whoever reads it later"},
	{.name = NULL},
};

static const struct config_key protected_keys[] = {
	{"address", CONFIG_TEXT, PROTECTED(address), "", .max = 64, .help = "address or prefix"},
	{"mac", CONFIG_TEXT, PROTECTED(mac), "", .max = 17, .help = "hardware address"},
	{"role", CONFIG_TEXT, PROTECTED(role), .required = true, .max = 31,
	 .help = "gateway, dns, dhcp, domain-controller, switch, ..."},
	{"note", CONFIG_TEXT, PROTECTED(note), "", .max = 95, .help = "for people"},
	{.name = NULL},
};

#define NUMBER(key, member, default_value, low, high, text)                                        \
	{                                                                                          \
		key, CONFIG_UINT, FILE_AT(member), default_value, low, high, .help = text          \
	}

const struct config_key policy_keys[] = {
	{"name", CONFIG_TEXT, FILE_AT(name), "unnamed", .max = 63, .help = "of the policy"},
	{"control", CONFIG_BOOL, FILE_AT(control), "true",
	 .help = "control of infected hosts; off = every scope only monitors"},
	{"cut", CONFIG_BOOL, FILE_AT(cut), "true",
	 .help = "cut automatically; off = automatic scopes ask first"},
	{"levels", CONFIG_ITEMS, FILE_AT(levels), .max = POLICY_LEVELS, .keys = level_keys,
	 .size = sizeof(struct file_level), .help = "the first that fits gives an alert's level"},
	SET_KEYS(EDITED_AT),
	{"policies", CONFIG_ITEMS, FILE_AT(sets), .max = POLICY_SETS - 2, .keys = set_keys,
	 .size = sizeof(struct file_set), .help = "further action policies, for scopes to name"},
	{"groups", CONFIG_ITEMS, FILE_AT(groups), .max = POLICY_GROUPS, .keys = group_keys,
	 .size = sizeof(struct file_group), .help = "named lists of hosts"},
	{"scopes", CONFIG_ITEMS, FILE_AT(scopes), .max = POLICY_SCOPES, .keys = scope_keys,
	 .size = sizeof(struct file_scope), .help = "the first that contains the host"},
	{"exceptions", CONFIG_ITEMS, FILE_AT(exceptions), .max = POLICY_EXCEPTIONS,
	 .keys = exception_keys, .size = sizeof(struct file_exception),
	 .help = "what is not alerted or not blocked"},
	{"protected", CONFIG_ITEMS, FILE_AT(protected_hosts), .max = POLICY_PROTECTED,
	 .keys = protected_keys, .size = sizeof(struct file_protected),
	 .help = "what can never be cut; learnt roles and our own addresses are added"},
	{"persons", CONFIG_TEXTS, FILE_AT(persons), "", .max = POLICY_PERSONS,
	 .help = "accounts of one person that are called differently, here and at the centre: "
		 "\"sato t.sato\"; where two must approve they are one"},
	NUMBER("fuse-hosts", fuse_hosts, "5", 0, 1024, "automatic cuts within the window"),
	NUMBER("fuse-window", fuse_window, "600", 1, 604800, "seconds"),
	NUMBER("fuse-share", fuse_share, "20", 0, 100,
	       "per cent of a segment's hosts cut at once; one host always may be"),
	NUMBER("mass-hosts", mass_hosts, "5", 1, 63,
	       "hosts that one threat may hit within its window before it asks"),
	NUMBER("mass-window", mass_window, "60", 1, 86400, "seconds"),
	NUMBER("message-ms", message_ms, "300", 0, 500,
	       "milliseconds that the message to the user has before the cut"),
	NUMBER("ack-ms", ack_ms, "3000", 100, 600000,
	       "milliseconds for a method to confirm before it is asked again"),
	NUMBER("ack-tries", ack_tries, "2", 1, 100, "times before the next method"),
	NUMBER("verify-window-ms", window_ms, "600", 100, 3600000,
	       "milliseconds in which nobody may answer the host"),
	NUMBER("verify-settle-ms", settle_ms, "200", 0, 60000,
	       "milliseconds an answer may take after the first attempt"),
	NUMBER("verify-quiet-ms", quiet_ms, "5000", 100, 3600000,
	       "milliseconds without an attempt that make it quiet"),
	NUMBER("review", review, "86400", 60, 31536000,
	       "seconds after which a person must look at a cut that does not end"),
	NUMBER("hold", hold, "86400", 60, 31536000, "seconds that a question waits"),
	NUMBER("recheck", recheck, "300", 0, 86400,
	       "seconds between looks at a verified cut, 0 = never"),
	NUMBER("retry", retry, "60", 1, 86400, "seconds before a failed ladder is tried again"),
	NUMBER("release-grace", release_grace, "0", 0, 86400,
	       "seconds after a person's release in which a threat does not cut the host again; 0: "
	       "a "
	       "host that still shows signs is cut again at once"),
	NUMBER("repeat", repeat, "2", 1, 10,
	       "a repeat offender's block lasts this times longer each time"),
	NUMBER("watch", watch, "1209600", 0, 315360000,
	       "seconds for which a treated host is watched more closely, 0 = not"),
	NUMBER("watch-raise", watch_raise, "1", 0, 3,
	       "levels by which each of its alerts counts for more meanwhile"),
	NUMBER("repeat-window", repeat_window, "2592000", 0, 315360000,
	       "seconds in which an earlier cut makes a host a repeat offender"),
	NUMBER("incident-window", incident_window, "86400", 1, 604800,
	       "seconds between two alerts of a host up to which they are one incident"),
	NUMBER("incident-quiet", incident_quiet, "86400", 1, 2592000,
	       "seconds without an alert that close an incident"),
	NUMBER("risk-warning", risk_warning, "40", 1, 100,
	       "per cent of risk from which on an incident is at warning; one alert at caution "
	       "weighs 20, at warning 50, at danger 80, and each step of the kill chain adds"),
	NUMBER("risk-danger", risk_danger, "70", 1, 100, "and at danger"),
	NUMBER("risk-half-life", risk_half_life, "259200", 60, 31536000,
	       "seconds in which the weight of what was seen falls to half"),
	NUMBER("binding-age", binding_age, "60", 1, 604800,
	       "seconds that MAC, address and port must have stayed together"),
	NUMBER("router-addresses", router_addresses, "8", 1, 16,
	       "addresses behind one MAC above which it is taken for a router"),
	{.name = NULL},
};

#include "control/mitigator/incident/stage.h"

#include <string.h>

#include "dataplane/base/slice.h"

static const struct {
	const char *word, *english, *japanese;
} names[STAGE_COUNT] = {
	[STAGE_UNKNOWN] = {"unknown", "other sign", "その他の兆候"},
	[STAGE_RECONNAISSANCE] = {"reconnaissance", "reconnaissance", "偵察"},
	[STAGE_DELIVERY] = {"delivery", "delivery", "配送"},
	[STAGE_EXPLOITATION] = {"exploitation", "exploitation", "攻撃(脆弱性悪用)"},
	[STAGE_INSTALLATION] = {"installation", "installation", "インストール"},
	[STAGE_C2] = {"command-and-control", "command and control", "遠隔操作(C&C)"},
	[STAGE_DISCOVERY] = {"discovery", "discovery", "内部探索"},
	[STAGE_LATERAL] = {"lateral-movement", "lateral movement", "横展開"},
	[STAGE_COLLECTION] = {"collection", "collection", "情報収集"},
	[STAGE_EXFILTRATION] = {"exfiltration", "exfiltration", "情報持ち出し"},
	[STAGE_IMPACT] = {"impact", "impact", "被害(破壊・悪用)"},
};

const char *stage_text(enum stage s)
{
	return s < STAGE_COUNT ? names[s].word : "unknown";
}

const char *stage_name(enum stage s, enum story_language language)
{
	if (s >= STAGE_COUNT)
		s = STAGE_UNKNOWN;
	return language == STORY_JAPANESE ? names[s].japanese : names[s].english;
}

struct word_stage {
	const char *word;
	enum stage stage;
};

/* Techniques whose place in the chain is not that of their (first) tactic. Sub-techniques follow.
 */
static const struct word_stage techniques[] = {
	{"T1105", STAGE_DELIVERY},     {"T1189", STAGE_DELIVERY},     {"T1566", STAGE_DELIVERY},
	{"T1204", STAGE_DELIVERY},     {"T1036", STAGE_DELIVERY},     {"T1210", STAGE_LATERAL},
	{"T1570", STAGE_LATERAL},      {"T1190", STAGE_EXPLOITATION}, {"T1496", STAGE_IMPACT},
	{"T1567", STAGE_EXFILTRATION}, {"T1048", STAGE_EXFILTRATION}, {"T1595", STAGE_DISCOVERY},
};

/* https://attack.mitre.org/tactics/enterprise/ */
static const struct word_stage tactics[] = {
	{"TA0043", STAGE_DISCOVERY},	{"TA0042", STAGE_DELIVERY},
	{"TA0001", STAGE_DELIVERY},	{"TA0002", STAGE_LATERAL},
	{"TA0003", STAGE_INSTALLATION}, {"TA0004", STAGE_INSTALLATION},
	{"TA0005", STAGE_INSTALLATION}, {"TA0006", STAGE_LATERAL},
	{"TA0007", STAGE_DISCOVERY},	{"TA0008", STAGE_LATERAL},
	{"TA0009", STAGE_COLLECTION},	{"TA0010", STAGE_EXFILTRATION},
	{"TA0011", STAGE_C2},		{"TA0040", STAGE_IMPACT},
};

/* Classes of rules (short names as in classification.config). */
static const struct word_stage classes[] = {
	{"trojan-activity", STAGE_C2},
	{"command-and-control", STAGE_C2},
	{"domain-c2", STAGE_C2},
	{"targeted-activity", STAGE_C2},
	{"attempted-admin", STAGE_EXPLOITATION},
	{"successful-admin", STAGE_EXPLOITATION},
	{"attempted-user", STAGE_EXPLOITATION},
	{"successful-user", STAGE_EXPLOITATION},
	{"unsuccessful-user", STAGE_EXPLOITATION},
	{"web-application-attack", STAGE_EXPLOITATION},
	{"shellcode-detect", STAGE_EXPLOITATION},
	{"exploit-kit", STAGE_EXPLOITATION},
	{"system-call-detect", STAGE_EXPLOITATION},
	{"default-login-attempt", STAGE_EXPLOITATION},
	{"suspicious-login", STAGE_EXPLOITATION},
	{"file-format", STAGE_DELIVERY},
	{"suspicious-filename-detect", STAGE_DELIVERY},
	{"social-engineering", STAGE_DELIVERY},
	{"attempted-recon", STAGE_DISCOVERY},
	{"successful-recon-limited", STAGE_DISCOVERY},
	{"successful-recon-largescale", STAGE_DISCOVERY},
	{"network-scan", STAGE_DISCOVERY},
	{"external-ip-check", STAGE_DISCOVERY},
	{"pup-activity", STAGE_INSTALLATION},
	{"credential-theft", STAGE_COLLECTION},
	{"sdf", STAGE_EXFILTRATION},
	{"coin-mining", STAGE_IMPACT},
	{"attempted-dos", STAGE_IMPACT},
	{"successful-dos", STAGE_IMPACT},
	{"denial-of-service", STAGE_IMPACT},
};

static bool begins(const char *text, const char *word)
{
	size_t n = strlen(word);

	return strncmp(text, word, n) == 0 && (text[n] == 0 || text[n] == '.');
}

static enum stage find(const struct word_stage *table, size_t n, const struct text_list *words)
{
	for (size_t k = 0; k < words->n; k++) {
		for (size_t i = 0; i < n; i++) {
			if (words->items[k] && begins(words->items[k], table[i].word))
				return table[i].stage;
		}
	}
	return STAGE_UNKNOWN;
}

static bool attacker_is_source(const struct alert *a, enum stage s)
{
	/* Bytes of a server attack the client that reads them. */
	return !(s == STAGE_EXPLOITATION && a->to_client);
}

static enum stage raw_stage(const struct alert *a)
{
	struct text_list class = {(const char *[]){a->classtype ? a->classtype : ""}, 1};
	enum stage s = find(techniques, ARRAY_SIZE(techniques), &a->techniques);

	if (s == STAGE_UNKNOWN)
		s = find(tactics, ARRAY_SIZE(tactics), &a->tactics);
	return s == STAGE_UNKNOWN ? find(classes, ARRAY_SIZE(classes), &class) : s;
}

/* What the host does to others inside is lateral movement, what is done to it is exploitation. */
enum stage stage_of(const struct alert *a)
{
	enum stage s = raw_stage(a);
	bool attacks = stage_host_attacks(a, s), inside = a->peer.side == HOST_SIDE_INSIDE;

	if (s == STAGE_EXPLOITATION && attacks && inside)
		return STAGE_LATERAL;
	if (s == STAGE_LATERAL && !attacks)
		return STAGE_EXPLOITATION;
	if (s == STAGE_DISCOVERY && !attacks)
		return STAGE_RECONNAISSANCE;
	return s;
}

bool stage_host_attacks(const struct alert *a, enum stage s)
{
	switch (s) {
	case STAGE_RECONNAISSANCE:
	case STAGE_EXPLOITATION:
	case STAGE_DISCOVERY:
	case STAGE_LATERAL:
	case STAGE_IMPACT:
		return attacker_is_source(a, s) == a->host_is_source;
	default:
		return false;
	}
}

bool stage_infects(enum stage s)
{
	return s == STAGE_LATERAL || s == STAGE_EXPLOITATION;
}

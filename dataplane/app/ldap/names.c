#include "dataplane/app/ldap/names.h"

static const struct text_name results[] = {
	{0, "success"},
	{1, "operationsError"},
	{2, "protocolError"},
	{3, "timeLimitExceeded"},
	{4, "sizeLimitExceeded"},
	{5, "compareFalse"},
	{6, "compareTrue"},
	{7, "authMethodNotSupported"},
	{8, "strongerAuthRequired"},
	{10, "referral"},
	{11, "adminLimitExceeded"},
	{12, "unavailableCriticalExtension"},
	{13, "confidentialityRequired"},
	{14, "saslBindInProgress"},
	{16, "noSuchAttribute"},
	{17, "undefinedAttributeType"},
	{18, "inappropriateMatching"},
	{19, "constraintViolation"},
	{20, "attributeOrValueExists"},
	{21, "invalidAttributeSyntax"},
	{32, "noSuchObject"},
	{33, "aliasProblem"},
	{34, "invalidDNSyntax"},
	{36, "aliasDereferencingProblem"},
	{48, "inappropriateAuthentication"},
	{49, "invalidCredentials"},
	{50, "insufficientAccessRights"},
	{51, "busy"},
	{52, "unavailable"},
	{53, "unwillingToPerform"},
	{54, "loopDetect"},
	{64, "namingViolation"},
	{65, "objectClassViolation"},
	{66, "notAllowedOnNonLeaf"},
	{67, "notAllowedOnRDN"},
	{68, "entryAlreadyExists"},
	{69, "objectClassModsProhibited"},
	{71, "affectsMultipleDSAs"},
	{80, "other"},
};

static const struct {
	const char *oid, *name;
} oids[] = {
	{"1.3.6.1.4.1.1466.20037", "StartTLS"},
	{"1.3.6.1.4.1.4203.1.11.1", "PasswordModify"},
	{"1.3.6.1.4.1.4203.1.11.3", "WhoAmI"},
	{"1.3.6.1.1.8", "Cancel"},
	{"1.3.6.1.4.1.1466.20036", "NoticeOfDisconnection"},
	{"1.2.840.113556.1.4.319", "PagedResults"},
	{"1.2.840.113556.1.4.417", "ShowDeleted"},
	{"1.2.840.113556.1.4.473", "ServerSideSort"},
	{"1.2.840.113556.1.4.528", "Notification"},
	{"1.2.840.113556.1.4.529", "ExtendedDn"},
	{"1.2.840.113556.1.4.801", "SdFlags"},
	{"1.2.840.113556.1.4.805", "TreeDelete"},
	{"1.2.840.113556.1.4.841", "DirSync"},
	{"1.2.840.113556.1.4.1339", "DomainScope"},
	{"1.2.840.113556.1.4.1340", "SearchOptions"},
	{"1.2.840.113556.1.4.1781", "FastBind"},
	{"2.16.840.1.113730.3.4.2", "ManageDsaIt"},
	{"2.16.840.1.113730.3.4.18", "ProxiedAuthorization"},
};

void ldap_log_result_name(struct record *r, const char *field, uint32_t code)
{
	text_log_name(r, field, TEXT_NAMES(results), code);
}

const char *ldap_oid_name(struct slice oid)
{
	for (size_t i = 0; i < ARRAY_SIZE(oids); i++) {
		if (slice_eq(oid, SLICE_STR(oids[i].oid)))
			return oids[i].name;
	}
	return NULL;
}

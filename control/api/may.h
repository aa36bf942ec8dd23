/* Who may do what. A role is a set of rights; a route names the rights that it needs. */
#pragma once

#include <stdbool.h>

enum api_may {
	API_MAY_SEE = 1,     /* hosts, alerts, quarantines, reports */
	API_MAY_APPROVE = 2, /* order, approve, release, undo cuts */
	API_MAY_ANALYSE = 4, /* verdicts, notes, advisories */
	API_MAY_CHANGE = 8,  /* policies, exceptions, lists, configuration */
	API_MAY_ADMIN = 16,  /* accounts, tokens of others, mandate */
	API_MAY_ALL = 32,    /* every customer, not only one's own */
};

/* Vendor's people see every customer; a customer's only their own. */
enum api_role {
	API_ROLE_NONE,
	API_ROLE_VIEWER,
	API_ROLE_APPROVER,
	API_ROLE_ADMINISTRATOR,
	API_ROLE_VENDOR_OPERATOR,
	API_ROLE_VENDOR_ANALYST,
	API_ROLE_VENDOR_ADMINISTRATOR,
	API_ROLE_COUNT,
};

/* Set of enum api_may. */
unsigned api_role_may(enum api_role role);
/* "viewer", "approver", "administrator", "vendor-operator", ...; "none". */
const char *api_role_name(enum api_role role);
/* API_ROLE_NONE when there is no such role. */
enum api_role api_role_parse(const char *name);
bool api_role_is_vendor(enum api_role role);

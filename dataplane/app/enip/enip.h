/* EtherNet/IP (ODVA volume 2) with the services of CIP that it carries, over TCP and UDP: every
 * message is a transaction. Off by default, as in Suricata, whose 7.0.10 writes no record of it. */
#pragma once

#include "dataplane/app/parser.h"
#include "dataplane/app/text/kept.h"

enum {
	ENIP_COMPLETE = 1,
	ENIP_SERVICES = 33,    /* of a message; further ones are not looked at */
	ENIP_OFFSETS = 256,    /* of multiple service packets in a message, as well */
	ENIP_ATTRIBUTES = 256, /* of a list, as well */
};

enum cip_service {
	CIP_GET_ATTRIBUTE_LIST = 0x03,
	CIP_SET_ATTRIBUTE_LIST = 0x04,
	CIP_MULTIPLE_SERVICE_PACKET = 0x0a,
	CIP_GET_ATTRIBUTE_SINGLE = 0x0e,
	CIP_SET_ATTRIBUTE_SINGLE = 0x10,
};

struct cip {
	uint8_t service;
	bool response;
	uint8_t path_words;
	uint16_t path; /* where it begins in enip_tx.cip */
};

struct enip_tx {
	struct app_tx tx;
	uint16_t command;
	uint8_t service_count;
	struct cip services[ENIP_SERVICES];
	struct kept cip; /* the data item */
};

/* Notes the services of a data item. */
void cip_read(struct enip_tx *t, struct slice item);

/* What a service's path names, and the attributes it lists. */
struct cip_names {
	bool has_class;
	uint16_t class;
	uint16_t attribute_count;
	uint16_t attributes[ENIP_ATTRIBUTES];
};
void cip_names_read(const struct enip_tx *t, const struct cip *s, struct cip_names *ret);

void *enip_command_compile(struct slice argument, char *why, size_t cap);
bool enip_command_match(const struct app_tx *tx, enum dir dir, const void *compiled);
void *cip_service_compile(struct slice argument, char *why, size_t cap);
bool cip_service_match(const struct app_tx *tx, enum dir dir, const void *compiled);

extern const struct app_proto enip_proto;

/* Pieces of kept packets (E1) go to the centre when a person asks for one there, and the sensor's
 * own configuration lets them: a part after the other, then the answer to the order. */
#pragma once

#include "control/sensor/outbox.h"
#include "control/wire/log.h"
#include "control/wire/loop.h"
#include "control/wire/tls.h"

enum evidence_give {
	EVIDENCE_NOBODY,
	EVIDENCE_CUSTOMER, /* to people with an account of the customer's */
	EVIDENCE_VENDOR,   /* to the vendor's as well */
};

struct evidence_setup {
	struct loop *loop;
	const struct log *log;
	struct outbox *outbox;
	struct tls_keys *keys;
	const char *folder; /* of the chain; "" = there is none */
	enum evidence_give give;
};

enum {
	EVIDENCE_PART = 256 << 10,  /* bytes of a part */
	EVIDENCE_MOST = 64 << 20,   /* of a piece that is given */
	EVIDENCE_PROOF = 512 << 10, /* of the chain's lines that go with it */
};

/* Carries out a MESSAGE_PERSON_ORDER; whatever comes of it is said to the centre. */
void evidence_take(const struct evidence_setup *s, const struct message *m);

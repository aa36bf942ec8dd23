/* The tables between message.h and banken.proto. Private to this folder. */
#pragma once

#include "control/wire/frame.h"
#include "control/wire/map.h"
#include "control/wire/message.h"

extern const struct map message_map; /* struct message; `signed` is message.c's business */
extern const struct map message_signature_map; /* struct message_signature, Signed */
extern const struct map frame_map;	       /* struct frame */

/* The envelope around message_encode's bytes; for sign.c. */
int message_encode_signed(const struct message_signature *s, struct slice *ret, struct errmsg *e);

/* All of them, for the test. */
extern const struct map *const fields_maps[];
extern const unsigned fields_n_maps;

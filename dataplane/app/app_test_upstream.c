/* Stand-ins until flow/ and stream/ are in: the test's flows have no TCP session. */
#include "dataplane/flow/flow.h"
#include "dataplane/stream/stream.h"

#include <stdlib.h>

void flow_reverse(struct flow *f)
{
	struct flow_key k = f->key;

	f->key.addr[0] = k.addr[1];
	f->key.addr[1] = k.addr[0];
	f->key.port[0] = k.port[1];
	f->key.port[1] = k.port[0];
}

void stream_reverse(struct flow *f)
{
	abort();
}

void stream_raw_trigger(struct flow *f, enum dir dir)
{
	abort();
}

void stream_raw_disable(struct flow *f, enum dir dir)
{
	abort();
}

void stream_disable(struct stream_worker *w, struct flow *f, enum dir dir)
{
	abort();
}

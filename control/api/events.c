/* Server-sent events: each listener has a bounded queue of text and is asleep while it is empty. */
#include <stdlib.h>
#include <string.h>

#include "control/api/internal.h"
#include "dataplane/base/clock.h"

enum { STREAMS_MAX = 256, QUEUE_MAX = 256 * 1024, BLOCK = 4096, ALIVE_EVERY_S = 15 };

struct stream {
	struct api_server *s;
	struct MHD_Connection *connection;
	struct stream *next, **at;
	char *queue;
	size_t len, cap;
	char customer[API_NAME_MAX + 1], session[SECRET_TEXT];
	bool sees_all, asleep, over;
	uint64_t next_alive;
};

static void wake(struct stream *t)
{
	if (!t->asleep)
		return;
	t->asleep = false;
	MHD_resume_connection(t->connection);
}

static ssize_t read_stream(void *ctx, uint64_t pos, char *buf, size_t max)
{
	struct stream *t = ctx;
	size_t n = t->len < max ? t->len : max;

	(void)pos;
	if (n == 0 && t->over)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (n == 0) {
		t->asleep = true;
		MHD_suspend_connection(t->connection);
		return 0;
	}
	memcpy(buf, t->queue, n);
	memmove(t->queue, t->queue + n, t->len - n);
	t->len -= n;
	return (ssize_t)n;
}

static void free_stream(void *ctx)
{
	struct stream *t = ctx;

	*t->at = t->next;
	if (t->next)
		t->next->at = t->at;
	t->s->n_streams--;
	free(t->queue);
	free(t);
}

/* Whoever does not keep up is cut off: he comes back and reads anew. */
static void put(struct stream *t, const char *text, size_t n)
{
	if (t->over)
		return;
	if (t->len + n > t->cap) {
		size_t cap = t->cap;
		char *more;

		while (cap < t->len + n)
			cap = cap ? cap * 2 : BLOCK;
		more = cap <= QUEUE_MAX ? realloc(t->queue, cap) : NULL;
		if (!more) {
			t->over = true;
			wake(t);
			return;
		}
		t->queue = more;
		t->cap = cap;
	}
	memcpy(t->queue + t->len, text, n);
	t->len += n;
	wake(t);
}

enum MHD_Result stream_begin(struct asking *a)
{
	struct api_server *s = a->s;
	struct stream *t = s->n_streams < STREAMS_MAX ? calloc(1, sizeof(*t)) : NULL;
	struct MHD_Response *r = t ? MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK,
								       read_stream, t, free_stream)
				   : NULL;
	enum MHD_Result rc;

	if (!r) {
		free(t);
		return MHD_NO;
	}
	t->s = s;
	t->connection = a->connection;
	t->sees_all = a->q.who.may & API_MAY_ALL;
	snprintf(t->customer, sizeof(t->customer), "%s", a->q.who.customer);
	snprintf(t->session, sizeof(t->session), "%s", a->session);
	t->next = s->streams;
	t->at = &s->streams;
	if (t->next)
		t->next->at = &t->next;
	s->streams = t;
	s->n_streams++;
	put(t, "retry: 2000\n\n", strlen("retry: 2000\n\n"));
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, "text/event-stream");
	security_headers(r);
	rc = MHD_queue_response(a->connection, MHD_HTTP_OK, r);
	MHD_destroy_response(r);
	return rc;
}

void api_server_tell(struct api_server *s, const char *customer, const char *event,
		     const json_t *data)
{
	char *body = json_dumps(data, JSON_COMPACT | JSON_ENCODE_ANY), *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	if (out) {
		fprintf(out, "event: %s\ndata: %s\n\n", event, body ? body : "null");
		fclose(out);
	}
	for (struct stream *t = s->streams; t && text; t = t->next) {
		if (t->sees_all || strcmp(t->customer, customer) == 0)
			put(t, text, n);
	}
	free(text);
	free(body);
}

/* Now and then a comment, which finds those who are gone; and the session must still be there. */
void streams_tick(struct api_server *s)
{
	uint64_t now = loop_now(s->setup.loop);
	char csrf[SECRET_TEXT];
	struct account k;

	for (struct stream *t = s->streams; t; t = t->next) {
		if (now < t->next_alive)
			continue;
		t->next_alive = now + ALIVE_EVERY_S * NS_PER_SEC;
		put(t, ":\n\n", 3);
		if (t->session[0] &&
		    api_session_find(s->setup.accounts, t->session, loop_wall(s->setup.loop), &k,
				     csrf) != ERR_OK) {
			t->over = true;
			wake(t);
		}
	}
}

void streams_end(struct api_server *s)
{
	for (struct stream *t = s->streams; t; t = t->next) {
		t->over = true;
		wake(t);
	}
}

/* Shared by the files of the server. */
#pragma once

#include <microhttpd.h>

#include "control/api/brake.h"
#include "control/api/server.h"

struct stream; /* a listener, events.c */
struct files;  /* the pages, files.c */

struct api_server {
	struct api_setup setup;
	struct MHD_Daemon *daemon;
	struct loop_timer timer;
	int epoll_fd;
	struct brake *brake;
	struct passwords *passwords;
	struct files *files;
	struct stream *streams;
	unsigned n_streams;
	struct api_table *tables; /* the accounts' own first */
	size_t n_tables;
};

enum asking_state { ASKING_HEADERS, ASKING_BODY, ASKING_WAITS, ASKING_GO, ASKING_ANSWERED };

/* An answer that comes later (api_later). */
struct late {
	bool awaited, is_there;
	int rc;
	struct api_answer answer;
	struct errmsg e;
};

/* One request from its first byte to its answer. */
struct asking {
	struct api_server *s;
	struct MHD_Connection *connection;
	const struct api_table *table;
	struct api_request q;			      /* names in q.who point into `account` */
	struct account account, certificate;	      /* of q.who; of q.certified */
	char session[SECRET_TEXT], csrf[SECRET_TEXT]; /* "" without a session */
	char from[64];
	char *body;
	size_t len, cap;
	bool known_path, too_big, gone;
	bool judged, welcome; /* may he ask this at all; once a large body begins */
	enum asking_state state;
	struct password_job *job;
	char new_hash[API_HASH_MAX];
	struct late late;
};

/* The asker by cookie or bearer token, if there is one in force. */
void who_find(struct asking *a);
/* The account that the connection's certificate names. */
void who_certified(struct asking *a);
/* ERR_OK, or ERR_DENIED with a sentence and the HTTP status. */
int who_may(const struct asking *a, unsigned *ret_status, struct errmsg *e);

/* The accounts' own routes; their functions get a struct asking as context. */
struct api_table account_routes(void);
void api_audit(const struct asking *a, const char *what, const json_t *detail);

/* --- events.c --- */
enum MHD_Result stream_begin(struct asking *a);
void streams_tick(struct api_server *s);
void streams_end(struct api_server *s);

/* --- files.c --- */
struct files *files_load(const char *folder, struct errmsg *e);
void files_free(struct files *f);
/* The page of a path, "/index.html" for one that names no file. */
enum MHD_Result files_answer(const struct files *f, struct MHD_Connection *c, const char *path,
			     bool *ret_found);

/* --- answer.c --- */
void security_headers(struct MHD_Response *r);
/* What a route's function made; takes it. */
enum MHD_Result answer(const struct asking *a, struct api_answer *n);
/* wait_s: Retry-After; 0: none. */
enum MHD_Result refuse(const struct asking *a, unsigned status, const char *detail,
		       unsigned wait_s);

/* Accounts, sessions and tokens, in an SQLite file of the program. Passwords are kept as argon2id
 * hashes, session ids and tokens as SHA-256. One thread. A kill at any moment leaves the file as
 * before or after a call. */
#pragma once

#include <jansson.h>

#include "control/api/may.h"
#include "control/api/password.h"
#include "control/api/secret.h"
#include "control/api/totp.h"
#include "dataplane/base/err.h"

enum { API_NAME_MAX = 64, API_LABEL_MAX = 64 };

struct account {
	char name[API_NAME_MAX + 1];	 /* a-z 0-9 . _ - @ */
	char customer[API_NAME_MAX + 1]; /* "" for the vendor's people and single sites */
	enum api_role role;
	char hash[API_HASH_MAX];
	char totp[TOTP_TEXT]; /* "" without a second factor */
	bool totp_on;	      /* its first code was given: log-in asks for it */
	uint64_t totp_step;   /* the last one used */
	bool disabled;
	uint64_t created;
};

/* Which customers there are. `is` NULL: a single site, whose accounts name none. */
struct api_customers {
	bool (*is)(void *ctx, const char *id);
	void *ctx;
};

/* Whether its role and customer go together: the vendor's people belong to none, a customer's to
 * one that is there. ERR_INVALID with a sentence. */
int account_fits(const struct api_customers *c, const struct account *k, struct errmsg *e);

struct accounts;

/* A damaged file is an error, not replaced: nobody could log in to a new one. */
struct accounts *accounts_open(const char *path, struct errmsg *e);
void accounts_close(struct accounts *a);

/* ERR_NOTFOUND. */
int accounts_find(struct accounts *a, const char *name, struct account *ret);
/* ERR_EXISTS when there is one of the name, ERR_INVALID when the name cannot be one. */
int accounts_add(struct accounts *a, const struct account *k, struct errmsg *e);
/* Replaces all but the name. ERR_DENIED for what would leave its customer without an administrator.
 */
int accounts_change(struct accounts *a, const struct account *k, struct errmsg *e);
/* With its sessions and tokens. ERR_DENIED as above. */
int accounts_remove(struct accounts *a, const char *name, struct errmsg *e);
/* [{"name", "customer", "role", "second_factor", "disabled", "created"}] of one customer; NULL:
 * all. */
json_t *accounts_list(struct accounts *a, const char *customer);
uint64_t accounts_count(struct accounts *a);

/* --- sessions --- */

enum { API_SESSION_IDLE_MIN = 30, API_SESSION_HOURS = 12 };

struct session {
	char id[SECRET_TEXT]; /* given out, not kept */
	char csrf[SECRET_TEXT];
};

int api_session_begin(struct accounts *a, const char *name, uint64_t now, struct session *ret,
		      struct errmsg *e);
/* The account of a session in force, and its CSRF secret; notes that it was used. ERR_NOTFOUND. */
int api_session_find(struct accounts *a, const char *id, uint64_t now, struct account *ret,
		     char ret_csrf[SECRET_TEXT]);
void api_session_end(struct accounts *a, const char *id);
/* All of an account, but the one of `but` ("": none). */
void api_sessions_end(struct accounts *a, const char *name, const char *but);

/* --- tokens for programs --- */

struct token {
	char name[API_NAME_MAX + 1];   /* account */
	char label[API_LABEL_MAX + 1]; /* what it is for */
	enum api_role role;	       /* at most the account's */
	uint64_t expires;	       /* ns since 1970 */
};

/* `ret`: the token, shown once, and its number for token_remove. */
int token_add(struct accounts *a, const struct token *t, uint64_t now, char ret[SECRET_TEXT],
	      int64_t *ret_number, struct errmsg *e);
/* ERR_NOTFOUND when there is none, it is over, or its account is disabled. */
int token_find(struct accounts *a, const char *text, uint64_t now, struct account *ret,
	       enum api_role *ret_role);
/* [{"number", "label", "role", "created", "expires", "used"}] of an account. */
json_t *token_list(struct accounts *a, const char *name);
/* ERR_NOTFOUND: the account has no such token. */
int token_remove(struct accounts *a, const char *name, int64_t number);

/* Sessions and tokens that are over go. */
void accounts_expire(struct accounts *a, uint64_t now);

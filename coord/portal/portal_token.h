/* portal_token.h — the token that the control plane knows this relay by. */
#ifndef RELAY_PORTAL_TOKEN_H
#define RELAY_PORTAL_TOKEN_H

#include "err.h"
#include "problem.h"

#include <stddef.h>

enum { PORTAL_TOKEN_MAX = 4096 };

/* Visible ASCII without blanks. Wipe it with portal_token_wipe when it is no longer needed. */
struct portal_token {
    size_t len; /* 0 = none */
    char text[PORTAL_TOKEN_MAX];
};

/* portal_token_from_text takes |len| bytes at |text|, all blanks and line ends taken out.
 * ERR_OK, or ERR_RANGE (empty, too long, or not ASCII) with |problem| written, which never shows
 * the token. */
enum err portal_token_from_text(const char *text, size_t len, struct portal_token *ret,
                                struct problem *problem) MUST_CHECK;

/*
 * portal_token_read_file reads the operator's file at |path|. Who may read the file is up to the
 * operator. ERR_OK, ERR_RANGE as above, ERR_IO (cannot be read).
 * |problem| is written with every error and calls the file "it": the caller prints it behind what
 * names the file.
 */
enum err portal_token_read_file(const char *path, struct portal_token *ret,
                                struct problem *problem) MUST_CHECK;

/* portal_token_wipe forgets it. */
void portal_token_wipe(struct portal_token *token);

#endif

/* coordination_url.h — reads what --coordination says: which backend, and where it is. */
#ifndef RELAY_COORDINATION_URL_H
#define RELAY_COORDINATION_URL_H

#include "err.h"
#include "ownership.h"
#include "ownership_redis_target.h"
#include "problem.h"

enum coordination_kind {
    COORDINATION_LOCAL,
    COORDINATION_REDIS,
};

struct coordination {
    enum coordination_kind kind;
    struct redis_target redis; /* holds a password: wipe it */
};

/*
 * coordination_url_read reads |url|, one of the forms at the top of ownership.h. User, password
 * and names may hold %XX. ERR_OK; or ERR_MALFORMED, with |problem| naming the rule and
 * nothing that may be secret.
 */
enum err coordination_url_read(const char *url, struct coordination *ret,
                               struct problem *problem) MUST_CHECK;

enum { COORDINATION_TEXT_MAX = COORDINATION_URL_MAX + 1 };

/* coordination_url_describe writes |url|, one that coordination_url_read takes, without user
 * and password, and as printable ASCII. Returns |text|. */
const char *coordination_url_describe(const char *url, char text[static COORDINATION_TEXT_MAX]);

/* coordination_wipe makes the password unreadable. */
void coordination_wipe(struct coordination *coordination);

#endif

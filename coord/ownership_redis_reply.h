/* ownership_redis_reply.h — what is in a reply of Redis, whatever that is.
 *
 * Each function takes any reply, NULL included: what is not there or of another type reads as
 * nothing.
 */
#ifndef RELAY_OWNERSHIP_REDIS_REPLY_H
#define RELAY_OWNERSHIP_REDIS_REPLY_H

#include "bytes.h"

#include <stdbool.h>
#include <stdint.h>

struct redisReply;

enum redis_error {
    REDIS_ERROR_NONE,      /* it is no error */
    REDIS_ERROR_NO_SCRIPT, /* the script has to be loaded first */
    REDIS_ERROR_PASSWORD,  /* a password is missing or wrong */
    REDIS_ERROR_SERVICE,   /* this Redis cannot serve now: full, loading, no primary, … */
    REDIS_ERROR_OTHER,     /* this one command failed */
};

enum { REDIS_ERROR_TEXT_MAX = 160 };

enum redis_error redis_reply_error(const struct redisReply *reply);

/* redis_reply_error_write writes the error's own text, cut and made printable: one line without
 * a password. Empty for what is no error. */
void redis_reply_error_write(const struct redisReply *reply,
                             char text[static REDIS_ERROR_TEXT_MAX]);

/* The text of a string or status; empty, with |data| NULL, for all else. */
struct bytes redis_reply_text(const struct redisReply *reply);
bool redis_reply_is(const struct redisReply *reply, const char *text);

/* The integer; 0 for all else. */
int64_t redis_reply_integer(const struct redisReply *reply);

/* The number of elements of an array, and one of them; 0 and NULL for all else. */
size_t redis_reply_count(const struct redisReply *reply);
const struct redisReply *redis_reply_at(const struct redisReply *reply, size_t index);

#endif

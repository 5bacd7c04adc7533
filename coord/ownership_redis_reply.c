/* ownership_redis_reply.c — what is in a reply of Redis, whatever that is. */
#include "ownership_redis_reply.h"

#include <string.h>

#include <hiredis/hiredis.h>

/*
 * The first word of an error is its code. Inside a script Redis 6 puts its own words before it, so
 * a code is looked for anywhere; that a text holds one by chance does no harm.
 */
static const struct {
    const char *code;
    enum redis_error error;
} codes[] = {
    {"NOSCRIPT", REDIS_ERROR_NO_SCRIPT},
    {"NOAUTH", REDIS_ERROR_PASSWORD},
    {"WRONGPASS", REDIS_ERROR_PASSWORD},
    {"invalid password", REDIS_ERROR_PASSWORD},
    {"without any password configured", REDIS_ERROR_PASSWORD},
    {"NOPERM", REDIS_ERROR_SERVICE},
    {"OOM", REDIS_ERROR_SERVICE},
    {"MISCONF", REDIS_ERROR_SERVICE},
    {"READONLY", REDIS_ERROR_SERVICE},
    {"MASTERDOWN", REDIS_ERROR_SERVICE},
    {"NOREPLICAS", REDIS_ERROR_SERVICE},
    {"LOADING", REDIS_ERROR_SERVICE},
    {"BUSY", REDIS_ERROR_SERVICE},
    {"MOVED", REDIS_ERROR_SERVICE},
    {"ASK", REDIS_ERROR_SERVICE},
    {"CROSSSLOT", REDIS_ERROR_SERVICE},
    {"CLUSTERDOWN", REDIS_ERROR_SERVICE},
    {"TRYAGAIN", REDIS_ERROR_SERVICE},
};

static bool contains(const struct redisReply *reply, const char *text)
{
    return reply->str != NULL && memmem(reply->str, reply->len, text, strlen(text)) != NULL;
}

enum redis_error redis_reply_error(const struct redisReply *reply)
{
    if (reply == NULL || reply->type != REDIS_REPLY_ERROR)
        return REDIS_ERROR_NONE;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        if (contains(reply, codes[i].code))
            return codes[i].error;
    return REDIS_ERROR_OTHER;
}

void redis_reply_error_write(const struct redisReply *reply, char text[static REDIS_ERROR_TEXT_MAX])
{
    size_t len = 0;

    /* A Redis that does not know a command recites its arguments, which may be a password. */
    if (reply != NULL && reply->type == REDIS_REPLY_ERROR && reply->str != NULL) {
        const char *recital = memmem(reply->str, reply->len, ", with args", strlen(", with args"));
        size_t end = recital != NULL ? (size_t)(recital - reply->str) : reply->len;

        for (; len < end && len < REDIS_ERROR_TEXT_MAX - 1; len++) {
            char c = reply->str[len];

            text[len] = (char)(c >= ' ' && c <= '~' ? c : '?');
        }
    }
    text[len] = '\0';
}

struct bytes redis_reply_text(const struct redisReply *reply)
{
    if (reply == NULL || reply->str == NULL ||
        (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_STATUS))
        return (struct bytes){.data = NULL};
    return (struct bytes){.data = (const uint8_t *)reply->str, .len = reply->len};
}

bool redis_reply_is(const struct redisReply *reply, const char *text)
{
    struct bytes actual = redis_reply_text(reply);

    return actual.data != NULL && bytes_equal(actual, bytes_of_text(text)) != 0;
}

int64_t redis_reply_integer(const struct redisReply *reply)
{
    return reply != NULL && reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0;
}

size_t redis_reply_count(const struct redisReply *reply)
{
    return reply != NULL && reply->type == REDIS_REPLY_ARRAY ? reply->elements : 0;
}

const struct redisReply *redis_reply_at(const struct redisReply *reply, size_t index)
{
    return index < redis_reply_count(reply) ? reply->element[index] : NULL;
}

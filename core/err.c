/* err.c — names of errors for logs. */
#include "err.h"

const char *err_name(enum err err)
{
    switch (err) {
    case ERR_OK:
        return "ok";
    case ERR_TRUNCATED:
        return "truncated";
    case ERR_MALFORMED:
        return "malformed";
    case ERR_RANGE:
        return "out of range";
    case ERR_NO_SPACE:
        return "no space";
    case ERR_NO_MEMORY:
        return "no memory";
    case ERR_LIMIT:
        return "limit reached";
    case ERR_NOT_FOUND:
        return "not found";
    case ERR_EXISTS:
        return "exists already";
    case ERR_AUTH:
        return "authentication failed";
    case ERR_EXPIRED:
        return "expired";
    case ERR_CRYPTO:
        return "cryptography failed";
    case ERR_IO:
        return "input or output failed";
    case ERR_TIMEOUT:
        return "timed out";
    case ERR_UNAVAILABLE:
        return "unavailable";
    }
    return "unknown error";
}

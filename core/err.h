/* err.h — the one error type of the program.
 *
 * A C error says why a function could not do its work. It is never sent to a
 * client: what a client is told is a STUN error code (stun_error.h), a value
 * like any other.
 */
#ifndef RELAY_ERR_H
#define RELAY_ERR_H

enum err {
    ERR_OK = 0,
    ERR_TRUNCATED = -1,   /* input ends before the thing it announces */
    ERR_MALFORMED = -2,   /* input breaks its grammar */
    ERR_RANGE = -3,       /* a well-formed value outside what is allowed */
    ERR_NO_SPACE = -4,    /* the caller's buffer is too small */
    ERR_NO_MEMORY = -5,   /* malloc failed; at start only */
    ERR_LIMIT = -6,       /* a table of fixed size is full */
    ERR_NOT_FOUND = -7,   /* no such entry */
    ERR_EXISTS = -8,      /* the entry is there already, or the name is taken */
    ERR_AUTH = -9,        /* a secret or a check value does not match */
    ERR_EXPIRED = -10,    /* it was valid once */
    ERR_CRYPTO = -11,     /* libcrypto refused */
    ERR_IO = -12,         /* the system said no; errno was logged at the edge */
    ERR_TIMEOUT = -13,    /* no answer in time */
    ERR_UNAVAILABLE = -14 /* the service behind it is away */
};

/* Marks functions whose result must be looked at. */
#define MUST_CHECK __attribute__((warn_unused_result))

/*
 * err_name returns a short English name such as "truncated". Never NULL; the
 * string is static. A value outside the enum gives "unknown error".
 */
const char *err_name(enum err err);

#endif

/* turn_credential.h — usernames and their long-term keys, three schemes.
 *
 *   stamp   "expiry:salt"; password = Base64 without padding of
 *           SHA-256(expiry ":" secret ":" salt)
 *   rest    "expiry" or "expiry:name"; password = Base64 of HMAC-SHA1(secret, username),
 *           the TURN REST convention
 *   static  a file of users with their long-term keys
 *
 * expiry is decimal seconds since 1970, without sign or leading zeros, fitting
 * 64 bits. The long-term key is MD5(username ":" realm ":" password)
 * (RFC 8489 §9.2.2).
 */
#ifndef RELAY_TURN_CREDENTIAL_H
#define RELAY_TURN_CREDENTIAL_H

#include "base64.h"
#include "bytes.h"
#include "crypto.h"
#include "err.h"
#include "mono_time.h"

#include <stdbool.h>
#include <stdint.h>

enum turn_scheme {
    TURN_SCHEME_STAMP = 1,
    TURN_SCHEME_REST = 2,
    TURN_SCHEME_STATIC = 4,
};

enum { TURN_PASSWORD_MAX = BASE64_LEN(SHA256_LEN) + 1 };

/* A long-term key, RFC 8489 §9.2.2. Wipe it when it is no longer needed. */
struct turn_key {
    uint8_t bytes[MD5_LEN];
};

/* The users of the static scheme: a set, filled at start, read afterwards. */
struct turn_users;

/* turn_users_new makes an empty set: NULL when memory is out. */
struct turn_users *turn_users_new(void);
void turn_users_free(struct turn_users *users);

/*
 * turn_users_add_line reads one line of a users file: "username:KEY" with KEY
 * the long-term key as 32 hex digits; the username may hold colons. Blank
 * lines and lines that begin with '#' are ignored. |len| excludes the newline.
 *   ERR_OK, ERR_MALFORMED, ERR_EXISTS (the user is there already), ERR_NO_MEMORY.
 */
enum err turn_users_add_line(struct turn_users *users, const char *line, size_t len) MUST_CHECK;
size_t turn_users_count(const struct turn_users *users);

/*
 * turn_password_stamp and turn_password_rest derive the password of |username|,
 * zero-terminated. The expiry is not compared with any clock.
 *   ERR_OK, ERR_MALFORMED (the username is not of the scheme), ERR_CRYPTO.
 */
enum err turn_password_stamp(struct crypto *crypto, struct bytes secret, struct bytes username,
                             char ret[static TURN_PASSWORD_MAX]) MUST_CHECK;
enum err turn_password_rest(struct crypto *crypto, struct bytes secret, struct bytes username,
                            char ret[static TURN_PASSWORD_MAX]) MUST_CHECK;

/* turn_long_term_key: MD5(username ":" realm ":" password). ERR_OK or ERR_CRYPTO. */
enum err turn_long_term_key(struct crypto *crypto, struct bytes username, struct bytes realm,
                            struct bytes password, struct turn_key *ret) MUST_CHECK;

/* What credentials are checked against. */
struct turn_credentials {
    unsigned schemes;    /* set of enum turn_scheme */
    struct bytes secret; /* of stamp and rest */
    struct bytes realm;
    const struct turn_users *users; /* static; may be NULL */
};

/* One key that a username may stand for. */
struct turn_candidate {
    enum turn_scheme scheme;
    struct turn_key key;
    bool expired; /* at the |wall| it was derived for */
};

/* A username can fit two schemes at once ("expiry:x" is stamp and rest). */
enum { TURN_CANDIDATES_MAX = 3 };

/*
 * turn_credentials_candidates derives every key that |username| stands for:
 * static first, then stamp, then rest. Returns how many, 0 when the username fits no
 * enabled scheme. The caller wipes |ret|. A crypto failure leaves a scheme out.
 * Valid while expiry >= |wall|.
 */
size_t turn_credentials_candidates(const struct turn_credentials *credentials,
                                   struct crypto *crypto, struct wall_time wall,
                                   struct bytes username,
                                   struct turn_candidate ret[static TURN_CANDIDATES_MAX]);

#endif

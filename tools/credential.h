/* credential.h — usernames and passwords made from a relay's shared secret. */
#ifndef RELAY_CREDENTIAL_H
#define RELAY_CREDENTIAL_H

#include "turn_credential.h"

/* Bytes of a name or salt, so that "expiry:name" stays a valid USERNAME. */
enum { CREDENTIAL_NAME_MAX = 480, CREDENTIAL_USERNAME_MAX = 512 };

/* Wipe it when it is no longer needed. */
struct credential {
    char username[CREDENTIAL_USERNAME_MAX];
    char password[TURN_PASSWORD_MAX];
    uint64_t expiry; /* seconds since 1970 */
};

/*
 * credential_make makes the credential of |scheme| (STAMP or REST) that is valid until |expiry|.
 *
 * |name|  STAMP: the salt, not empty, without a colon. REST: the user's name,
 *         "" for none. At most CREDENTIAL_NAME_MAX bytes.
 *
 *   ERR_OK, ERR_MALFORMED (|name| breaks its rule), ERR_CRYPTO.
 */
enum err credential_make(struct crypto *crypto, enum turn_scheme scheme, struct bytes secret,
                         uint64_t expiry, const char *name, struct credential *ret) MUST_CHECK;

/* credential_draw_salt writes 24 random hex digits and a zero. */
enum { CREDENTIAL_SALT_LEN = 24 };
void credential_draw_salt(void (*random)(void *context, uint8_t *out, size_t len), void *context,
                          char salt[static CREDENTIAL_SALT_LEN + 1]);

#endif

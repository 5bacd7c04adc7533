/* credential.c — usernames and passwords made from a relay's shared secret. */
#include "credential.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum err credential_make(struct crypto *crypto, enum turn_scheme scheme, struct bytes secret,
                         uint64_t expiry, const char *name, struct credential *ret)
{
    assert(scheme == TURN_SCHEME_STAMP || scheme == TURN_SCHEME_REST);
    if (strlen(name) > CREDENTIAL_NAME_MAX)
        return ERR_MALFORMED;
    struct credential made = {.expiry = expiry};
    snprintf(made.username, sizeof made.username, "%" PRIu64 "%s%s", expiry, *name ? ":" : "",
             name);
    struct bytes username = bytes_of_text(made.username);
    enum err err = scheme == TURN_SCHEME_STAMP
                       ? turn_password_stamp(crypto, secret, username, made.password)
                       : turn_password_rest(crypto, secret, username, made.password);
    if (err == ERR_OK)
        *ret = made;
    crypto_wipe(&made, sizeof made);
    return err;
}

void credential_draw_salt(void (*random)(void *context, uint8_t *out, size_t len), void *context,
                          char salt[static CREDENTIAL_SALT_LEN + 1])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[CREDENTIAL_SALT_LEN / 2];
    random(context, bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        salt[2 * i] = digits[bytes[i] >> 4];
        salt[2 * i + 1] = digits[bytes[i] & 15];
    }
    salt[CREDENTIAL_SALT_LEN] = '\0';
}

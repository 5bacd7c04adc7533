/* own_credential.c — a credential made on the spot from the secret of this host's relay. */
#include "own_credential.h"

#include "system_clock.h"
#include "system_random.h"

enum err own_credential_make(const struct secret_options *options, enum turn_scheme scheme,
                             uint64_t ttl_sec, struct credential *ret, struct problem *problem)
{
    struct auth_secret secret = {0};
    struct problem why;
    enum err err = secret_source_load(options, &secret, &why);
    if (err != ERR_OK) {
        problem_set(problem, "%.400s, or --username and --password", why.text);
        return err;
    }
    struct crypto *crypto = NULL;
    err = crypto_new(&crypto);
    if (err == ERR_OK) {
        char salt[CREDENTIAL_SALT_LEN + 1];
        credential_draw_salt(system_random, NULL, salt);
        err = credential_make(crypto, scheme, auth_secret_bytes(&secret),
                              system_wall_time().sec + ttl_sec, salt, ret);
    }
    crypto_free(crypto);
    auth_secret_wipe(&secret);
    if (err != ERR_OK)
        problem_set(problem, "the credential cannot be made: %s", err_name(err));
    return err;
}

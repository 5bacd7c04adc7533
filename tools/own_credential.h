/* own_credential.h — a credential made on the spot from the secret of this host's relay. */
#ifndef RELAY_OWN_CREDENTIAL_H
#define RELAY_OWN_CREDENTIAL_H

#include "credential.h"
#include "secret_source.h"

/*
 * own_credential_make finds the secret (secret_source.h) and makes a credential of |scheme|,
 * STAMP or REST, with a random salt, that is valid for |ttl_sec|.
 *
 * ERR_OK (wipe |ret|), or another error with |problem| saying what to do about it.
 */
enum err own_credential_make(const struct secret_options *options, enum turn_scheme scheme,
                             uint64_t ttl_sec, struct credential *ret,
                             struct problem *problem) MUST_CHECK;

#endif

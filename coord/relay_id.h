/* relay_id.h — the name by which a control plane and its clients know this relay.
 *
 * A control plane makes it from the secret that it was handed, so that a relay which comes back
 * with the same secret is the same relay, and all shards of one host are one.
 */
#ifndef RELAY_RELAY_ID_H
#define RELAY_RELAY_ID_H

#include "bytes.h"
#include "err.h"

enum { RELAY_ID_TEXT_LEN = 37 }; /* 36 characters and the zero */

/*
 * relay_id_of_secret writes the relay's id, a UUID in lower case: the first 128 bits of SHA-256 of
 * |secret| as text, with version 4 and variant 2 put in. It tells nothing about the secret.
 * ERR_OK, ERR_NO_MEMORY or ERR_CRYPTO.
 */
enum err relay_id_of_secret(struct bytes secret, char ret[static RELAY_ID_TEXT_LEN]) MUST_CHECK;

#endif

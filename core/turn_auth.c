/* turn_auth.c — the authentication ladder of requests. */
#include "turn_auth.h"

#include "stun_attr.h"
#include "stun_error.h"
#include "stun_integrity.h"
#include "turn_nonce.h"

bool turn_auth_has_valid_nonce(const struct turn_auth *auth, struct mono_time now,
                               const struct transport_addr *client,
                               const struct stun_message *request)
{
    struct bytes nonce;
    return stun_get_nonce(request, &nonce) == ERR_OK &&
           turn_nonce_valid(&auth->nonce_key, now, client, nonce);
}

static bool integrity_matches(const struct turn_auth *auth, const struct stun_message *request,
                              const struct turn_key *key)
{
    struct bytes bytes = {.data = key->bytes, .len = sizeof key->bytes};
    /* RFC 8489 §9.2.4: with both attributes the stronger one decides. */
    enum err err = request->integrity_sha256_offset
                       ? stun_integrity_check_sha256(auth->crypto, request, bytes)
                       : stun_integrity_check(auth->crypto, request, bytes);
    return err == ERR_OK;
}

void turn_authenticate(const struct turn_auth *auth, struct turn_now now,
                       const struct stun_message *request, bool nonce_valid,
                       struct turn_auth_result *ret)
{
    *ret = (struct turn_auth_result){.integrity_sha256 = request->integrity_sha256_offset != 0};
    bool has_integrity = request->integrity_offset || request->integrity_sha256_offset;

    struct turn_candidate candidates[TURN_CANDIDATES_MAX];
    size_t count = 0, chosen = 0;
    bool verified = false;
    if (stun_get_username(request, &ret->username) == ERR_OK)
        count = turn_credentials_candidates(&auth->credentials, auth->crypto, now.wall,
                                            ret->username, candidates);
    for (size_t i = 0; has_integrity && i < count && !verified; i++) {
        verified = integrity_matches(auth, request, &candidates[i].key);
        if (verified)
            chosen = i;
    }
    bool expired = false;
    if (count > 0) {
        ret->has_key = true;
        ret->key = candidates[chosen].key;
        expired = candidates[chosen].expired;
    }
    crypto_wipe(candidates, sizeof candidates);

    struct stun_attr attr;
    bool has_nonce = stun_message_find(request, STUN_ATTR_NONCE, &attr);
    if (!has_integrity)
        ret->error = STUN_UNAUTHENTICATED;
    else if (ret->username.len == 0 || !stun_message_find(request, STUN_ATTR_REALM, &attr))
        ret->error = STUN_BAD_REQUEST;
    else if (!has_nonce)
        ret->error = STUN_UNAUTHENTICATED;
    else if (!nonce_valid)
        ret->error = STUN_STALE_NONCE;
    else if (!verified || expired)
        ret->error = STUN_UNAUTHENTICATED;
}

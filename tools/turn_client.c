/* turn_client.c — one TURN client's transactions: challenges, retransmissions, integrity. */
#include "turn_client.h"

#include "stun_error.h"

#include <assert.h>
#include <stdio.h>

enum {
    RTO_USEC = 500000,  /* RFC 8489 §6.2.1: the initial RTO */
    TRANSMISSIONS = 4,  /* fewer than the RFC's 7: these clients test, and a person waits */
    CHALLENGES_MAX = 3, /* a server that finds every nonce stale is broken */
};

void turn_client_init(struct turn_client *client, const struct turn_client_config *config)
{
    *client = (struct turn_client){.config = config, .deadline = MONO_TIME_NEVER};
}

void turn_client_wipe(struct turn_client *client)
{
    crypto_wipe(&client->key, sizeof client->key);
    client->challenged = false;
}

static enum turn_step finish(struct turn_client *client, enum turn_failure failure)
{
    client->deadline = MONO_TIME_NEVER;
    client->result.failure = failure;
    return failure == TURN_FAILURE_NONE ? TURN_STEP_DONE : TURN_STEP_FAILED;
}

/* Writes the running request as it stands and sets the time for the next attempt. */
static enum turn_step transmit(struct turn_client *client, struct mono_time now, uint8_t *buf,
                               size_t *ret_len)
{
    struct turn_long_term auth = {
        .username = client->config->username,
        .realm = {client->realm, client->realm_len},
        .nonce = {client->nonce, client->nonce_len},
        .key = &client->key,
    };
    if (turn_request_write(&client->request, client->transaction_id,
                           client->authenticated ? &auth : NULL, client->config->crypto, buf,
                           TURN_REQUEST_MAX, ret_len) != ERR_OK)
        return finish(client, TURN_FAILURE_LOCAL);
    client->deadline = mono_time_add_usec(now, (int64_t)RTO_USEC << client->transmissions);
    client->transmissions++;
    return TURN_STEP_SEND;
}

/* A new transaction for the same request. */
static enum turn_step transact(struct turn_client *client, struct mono_time now, uint8_t *buf,
                               size_t *ret_len)
{
    client->config->random(client->config->random_context, client->transaction_id,
                           sizeof client->transaction_id);
    client->transmissions = 0;
    client->authenticated = client->challenged && client->request.method != STUN_BINDING;
    return transmit(client, now, buf, ret_len);
}

enum turn_step turn_client_start(struct turn_client *client, struct mono_time now,
                                 const struct turn_request *request,
                                 uint8_t buf[static TURN_REQUEST_MAX], size_t *ret_len)
{
    assert(mono_time_is_never(client->deadline) && "one request at a time");
    client->request = *request;
    client->result = (struct turn_result){0};
    client->challenges = 0;
    client->forged = false;
    return transact(client, now, buf, ret_len);
}

/* Takes over the realm and nonce of a 401 or 438 and sends the request again. */
static enum turn_step answer_challenge(struct turn_client *client, struct mono_time now,
                                       const struct turn_answer *answer, uint8_t *buf,
                                       size_t *ret_len)
{
    struct bytes realm = answer->realm;
    /* A 438 need not repeat the realm when it has not changed. */
    if (realm.len == 0 && client->challenged)
        realm = (struct bytes){client->realm, client->realm_len};
    if (realm.len == 0 || answer->nonce.len == 0)
        return finish(client, TURN_FAILURE_MALFORMED);
    if (++client->challenges > CHALLENGES_MAX)
        return finish(client, TURN_FAILURE_CODE);
    if (turn_long_term_key(client->config->crypto, client->config->username, realm,
                           client->config->password, &client->key) != ERR_OK)
        return finish(client, TURN_FAILURE_LOCAL);
    memmove(client->realm, realm.data, realm.len);
    client->realm_len = (uint16_t)realm.len;
    memcpy(client->nonce, answer->nonce.data, answer->nonce.len);
    client->nonce_len = (uint16_t)answer->nonce.len;
    client->challenged = true;
    return transact(client, now, buf, ret_len);
}

/*
 * RFC 8489 §9.2.5: an answer to an authenticated request whose integrity is
 * missing or wrong is ignored. 400, 401 and 438 are acted on without: the server may
 * have no key for the username, or another one.
 */
static bool is_trustworthy(struct turn_client *client, const struct turn_answer *answer)
{
    if (answer->integrity == TURN_INTEGRITY_GOOD || answer->integrity == TURN_INTEGRITY_UNCHECKED)
        return true;
    if (answer->code == STUN_BAD_REQUEST || answer->code == STUN_UNAUTHENTICATED ||
        answer->code == STUN_STALE_NONCE)
        return true;
    if (answer->integrity == TURN_INTEGRITY_MISSING)
        client->counters.integrity_missing++;
    else
        client->counters.integrity_wrong++;
    client->forged = true;
    return false;
}

enum turn_step turn_client_input(struct turn_client *client, struct mono_time now,
                                 struct bytes datagram, uint8_t buf[static TURN_REQUEST_MAX],
                                 size_t *ret_len)
{
    if (mono_time_is_never(client->deadline))
        return TURN_STEP_WAIT;
    struct turn_answer answer;
    enum err err = turn_answer_read(datagram, client->request.method, client->transaction_id,
                                    client->config->crypto,
                                    client->authenticated ? &client->key : NULL, &answer);
    if (err == ERR_NOT_FOUND)
        return TURN_STEP_WAIT;
    if (err != ERR_OK)
        return finish(client, TURN_FAILURE_MALFORMED);
    if (!is_trustworthy(client, &answer))
        return TURN_STEP_WAIT;

    client->result.code = answer.code;
    if (answer.code == STUN_STALE_NONCE ||
        (answer.code == STUN_UNAUTHENTICATED && !client->authenticated))
        return answer_challenge(client, now, &answer, buf, ret_len);
    if (answer.code == STUN_UNAUTHENTICATED)
        return finish(client, TURN_FAILURE_CREDENTIALS);
    if (answer.code != 0)
        return finish(client, TURN_FAILURE_CODE);

    if (client->request.method == TURN_ALLOCATE &&
        (answer.relayed.family == IP_FAMILY_NONE || answer.lifetime_sec == 0))
        return finish(client, TURN_FAILURE_MALFORMED);
    client->result.relayed = answer.relayed;
    client->result.mapped = answer.mapped;
    client->result.lifetime_sec = answer.lifetime_sec;
    return finish(client, TURN_FAILURE_NONE);
}

enum turn_step turn_client_timeout(struct turn_client *client, struct mono_time now,
                                   uint8_t buf[static TURN_REQUEST_MAX], size_t *ret_len)
{
    if (!mono_time_due(client->deadline, now))
        return TURN_STEP_WAIT;
    if (client->transmissions >= TRANSMISSIONS)
        return finish(client, client->forged ? TURN_FAILURE_FORGED : TURN_FAILURE_NO_ANSWER);
    client->counters.retransmissions++;
    return transmit(client, now, buf, ret_len);
}

char *turn_result_text(const struct turn_result *result, char text[static TURN_RESULT_TEXT_MAX])
{
    switch (result->failure) {
    case TURN_FAILURE_NONE:
        snprintf(text, TURN_RESULT_TEXT_MAX, "success");
        break;
    case TURN_FAILURE_NO_ANSWER:
        snprintf(text, TURN_RESULT_TEXT_MAX, "no answer");
        break;
    case TURN_FAILURE_CODE:
    case TURN_FAILURE_CREDENTIALS:
        snprintf(text, TURN_RESULT_TEXT_MAX, "%u %s", result->code,
                 stun_error_phrase(result->code));
        break;
    case TURN_FAILURE_FORGED:
        snprintf(text, TURN_RESULT_TEXT_MAX,
                 "only answers without the right MESSAGE-INTEGRITY came");
        break;
    case TURN_FAILURE_MALFORMED:
        snprintf(text, TURN_RESULT_TEXT_MAX, "the answer cannot be understood");
        break;
    case TURN_FAILURE_LOCAL:
        snprintf(text, TURN_RESULT_TEXT_MAX, "the request could not be made");
        break;
    }
    return text;
}

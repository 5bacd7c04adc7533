/* test_client.c — a client: its address, credential and nonce, and what it demands of answers. */
#include "test_client.h"

#include "server_setup.h"

#include <stdio.h>
#include <stdlib.h>

void client_init(struct test_client *client, struct crypto *crypto, struct transport_addr at,
                 struct transport_addr server, const char *username, const char *password,
                 const char *realm)
{
    *client = (struct test_client){.tuple = {.client = at, .server = server}};
    snprintf(client->username, sizeof(client->username), "%s", username);
    snprintf(client->realm, sizeof(client->realm), "%s", realm);
    if (turn_long_term_key(crypto, bytes_of_text(username), bytes_of_text(realm),
                           bytes_of_text(password), &client->key) != ERR_OK)
        abort();
    /* Transaction ids tell who asked. */
    uint64_t seed = at.port;
    for (size_t i = 0; i < sizeof(at.ip); i++)
        seed = seed * 31 + at.ip[i];
    for (size_t i = 0; i < 8; i++)
        client->transaction_id[i] = (uint8_t)(seed >> 8 * i);
}

struct message client_message(struct test_client *client, uint16_t method, const struct attr *attrs)
{
    for (size_t i = STUN_TRANSACTION_ID_LEN; i-- > 8 && ++client->transaction_id[i] == 0;)
        continue;
    return (struct message){
        .class = STUN_REQUEST,
        .method = method,
        .transaction_id = client->transaction_id,
        .attrs = attrs,
        .username = bytes_of_text(client->username),
        .realm = bytes_of_text(client->realm),
        .nonce = {.data = client->nonce_len ? client->nonce : NULL, .len = client->nonce_len},
        .key = &client->key,
        .integrity = client->integrity,
        .fingerprint = client->fingerprint,
    };
}

/* Binding and what is not understood at all are answered without authentication. */
static bool is_turn_method(uint16_t method)
{
    return method == TURN_ALLOCATE || method == TURN_REFRESH || method == TURN_CHANNEL_BIND ||
           method == TURN_CREATE_PERMISSION;
}

void client_build(struct test_client *client, struct crypto *crypto, const struct message *message)
{
    client->request_len = message_build(crypto, message, client->request);
    bool sha256 = message->integrity == INTEGRITY_SHA256 || message->integrity == INTEGRITY_BOTH;
    client->want = (struct want){
        .request_len = client->request_len,
        .integrity =
            message->username.len > 0 && !client->underivable && is_turn_method(message->method),
        .sha256 = sha256 && message->key,
        .fingerprint = message->fingerprint,
    };
}

/* SOFTWARE and the reason phrase may be left out only where they break the bound. */
static bool software_fits(const struct want *want, const struct answer *answer)
{
    size_t phrase = strlen("Unauthenticated") + 3;
    size_t full = answer->len + 4 + (strlen(TEST_SOFTWARE) + 3) / 4 * 4 + phrase;
    return full <= TURN_REFLECTION_FACTOR * want->request_len;
}

const char *client_check_answer(const struct test_client *client, const struct want *want,
                                struct crypto *crypto, struct bytes datagram,
                                const struct answer *answer)
{
    bool challenge = answer->error_code == 401 || answer->error_code == 438;
    if (challenge != answer_has(answer, STUN_ATTR_NONCE) ||
        challenge != answer_has(answer, STUN_ATTR_REALM))
        return "REALM and NONCE belong into 401 and 438 (RFC 8489 §9.2.4)";
    if (challenge && strcmp(answer->realm, client->realm) != 0)
        return "another realm";
    if (answer_has(answer, STUN_ATTR_SOFTWARE)) {
        if (strcmp(answer->software, TEST_SOFTWARE) != 0)
            return "another SOFTWARE";
    } else if (answer->class == STUN_SUCCESS || software_fits(want, answer)) {
        return "no SOFTWARE";
    }
    if (answer_has(answer, STUN_ATTR_FINGERPRINT) != want->fingerprint)
        return "FINGERPRINT is answered with FINGERPRINT";
    if (!want->integrity)
        return answer_has(answer, STUN_ATTR_MESSAGE_INTEGRITY) ||
                       answer_has(answer, STUN_ATTR_MESSAGE_INTEGRITY_SHA256)
                   ? "integrity with no key to make it from"
                   : NULL;
    if (!answer_has(answer, want->sha256 ? STUN_ATTR_MESSAGE_INTEGRITY_SHA256
                                         : STUN_ATTR_MESSAGE_INTEGRITY))
        return "no integrity although the username stands for a key";
    if (!answer_integrity_ok(crypto, datagram, &client->key))
        return "wrong integrity";
    return NULL;
}

void client_take_answer(struct test_client *client, const struct answer *answer)
{
    if (answer->nonce_len > 0) {
        memcpy(client->nonce, answer->nonce, answer->nonce_len);
        client->nonce_len = answer->nonce_len;
    }
    if (answer->class != STUN_SUCCESS || answer->method != TURN_ALLOCATE)
        return;
    for (size_t i = 0; i < answer->relayed_count; i++) {
        if (answer->relayed[i].family == IP_FAMILY_V4)
            client->relayed_v4 = answer->relayed[i];
        else
            client->relayed_v6 = answer->relayed[i];
    }
    memcpy(client->token, answer->token, sizeof(client->token));
}

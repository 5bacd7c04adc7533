/* test_turn_client.c — transactions of a TURN client: challenges, retransmissions, integrity. */
#include "turn_client.h"

#include "stun_error.h"
#include "stun_integrity.h"
#include "stun_writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct crypto *crypto;
static struct turn_client_config config;
static uint8_t next_random;
static struct turn_client client;
static uint8_t sent[TURN_REQUEST_MAX];
static size_t sent_len;
static uint8_t reply[TURN_REQUEST_MAX];

static void count_up(void *context, uint8_t *out, size_t len)
{
    (void)context;
    memset(out, next_random++, len);
}

static int open_crypto(void **state)
{
    (void)state;
    if (crypto_new(&crypto) != ERR_OK)
        return -1;
    config = (struct turn_client_config){.crypto = crypto,
                                         .username = bytes_of_text("user"),
                                         .password = bytes_of_text("password"),
                                         .random = count_up};
    return 0;
}

static int close_crypto(void **state)
{
    (void)state;
    crypto_free(crypto);
    return 0;
}

static int new_client(void **state)
{
    (void)state;
    turn_client_init(&client, &config);
    return 0;
}

static struct mono_time at_msec(int64_t msec)
{
    return (struct mono_time){.usec = msec * 1000};
}

static const struct turn_request allocate = {.method = TURN_ALLOCATE};

/* The request that was sent last, as a server sees it. */
static struct stun_message request(void)
{
    struct stun_message message;
    assert_int_equal(stun_message_parse((struct bytes){sent, sent_len}, &message), ERR_OK);
    return message;
}

static struct turn_key key_of(const char *realm)
{
    struct turn_key key;
    assert_int_equal(
        turn_long_term_key(crypto, config.username, bytes_of_text(realm), config.password, &key),
        ERR_OK);
    return key;
}

/* Answers the request that was sent last; |key| NULL leaves out MESSAGE-INTEGRITY. */
static enum turn_step respond(int64_t msec, uint16_t code, const char *realm, const char *nonce,
                              const struct turn_key *key)
{
    struct stun_message message = request();
    struct stun_writer writer;
    stun_writer_begin(&writer, reply, sizeof reply, code ? STUN_ERROR : STUN_SUCCESS,
                      message.method, message.transaction_id);
    if (code) {
        stun_add_error_code(&writer, code, stun_error_phrase(code));
        if (realm)
            stun_add_bytes(&writer, STUN_ATTR_REALM, bytes_of_text(realm));
        if (nonce)
            stun_add_bytes(&writer, STUN_ATTR_NONCE, bytes_of_text(nonce));
    } else if (message.method == TURN_ALLOCATE) {
        struct transport_addr addr;
        assert_int_equal(transport_addr_parse("192.0.2.1:50001", 0, &addr), ERR_OK);
        stun_add_xor_address(&writer, STUN_ATTR_XOR_RELAYED_ADDRESS, &addr);
        stun_add_u32(&writer, STUN_ATTR_LIFETIME, 600);
    }
    if (key)
        stun_add_integrity(&writer, crypto, (struct bytes){key->bytes, sizeof key->bytes});
    size_t len;
    assert_int_equal(stun_writer_finish(&writer, &len), ERR_OK);
    return turn_client_input(&client, at_msec(msec), (struct bytes){reply, len}, sent, &sent_len);
}

static void start(void)
{
    assert_int_equal(turn_client_start(&client, at_msec(0), &allocate, sent, &sent_len),
                     TURN_STEP_SEND);
}

static void start_and_answer_challenge(void)
{
    start();
    assert_int_equal(request().integrity_offset, 0);
    assert_int_equal(respond(1, 401, "realm", "nonce-1", NULL), TURN_STEP_SEND);
}

/* RFC 8489 §9.2.5: the request again, another transaction, now with credentials. */
static void test_challenge_then_success(void **state)
{
    (void)state;
    start();
    uint8_t first_id[STUN_TRANSACTION_ID_LEN];
    memcpy(first_id, request().transaction_id, sizeof first_id);
    assert_int_equal(respond(1, 401, "realm", "nonce-1", NULL), TURN_STEP_SEND);
    struct stun_message message = request();
    assert_memory_not_equal(message.transaction_id, first_id, sizeof first_id);
    struct turn_key key = key_of("realm");
    assert_int_equal(
        stun_integrity_check(crypto, &message, (struct bytes){key.bytes, sizeof key.bytes}),
        ERR_OK);
    struct bytes nonce;
    assert_int_equal(stun_get_nonce(&message, &nonce), ERR_OK);
    assert_true(bytes_equal(nonce, bytes_of_text("nonce-1")));

    assert_int_equal(respond(2, 0, NULL, NULL, &key), TURN_STEP_DONE);
    assert_int_equal(client.result.failure, TURN_FAILURE_NONE);
    assert_int_equal(client.result.relayed.port, 50001);
    assert_int_equal(client.result.lifetime_sec, 600);
    assert_true(mono_time_is_never(client.deadline));
}

static void test_next_request_carries_credentials_at_once(void **state)
{
    (void)state;
    start_and_answer_challenge();
    struct turn_key key = key_of("realm");
    assert_int_equal(respond(2, 0, NULL, NULL, &key), TURN_STEP_DONE);
    struct turn_request bind = {.method = TURN_CHANNEL_BIND, .channel = 0x4000};
    assert_int_equal(transport_addr_parse("192.0.2.9:9", 0, &bind.peer), ERR_OK);
    assert_int_equal(turn_client_start(&client, at_msec(3), &bind, sent, &sent_len),
                     TURN_STEP_SEND);
    assert_int_not_equal(request().integrity_offset, 0);
    assert_int_equal(respond(4, 0, NULL, NULL, &key), TURN_STEP_DONE);
}

/* RFC 8489 §9.2.5: 438 brings a new nonce; the realm may stay away. */
static void test_stale_nonce_is_replaced(void **state)
{
    (void)state;
    start_and_answer_challenge();
    struct turn_key key = key_of("realm");
    assert_int_equal(respond(2, 438, NULL, "nonce-2", &key), TURN_STEP_SEND);
    struct bytes nonce;
    struct stun_message message = request();
    assert_int_equal(stun_get_nonce(&message, &nonce), ERR_OK);
    assert_true(bytes_equal(nonce, bytes_of_text("nonce-2")));
    assert_int_equal(respond(3, 0, NULL, NULL, &key), TURN_STEP_DONE);
}

static void test_endless_stale_nonces_end(void **state)
{
    (void)state;
    start_and_answer_challenge();
    enum turn_step step = TURN_STEP_SEND;
    int rounds = 0;
    while (step == TURN_STEP_SEND && rounds++ < 10)
        step = respond(2, 438, "realm", "nonce", NULL);
    assert_int_equal(step, TURN_STEP_FAILED);
    assert_int_equal(client.result.failure, TURN_FAILURE_CODE);
    assert_int_equal(client.result.code, 438);
}

static void test_second_401_means_wrong_credentials(void **state)
{
    (void)state;
    start_and_answer_challenge();
    /* The server keys its answer with what it takes for the password. */
    struct turn_key other = key_of("another realm");
    assert_int_equal(respond(2, 401, "realm", "nonce-1", &other), TURN_STEP_FAILED);
    assert_int_equal(client.result.failure, TURN_FAILURE_CREDENTIALS);
    assert_int_equal(client.result.code, 401);
}

static void test_error_codes_are_reported(void **state)
{
    (void)state;
    start_and_answer_challenge();
    struct turn_key key = key_of("realm");
    assert_int_equal(respond(2, 486, NULL, NULL, &key), TURN_STEP_FAILED);
    assert_int_equal(client.result.failure, TURN_FAILURE_CODE);
    assert_int_equal(client.result.code, 486);
    char text[TURN_RESULT_TEXT_MAX];
    assert_string_equal(turn_result_text(&client.result, text), "486 Allocation Quota Reached");
}

/* RFC 8489 §9.2.5: such answers are ignored as if never received, and here counted. */
static void test_answers_without_integrity_are_ignored(void **state)
{
    (void)state;
    start_and_answer_challenge();
    struct turn_key other = key_of("another realm");
    assert_int_equal(respond(2, 0, NULL, NULL, NULL), TURN_STEP_WAIT);
    assert_int_equal(respond(3, 0, NULL, NULL, &other), TURN_STEP_WAIT);
    assert_int_equal(respond(4, 486, NULL, NULL, NULL), TURN_STEP_WAIT);
    assert_int_equal(client.counters.integrity_missing, 2);
    assert_int_equal(client.counters.integrity_wrong, 1);
    struct turn_key key = key_of("realm");
    assert_int_equal(respond(5, 0, NULL, NULL, &key), TURN_STEP_DONE);
}

static void test_only_forged_answers_fail_as_such(void **state)
{
    (void)state;
    start_and_answer_challenge();
    assert_int_equal(respond(2, 0, NULL, NULL, NULL), TURN_STEP_WAIT);
    enum turn_step step = TURN_STEP_WAIT;
    for (int i = 0; i < 10 && step != TURN_STEP_FAILED; i++)
        step = turn_client_timeout(&client, client.deadline, sent, &sent_len);
    assert_int_equal(step, TURN_STEP_FAILED);
    assert_int_equal(client.result.failure, TURN_FAILURE_FORGED);
}

/* RFC 8489 §6.2.1: the same bytes after 500 ms, then after twice as long each time. */
static void test_retransmissions_double(void **state)
{
    (void)state;
    start();
    uint8_t first[TURN_REQUEST_MAX];
    size_t first_len = sent_len;
    memcpy(first, sent, sent_len);
    const int64_t due[] = {500, 1500, 3500};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(client.deadline.usec, due[i] * 1000);
        assert_int_equal(turn_client_timeout(&client, at_msec(due[i] - 1), sent, &sent_len),
                         TURN_STEP_WAIT);
        assert_int_equal(turn_client_timeout(&client, at_msec(due[i]), sent, &sent_len),
                         TURN_STEP_SEND);
        assert_int_equal(sent_len, first_len);
        assert_memory_equal(sent, first, first_len);
    }
    assert_int_equal(client.deadline.usec, 7500 * 1000);
    assert_int_equal(turn_client_timeout(&client, at_msec(7500), sent, &sent_len),
                     TURN_STEP_FAILED);
    assert_int_equal(client.result.failure, TURN_FAILURE_NO_ANSWER);
    assert_int_equal(client.counters.retransmissions, 3);
}

static void test_answer_after_retransmission_counts(void **state)
{
    (void)state;
    start();
    assert_int_equal(turn_client_timeout(&client, at_msec(500), sent, &sent_len), TURN_STEP_SEND);
    assert_int_equal(respond(501, 401, "realm", "nonce", NULL), TURN_STEP_SEND);
    /* The late twin of the first answer belongs to no running transaction. */
    assert_int_equal(turn_client_input(&client, at_msec(502),
                                       (struct bytes){reply, STUN_HEADER_LEN + 8}, sent, &sent_len),
                     TURN_STEP_WAIT);
}

static void test_success_must_say_where_it_relays(void **state)
{
    (void)state;
    start_and_answer_challenge();
    struct stun_message message = request();
    struct turn_key key = key_of("realm");
    struct stun_writer writer;
    stun_writer_begin(&writer, reply, sizeof reply, STUN_SUCCESS, TURN_ALLOCATE,
                      message.transaction_id);
    stun_add_integrity(&writer, crypto, (struct bytes){key.bytes, sizeof key.bytes});
    size_t len;
    assert_int_equal(stun_writer_finish(&writer, &len), ERR_OK);
    assert_int_equal(
        turn_client_input(&client, at_msec(2), (struct bytes){reply, len}, sent, &sent_len),
        TURN_STEP_FAILED);
    assert_int_equal(client.result.failure, TURN_FAILURE_MALFORMED);
}

static void test_challenge_without_nonce_is_malformed(void **state)
{
    (void)state;
    start();
    assert_int_equal(respond(1, 401, "realm", NULL, NULL), TURN_STEP_FAILED);
    assert_int_equal(client.result.failure, TURN_FAILURE_MALFORMED);
}

static void test_nothing_is_expected_between_requests(void **state)
{
    (void)state;
    assert_int_equal(
        turn_client_input(&client, at_msec(0), bytes_of_text("anything"), sent, &sent_len),
        TURN_STEP_WAIT);
    assert_int_equal(turn_client_timeout(&client, at_msec(1000000), sent, &sent_len),
                     TURN_STEP_WAIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_challenge_then_success, new_client),
        cmocka_unit_test_setup(test_next_request_carries_credentials_at_once, new_client),
        cmocka_unit_test_setup(test_stale_nonce_is_replaced, new_client),
        cmocka_unit_test_setup(test_endless_stale_nonces_end, new_client),
        cmocka_unit_test_setup(test_second_401_means_wrong_credentials, new_client),
        cmocka_unit_test_setup(test_error_codes_are_reported, new_client),
        cmocka_unit_test_setup(test_answers_without_integrity_are_ignored, new_client),
        cmocka_unit_test_setup(test_only_forged_answers_fail_as_such, new_client),
        cmocka_unit_test_setup(test_retransmissions_double, new_client),
        cmocka_unit_test_setup(test_answer_after_retransmission_counts, new_client),
        cmocka_unit_test_setup(test_success_must_say_where_it_relays, new_client),
        cmocka_unit_test_setup(test_challenge_without_nonce_is_malformed, new_client),
        cmocka_unit_test_setup(test_nothing_is_expected_between_requests, new_client),
    };
    return cmocka_run_group_tests(tests, open_crypto, close_crypto);
}

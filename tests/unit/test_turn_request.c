/* test_turn_request.c — requests on the wire and answers read, against the core's own codec. */
#include "turn_request.h"

#include "stun_integrity.h"
#include "stun_writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct crypto *crypto;
static const uint8_t transaction_id[STUN_TRANSACTION_ID_LEN] = "transaction0";
static const struct turn_key key = {.bytes = "0123456789abcde"};
static const struct turn_key other_key = {.bytes = "0123456789abcdX"};
static uint8_t buf[TURN_REQUEST_MAX];

static int open_crypto(void **state)
{
    (void)state;
    return crypto_new(&crypto) == ERR_OK ? 0 : -1;
}

static int close_crypto(void **state)
{
    (void)state;
    crypto_free(crypto);
    return 0;
}

static struct bytes key_bytes(const struct turn_key *k)
{
    return (struct bytes){k->bytes, sizeof k->bytes};
}

static struct stun_message written(const struct turn_request *request,
                                   const struct turn_long_term *auth)
{
    size_t len;
    assert_int_equal(
        turn_request_write(request, transaction_id, auth, crypto, buf, sizeof buf, &len), ERR_OK);
    struct stun_message message;
    assert_int_equal(stun_message_parse((struct bytes){buf, len}, &message), ERR_OK);
    assert_int_equal(message.class, STUN_REQUEST);
    assert_int_equal(message.method, request->method);
    assert_memory_equal(message.transaction_id, transaction_id, sizeof transaction_id);
    return message;
}

/* RFC 8656 §7.1. The smallest Allocate must fit relays that bound their answers by its size. */
static void test_allocate_without_credentials_is_small(void **state)
{
    (void)state;
    struct stun_message message = written(&(struct turn_request){.method = TURN_ALLOCATE}, NULL);
    assert_int_equal(message.whole.len, 28);
    uint8_t protocol;
    assert_int_equal(stun_get_requested_transport(&message, &protocol), ERR_OK);
    assert_int_equal(protocol, 17);
    assert_int_equal(message.integrity_offset, 0);
}

static void test_allocate_with_everything(void **state)
{
    (void)state;
    struct turn_request request = {
        .method = TURN_ALLOCATE, .family = IP_FAMILY_V6, .lifetime_sec = 1234};
    struct turn_long_term auth = {bytes_of_text("user"), bytes_of_text("realm"),
                                  bytes_of_text("nonce"), &key};
    struct stun_message message = written(&request, &auth);
    uint8_t family;
    assert_int_equal(stun_get_address_family(&message, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, &family),
                     ERR_OK);
    assert_int_equal(family, IP_FAMILY_V6);
    uint32_t lifetime;
    assert_int_equal(stun_get_lifetime(&message, &lifetime), ERR_OK);
    assert_int_equal(lifetime, 1234);
    struct bytes text;
    assert_int_equal(stun_get_username(&message, &text), ERR_OK);
    assert_true(bytes_equal(text, auth.username));
    assert_int_equal(stun_get_realm(&message, &text), ERR_OK);
    assert_true(bytes_equal(text, auth.realm));
    assert_int_equal(stun_get_nonce(&message, &text), ERR_OK);
    assert_true(bytes_equal(text, auth.nonce));
    assert_int_equal(stun_integrity_check(crypto, &message, key_bytes(&key)), ERR_OK);
    assert_int_equal(stun_integrity_check(crypto, &message, key_bytes(&other_key)), ERR_AUTH);
}

static void test_channel_bind(void **state)
{
    (void)state;
    struct turn_request request = {.method = TURN_CHANNEL_BIND, .channel = 0x4FFF};
    assert_int_equal(transport_addr_parse("[2001:db8::7]:50000", 0, &request.peer), ERR_OK);
    struct turn_long_term auth = {bytes_of_text("u"), bytes_of_text("r"), bytes_of_text("n"), &key};
    struct stun_message message = written(&request, &auth);
    uint16_t channel;
    assert_int_equal(stun_get_channel_number(&message, &channel), ERR_OK);
    assert_int_equal(channel, 0x4FFF);
    struct transport_addr peer;
    assert_int_equal(stun_get_xor_address(&message, STUN_ATTR_XOR_PEER_ADDRESS, &peer), ERR_OK);
    assert_true(transport_addr_equal(&peer, &request.peer));
}

/* RFC 8656 §8: a lifetime of 0 deletes, so Refresh always says which. */
static void test_refresh_says_zero(void **state)
{
    (void)state;
    struct stun_message message = written(&(struct turn_request){.method = TURN_REFRESH}, NULL);
    uint32_t lifetime = 1;
    assert_int_equal(stun_get_lifetime(&message, &lifetime), ERR_OK);
    assert_int_equal(lifetime, 0);
}

static void test_longest_request_fits(void **state)
{
    (void)state;
    static uint8_t text[STUN_NONCE_MAX];
    memset(text, 'x', sizeof text);
    struct turn_request request = {.method = TURN_CHANNEL_BIND, .channel = 0x4000};
    assert_int_equal(transport_addr_parse("[2001:db8::7]:50000", 0, &request.peer), ERR_OK);
    struct turn_long_term auth = {
        {text, STUN_USERNAME_MAX}, {text, STUN_REALM_MAX}, {text, STUN_NONCE_MAX}, &key};
    written(&request, &auth);
}

/* An answer to a request of |method| with the attributes that the tests look for. */
static struct bytes answer(enum stun_class class, uint16_t method, uint16_t code,
                           const struct turn_key *k)
{
    struct stun_writer writer;
    stun_writer_begin(&writer, buf, sizeof buf, class, method, transaction_id);
    stun_add_bytes(&writer, STUN_ATTR_SOFTWARE, bytes_of_text("soft"));
    if (class == STUN_ERROR) {
        stun_add_error_code(&writer, code, "because");
        stun_add_bytes(&writer, STUN_ATTR_REALM, bytes_of_text("realm"));
        stun_add_bytes(&writer, STUN_ATTR_NONCE, bytes_of_text("nonce"));
    } else {
        struct transport_addr addr;
        assert_int_equal(transport_addr_parse("192.0.2.1:50001", 0, &addr), ERR_OK);
        stun_add_xor_address(&writer, STUN_ATTR_XOR_RELAYED_ADDRESS, &addr);
        addr.port = 40000;
        stun_add_xor_address(&writer, STUN_ATTR_XOR_MAPPED_ADDRESS, &addr);
        stun_add_u32(&writer, STUN_ATTR_LIFETIME, 600);
    }
    if (k)
        stun_add_integrity(&writer, crypto, key_bytes(k));
    size_t len;
    assert_int_equal(stun_writer_finish(&writer, &len), ERR_OK);
    return (struct bytes){buf, len};
}

static enum err read_answer(struct bytes datagram, const struct turn_key *k,
                            struct turn_answer *ret)
{
    return turn_answer_read(datagram, TURN_ALLOCATE, transaction_id, crypto, k, ret);
}

static void test_success_is_read(void **state)
{
    (void)state;
    struct turn_answer got;
    struct bytes datagram = answer(STUN_SUCCESS, TURN_ALLOCATE, 0, &key);
    assert_int_equal(read_answer(datagram, &key, &got), ERR_OK);
    assert_int_equal(got.code, 0);
    assert_int_equal(got.integrity, TURN_INTEGRITY_GOOD);
    assert_int_equal(got.lifetime_sec, 600);
    assert_int_equal(got.relayed.port, 50001);
    assert_int_equal(got.mapped.port, 40000);
    assert_true(bytes_equal(got.software, bytes_of_text("soft")));
}

static void test_challenge_is_read(void **state)
{
    (void)state;
    struct turn_answer got;
    struct bytes datagram = answer(STUN_ERROR, TURN_ALLOCATE, 401, NULL);
    assert_int_equal(read_answer(datagram, NULL, &got), ERR_OK);
    assert_int_equal(got.code, 401);
    assert_int_equal(got.integrity, TURN_INTEGRITY_UNCHECKED);
    assert_true(bytes_equal(got.realm, bytes_of_text("realm")));
    assert_true(bytes_equal(got.nonce, bytes_of_text("nonce")));
}

static void test_integrity_is_judged(void **state)
{
    (void)state;
    struct turn_answer got;
    assert_int_equal(read_answer(answer(STUN_SUCCESS, TURN_ALLOCATE, 0, NULL), &key, &got), ERR_OK);
    assert_int_equal(got.integrity, TURN_INTEGRITY_MISSING);
    assert_int_equal(read_answer(answer(STUN_SUCCESS, TURN_ALLOCATE, 0, &other_key), &key, &got),
                     ERR_OK);
    assert_int_equal(got.integrity, TURN_INTEGRITY_WRONG);
}

static void test_other_datagrams_are_not_the_answer(void **state)
{
    (void)state;
    struct turn_answer got;
    assert_int_equal(read_answer(answer(STUN_SUCCESS, TURN_REFRESH, 0, &key), &key, &got),
                     ERR_NOT_FOUND);
    assert_int_equal(read_answer(answer(STUN_REQUEST, TURN_ALLOCATE, 0, &key), &key, &got),
                     ERR_NOT_FOUND);
    assert_int_equal(read_answer(answer(STUN_INDICATION, TURN_ALLOCATE, 0, &key), &key, &got),
                     ERR_NOT_FOUND);
    struct bytes datagram = answer(STUN_SUCCESS, TURN_ALLOCATE, 0, &key);
    buf[STUN_HEADER_LEN - 1] ^= 1; /* the transaction id */
    assert_int_equal(read_answer(datagram, &key, &got), ERR_NOT_FOUND);
    const uint8_t channel_data[] = {0x40, 0, 0, 4, 'd', 'a', 't', 'a'};
    assert_int_equal(read_answer((struct bytes){channel_data, sizeof channel_data}, &key, &got),
                     ERR_NOT_FOUND);
    assert_int_equal(read_answer((struct bytes){0}, &key, &got), ERR_NOT_FOUND);
}

static void test_broken_answers_are_malformed(void **state)
{
    (void)state;
    struct turn_answer got;
    struct bytes datagram = answer(STUN_SUCCESS, TURN_ALLOCATE, 0, NULL);
    struct bytes cut = {datagram.data, datagram.len - 4};
    assert_int_equal(read_answer(cut, NULL, &got), ERR_MALFORMED);

    struct stun_writer writer;
    stun_writer_begin(&writer, buf, sizeof buf, STUN_SUCCESS, TURN_ALLOCATE, transaction_id);
    stun_add_bytes(&writer, STUN_ATTR_LIFETIME, bytes_of_text("eight..."));
    size_t len;
    assert_int_equal(stun_writer_finish(&writer, &len), ERR_OK);
    assert_int_equal(read_answer((struct bytes){buf, len}, NULL, &got), ERR_MALFORMED);

    stun_writer_begin(&writer, buf, sizeof buf, STUN_ERROR, TURN_ALLOCATE, transaction_id);
    assert_int_equal(stun_writer_finish(&writer, &len), ERR_OK);
    assert_int_equal(read_answer((struct bytes){buf, len}, NULL, &got), ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_allocate_without_credentials_is_small),
        cmocka_unit_test(test_allocate_with_everything),
        cmocka_unit_test(test_channel_bind),
        cmocka_unit_test(test_refresh_says_zero),
        cmocka_unit_test(test_longest_request_fits),
        cmocka_unit_test(test_success_is_read),
        cmocka_unit_test(test_challenge_is_read),
        cmocka_unit_test(test_integrity_is_judged),
        cmocka_unit_test(test_other_datagrams_are_not_the_answer),
        cmocka_unit_test(test_broken_answers_are_malformed),
    };
    return cmocka_run_group_tests(tests, open_crypto, close_crypto);
}

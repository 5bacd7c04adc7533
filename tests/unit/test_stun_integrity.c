/* test_stun_integrity.c — tests of stun_integrity.h. */
#include "stun_integrity.h"

#include "stun_vectors.h"
#include "unit.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const uint8_t transaction_id[STUN_TRANSACTION_ID_LEN] = {1, 2, 3, 4,  5,  6,
                                                                7, 8, 9, 10, 11, 12};

/* The keys of the vectors. */
struct keys {
    struct crypto *crypto;
    struct bytes short_term;
    struct bytes long_term;
    struct bytes long_term_sha256;
    uint8_t md5[MD5_LEN];
    uint8_t sha256[SHA256_LEN];
};

static struct keys keys;

static int set_up(void **state)
{
    (void)state;
    struct bytes secret = bytes_of_text(STUN_VECTORS_LONG_TERM_SECRET);
    if (crypto_new(&keys.crypto) != ERR_OK ||
        crypto_md5(keys.crypto, &secret, 1, keys.md5) != ERR_OK ||
        crypto_sha256(keys.crypto, &secret, 1, keys.sha256) != ERR_OK)
        return -1;
    keys.short_term = bytes_of_text(STUN_VECTORS_PASSWORD);
    keys.long_term = (struct bytes){.data = keys.md5, .len = MD5_LEN};
    keys.long_term_sha256 = (struct bytes){.data = keys.sha256, .len = SHA256_LEN};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    crypto_free(keys.crypto);
    return 0;
}

static struct stun_message parsed(const uint8_t *data, size_t len)
{
    struct stun_message message;
    assert_int_equal(stun_message_parse((struct bytes){.data = data, .len = len}, &message),
                     ERR_OK);
    return message;
}

static enum err check(const struct stun_message *message, struct bytes key)
{
    return stun_integrity_check(keys.crypto, message, key);
}

static enum err check_sha256(const struct stun_message *message, struct bytes key)
{
    return stun_integrity_check_sha256(keys.crypto, message, key);
}

/* RFC 5769 §2.1, §2.2, §2.3, §2.4. */
static void vectors_of_rfc5769_are_right(void **state)
{
    (void)state;
    struct stun_message message = parsed(stun_vector_request, STUN_VECTOR_REQUEST_LEN);
    assert_int_equal(check(&message, keys.short_term), ERR_OK);
    assert_true(stun_fingerprint_ok(&message));
    message = parsed(stun_vector_ipv4_response, STUN_VECTOR_IPV4_RESPONSE_LEN);
    assert_int_equal(check(&message, keys.short_term), ERR_OK);
    assert_true(stun_fingerprint_ok(&message));
    message = parsed(stun_vector_ipv6_response, STUN_VECTOR_IPV6_RESPONSE_LEN);
    assert_int_equal(check(&message, keys.short_term), ERR_OK);
    assert_true(stun_fingerprint_ok(&message));
    message = parsed(stun_vector_long_term_request, STUN_VECTOR_LONG_TERM_REQUEST_LEN);
    assert_int_equal(check(&message, keys.long_term), ERR_OK);
    assert_int_equal(message.fingerprint_offset, 0);
    assert_true(stun_fingerprint_ok(&message));
}

/* RFC 8489 appendix B.1, erratum 6268. */
static void vector_of_rfc8489_is_right(void **state)
{
    (void)state;
    struct stun_message message =
        parsed(stun_vector_sha256_request, STUN_VECTOR_SHA256_REQUEST_LEN);
    assert_int_equal(check_sha256(&message, keys.long_term_sha256), ERR_OK);
    assert_int_equal(check_sha256(&message, keys.long_term), ERR_AUTH);
    assert_int_equal(check(&message, keys.long_term_sha256), ERR_NOT_FOUND);
}

static void begin_like(struct stun_writer *w, uint8_t *buf, size_t capacity, enum stun_class class,
                       const uint8_t *vector)
{
    stun_writer_begin(w, buf, capacity, class, STUN_BINDING, vector + 8);
}

static void assert_built(struct stun_writer *w, const uint8_t *buf, const uint8_t *expected,
                         size_t expected_len)
{
    size_t len = 0;
    assert_int_equal(stun_writer_finish(w, &len), ERR_OK);
    assert_int_equal(len, expected_len);
    assert_memory_equal(buf, expected, expected_len);
}

/* The RFC pads these three with spaces, the writer with zeros; so the spaces are put in by
 * hand before integrity and fingerprint are computed. */
static void request_of_rfc5769_is_rebuilt(void **state)
{
    (void)state;
    uint8_t buf[STUN_VECTOR_REQUEST_LEN];
    struct stun_writer w;
    begin_like(&w, buf, sizeof buf, STUN_REQUEST, stun_vector_request);
    stun_add_bytes(&w, STUN_ATTR_SOFTWARE, bytes_of_text("STUN test client"));
    stun_add_u32(&w, 0x0024, 0x6e0001ff);
    stun_add_bytes(&w, 0x8029,
                   (struct bytes){(const uint8_t *)"\x93\x2f\xf9\xb1\x51\x26\x3b\x36", 8});
    stun_add_bytes(&w, STUN_ATTR_USERNAME, bytes_of_text("evtj:h6vY"));
    memset(buf + w.wire.len - 3, ' ', 3);
    stun_add_integrity(&w, keys.crypto, keys.short_term);
    stun_add_fingerprint(&w);
    assert_built(&w, buf, stun_vector_request, sizeof buf);
}

static void responses_of_rfc5769_are_rebuilt(void **state)
{
    (void)state;
    static const struct {
        const uint8_t *vector;
        size_t len;
        const char *mapped;
    } cases[] = {
        {stun_vector_ipv4_response, STUN_VECTOR_IPV4_RESPONSE_LEN, "192.0.2.1:32853"},
        {stun_vector_ipv6_response, STUN_VECTOR_IPV6_RESPONSE_LEN,
         "[2001:db8:1234:5678:11:2233:4455:6677]:32853"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t buf[STUN_VECTOR_IPV6_RESPONSE_LEN];
        struct transport_addr mapped;
        assert_int_equal(transport_addr_parse(cases[i].mapped, 0, &mapped), ERR_OK);
        struct stun_writer w;
        begin_like(&w, buf, sizeof buf, STUN_SUCCESS, cases[i].vector);
        stun_add_bytes(&w, STUN_ATTR_SOFTWARE, bytes_of_text("test vector"));
        buf[w.wire.len - 1] = ' ';
        stun_add_xor_address(&w, STUN_ATTR_XOR_MAPPED_ADDRESS, &mapped);
        stun_add_integrity(&w, keys.crypto, keys.short_term);
        stun_add_fingerprint(&w);
        assert_built(&w, buf, cases[i].vector, cases[i].len);
    }
}

static void long_term_requests_are_rebuilt(void **state)
{
    (void)state;
    uint8_t buf[STUN_VECTOR_SHA256_REQUEST_LEN];
    memset(buf, 0x77, sizeof buf);
    struct stun_writer w;
    begin_like(&w, buf, sizeof buf, STUN_REQUEST, stun_vector_long_term_request);
    stun_add_bytes(&w, STUN_ATTR_USERNAME, bytes_of_text(STUN_VECTORS_USERNAME));
    stun_add_bytes(&w, STUN_ATTR_NONCE, bytes_of_text("f//499k954d6OL34oL9FSTvy64sA"));
    stun_add_bytes(&w, STUN_ATTR_REALM, bytes_of_text("example.org"));
    stun_add_integrity(&w, keys.crypto, keys.long_term);
    assert_built(&w, buf, stun_vector_long_term_request, STUN_VECTOR_LONG_TERM_REQUEST_LEN);

    uint8_t userhash[SHA256_LEN];
    struct bytes user_and_realm = bytes_of_text(STUN_VECTORS_USERNAME ":example.org");
    assert_int_equal(crypto_sha256(keys.crypto, &user_and_realm, 1, userhash), ERR_OK);
    memset(buf, 0x77, sizeof buf);
    begin_like(&w, buf, sizeof buf, STUN_REQUEST, stun_vector_sha256_request);
    stun_add_bytes(&w, 0x001E, (struct bytes){.data = userhash, .len = sizeof userhash});
    stun_add_bytes(&w, STUN_ATTR_NONCE, bytes_of_text("obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA"));
    stun_add_bytes(&w, STUN_ATTR_REALM, bytes_of_text("example.org"));
    stun_add_u32(&w, 0x001D, UINT32_C(2) << 16); /* PASSWORD-ALGORITHM: SHA-256 */
    stun_add_integrity_sha256(&w, keys.crypto, keys.long_term_sha256);
    assert_built(&w, buf, stun_vector_sha256_request, STUN_VECTOR_SHA256_REQUEST_LEN);
}

/* A message with both integrity attributes and a fingerprint; returns its length. */
enum { FULL_MAX = 256 };

static size_t build_full(uint8_t *buf, size_t capacity)
{
    struct stun_writer w;
    stun_writer_begin(&w, buf, capacity, STUN_REQUEST, TURN_REFRESH, transaction_id);
    stun_add_u32(&w, STUN_ATTR_LIFETIME, 0);
    stun_add_bytes(&w, STUN_ATTR_REALM, bytes_of_text("firezone!"));
    stun_add_integrity(&w, keys.crypto, keys.long_term);
    stun_add_integrity_sha256(&w, keys.crypto, keys.long_term);
    stun_add_fingerprint(&w);
    size_t len = 0;
    return stun_writer_finish(&w, &len) == ERR_OK ? len : 0;
}

static void both_integrities_and_fingerprint_agree(void **state)
{
    (void)state;
    uint8_t buf[FULL_MAX];
    size_t len = build_full(buf, sizeof buf);
    struct stun_message message = parsed(buf, len);
    assert_int_equal(message.attrs.len, 8 + 16);
    assert_int_equal(check(&message, keys.long_term), ERR_OK);
    assert_int_equal(check_sha256(&message, keys.long_term), ERR_OK);
    assert_true(stun_fingerprint_ok(&message));
    assert_int_equal(check(&message, keys.short_term), ERR_AUTH);
    assert_int_equal(check_sha256(&message, keys.short_term), ERR_AUTH);
    assert_int_equal(check(&message, (struct bytes){0}), ERR_CRYPTO);
    assert_int_equal(check_sha256(&message, (struct bytes){0}), ERR_CRYPTO);
}

/* Each check fails exactly when a bit that it covers is turned. Only attribute headers and the
 * message length are left alone: with them the message would be another one. */
static void every_bit_counts(void **state)
{
    (void)state;
    uint8_t buf[FULL_MAX];
    size_t len = build_full(buf, sizeof buf);
    struct stun_message whole = parsed(buf, len);
    size_t sha1_end = whole.integrity_offset + 4 + SHA1_LEN;
    size_t sha256_end = whole.integrity_sha256_offset + 4 + SHA256_LEN;
    for (size_t i = 0; i < len; i++) {
        bool is_header = i < 8 || (i >= 20 && i < 24) || (i >= 28 && i < 32);
        is_header = is_header || (i >= whole.integrity_offset && i < whole.integrity_offset + 4);
        is_header = is_header ||
                    (i >= whole.integrity_sha256_offset && i < whole.integrity_sha256_offset + 4);
        is_header =
            is_header || (i >= whole.fingerprint_offset && i < whole.fingerprint_offset + 4);
        for (unsigned bit = 0; !is_header && bit < 8; bit++) {
            buf[i] ^= (uint8_t)(1u << bit);
            struct stun_message message = parsed(buf, len);
            assert_int_equal(check(&message, keys.long_term), i < sha1_end ? ERR_AUTH : ERR_OK);
            assert_int_equal(check_sha256(&message, keys.long_term),
                             i < sha256_end ? ERR_AUTH : ERR_OK);
            assert_false(stun_fingerprint_ok(&message));
            buf[i] ^= (uint8_t)(1u << bit);
        }
    }
}

/* RFC 8489 §14.6: the receiver takes what was sent, and the length field counts just that. */
static void truncated_sha256_is_checked_as_far_as_it_goes(void **state)
{
    (void)state;
    for (size_t value_len = 16; value_len <= SHA256_LEN; value_len += 4) {
        uint8_t buf[FULL_MAX];
        struct stun_writer w;
        stun_writer_begin(&w, buf, sizeof buf, STUN_REQUEST, TURN_REFRESH, transaction_id);
        stun_add_u32(&w, STUN_ATTR_LIFETIME, 600);
        /* The HMAC by its definition: over the message with its final length. */
        wire_store_u16(buf + 2, (uint16_t)(8 + 4 + value_len));
        struct bytes covered = {.data = buf, .len = w.wire.len};
        uint8_t value[SHA256_LEN];
        assert_int_equal(crypto_hmac_sha256(keys.crypto, keys.long_term, &covered, 1, value),
                         ERR_OK);
        stun_add_bytes(&w, STUN_ATTR_MESSAGE_INTEGRITY_SHA256,
                       (struct bytes){.data = value, .len = value_len});
        size_t len = 0;
        assert_int_equal(stun_writer_finish(&w, &len), ERR_OK);
        struct stun_message message = parsed(buf, len);
        assert_int_equal(check_sha256(&message, keys.long_term), ERR_OK);
        buf[len - 1] ^= 1;
        assert_int_equal(check_sha256(&message, keys.long_term), ERR_AUTH);
    }
}

static void absent_attributes(void **state)
{
    (void)state;
    uint8_t buf[32];
    struct stun_writer w;
    stun_writer_begin(&w, buf, sizeof buf, STUN_REQUEST, STUN_BINDING, transaction_id);
    size_t len = 0;
    assert_int_equal(stun_writer_finish(&w, &len), ERR_OK);
    struct stun_message message = parsed(buf, len);
    assert_int_equal(check(&message, keys.long_term), ERR_NOT_FOUND);
    assert_int_equal(check_sha256(&message, keys.long_term), ERR_NOT_FOUND);
    assert_true(stun_fingerprint_ok(&message));
}

static void the_key_of_a_response_must_not_be_empty(void **state)
{
    (void)state;
    uint8_t buf[FULL_MAX];
    struct stun_writer w;
    size_t len = 0;
    stun_writer_begin(&w, buf, sizeof buf, STUN_SUCCESS, TURN_REFRESH, transaction_id);
    stun_add_integrity(&w, keys.crypto, (struct bytes){0});
    assert_int_equal(stun_writer_finish(&w, &len), ERR_NO_SPACE);
    stun_writer_begin(&w, buf, sizeof buf, STUN_SUCCESS, TURN_REFRESH, transaction_id);
    stun_add_integrity_sha256(&w, keys.crypto, (struct bytes){0});
    assert_int_equal(stun_writer_finish(&w, &len), ERR_NO_SPACE);
}

static void too_small_a_buffer_is_never_overrun(void **state)
{
    (void)state;
    uint8_t whole[FULL_MAX];
    size_t whole_len = build_full(whole, sizeof whole);
    assert_true(whole_len > 0);
    for (size_t capacity = 0; capacity <= whole_len; capacity++) {
        uint8_t buf[FULL_MAX];
        memset(buf, 0x77, sizeof buf);
        size_t len = build_full(buf, capacity);
        assert_int_equal(len, capacity < whole_len ? 0 : whole_len);
        for (size_t i = capacity; i < sizeof buf; i++)
            assert_int_equal(buf[i], 0x77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_of_rfc5769_are_right),
        cmocka_unit_test(vector_of_rfc8489_is_right),
        cmocka_unit_test(request_of_rfc5769_is_rebuilt),
        cmocka_unit_test(responses_of_rfc5769_are_rebuilt),
        cmocka_unit_test(long_term_requests_are_rebuilt),
        cmocka_unit_test(both_integrities_and_fingerprint_agree),
        cmocka_unit_test(every_bit_counts),
        cmocka_unit_test(truncated_sha256_is_checked_as_far_as_it_goes),
        cmocka_unit_test(absent_attributes),
        cmocka_unit_test(the_key_of_a_response_must_not_be_empty),
        cmocka_unit_test(too_small_a_buffer_is_never_overrun),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

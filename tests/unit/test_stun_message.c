/* test_stun_message.c — tests of stun_message.h. */
#include "stun_message.h"

#include "stun_vectors.h"
#include "unit.h"

#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Header of a Binding request with |attrs_len| bytes of attributes. */
#define HEADER(attrs_len)                                                                          \
    0x00, 0x01, 0x00, (attrs_len), 0x21, 0x12, 0xA4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12

#define REALM_A         0x00, 0x14, 0x00, 0x01, 'a', 0, 0, 0
#define REALM_B         0x00, 0x14, 0x00, 0x01, 'b', 0, 0, 0
#define ZEROS_4         0, 0, 0, 0
#define ZEROS_16        ZEROS_4, ZEROS_4, ZEROS_4, ZEROS_4
#define INTEGRITY       0x00, 0x08, 0x00, 20, ZEROS_16, ZEROS_4
#define SHA256_OF_16    0x00, 0x1C, 0x00, 16, ZEROS_16
#define FINGERPRINT     0x80, 0x28, 0x00, 4, ZEROS_4
#define REALM_LEN       8
#define INTEGRITY_LEN   24
#define SHA256_16_LEN   20
#define FINGERPRINT_LEN 8

#define VIEW(array) ((struct bytes){.data = (array), .len = sizeof(array)})

static struct stun_message parsed(struct bytes datagram)
{
    struct stun_message message;
    assert_int_equal(stun_message_parse(datagram, &message), ERR_OK);
    return message;
}

static void types_of_rfc8489_5(void **state)
{
    (void)state;
    assert_int_equal(stun_type(STUN_REQUEST, STUN_BINDING), 0x0001);
    assert_int_equal(stun_type(STUN_INDICATION, STUN_BINDING), 0x0011);
    assert_int_equal(stun_type(STUN_SUCCESS, STUN_BINDING), 0x0101);
    assert_int_equal(stun_type(STUN_ERROR, STUN_BINDING), 0x0111);
    assert_int_equal(stun_type(STUN_REQUEST, TURN_ALLOCATE), 0x0003);
    assert_int_equal(stun_type(STUN_ERROR, 0xFFF), 0x3FFF);
}

static void every_type_is_read_as_written(void **state)
{
    (void)state;
    uint8_t datagram[] = {HEADER(0)};
    for (int c = STUN_REQUEST; c <= STUN_ERROR; c++) {
        for (uint16_t method = 0; method <= 0xFFF; method++) {
            uint16_t type = stun_type((enum stun_class)c, method);
            datagram[0] = (uint8_t)(type >> 8);
            datagram[1] = (uint8_t)type;
            struct stun_message message = parsed(VIEW(datagram));
            assert_int_equal(message.class, c);
            assert_int_equal(message.method, method);
        }
    }
}

static void header_alone(void **state)
{
    (void)state;
    static const uint8_t datagram[] = {HEADER(0)};
    struct stun_message message = parsed(VIEW(datagram));
    assert_int_equal(message.class, STUN_REQUEST);
    assert_int_equal(message.method, STUN_BINDING);
    assert_ptr_equal(message.transaction_id, datagram + 8);
    assert_ptr_equal(message.whole.data, datagram);
    assert_int_equal(message.whole.len, sizeof datagram);
    assert_int_equal(message.attrs.len, 0);
    assert_int_equal(message.integrity_offset, 0);
    assert_int_equal(message.integrity_sha256_offset, 0);
    assert_int_equal(message.fingerprint_offset, 0);
}

static void what_is_not_stun_touches_nothing(void **state)
{
    (void)state;
    uint8_t datagram[] = {HEADER(0)};
    struct stun_message message = {.method = 0x777};
    for (size_t len = 0; len < sizeof datagram; len++) {
        struct bytes start = {.data = datagram, .len = len};
        assert_int_equal(stun_message_parse(start, &message), ERR_TRUNCATED);
    }
    assert_int_equal(stun_message_parse((struct bytes){0}, &message), ERR_TRUNCATED);
    for (size_t i = 4; i < 8; i++) {
        datagram[i] ^= 1;
        assert_int_equal(stun_message_parse(VIEW(datagram), &message), ERR_TRUNCATED);
        datagram[i] ^= 1;
    }
    for (unsigned bits = 0x40; bits <= 0xC0; bits += 0x40) {
        datagram[0] = (uint8_t)bits;
        assert_int_equal(stun_message_parse(VIEW(datagram), &message), ERR_TRUNCATED);
    }
    assert_int_equal(message.method, 0x777);
}

static void assert_malformed(struct bytes datagram)
{
    struct stun_message message;
    memset(&message, 0x77, sizeof message);
    assert_int_equal(stun_message_parse(datagram, &message), ERR_MALFORMED);
    assert_int_equal(message.class, STUN_REQUEST);
    assert_int_equal(message.method, STUN_BINDING);
    assert_ptr_equal(message.transaction_id, datagram.data + 8);
    assert_int_equal(message.whole.len, 0);
    assert_int_equal(message.attrs.len, 0);
    assert_int_equal(message.integrity_offset, 0);
    assert_int_equal(message.integrity_sha256_offset, 0);
    assert_int_equal(message.fingerprint_offset, 0);
    struct stun_attr attr;
    assert_false(stun_message_find(&message, STUN_ATTR_REALM, &attr));
}

static void malformed_messages_keep_their_header(void **state)
{
    (void)state;
    static const uint8_t length_above[] = {HEADER(12), REALM_A};
    static const uint8_t length_below[] = {HEADER(4), REALM_A};
    static const uint8_t not_of_4[] = {HEADER(7), 0x00, 0x14, 0x00, 0x03, 'a', 'b', 'c'};
    static const uint8_t half_an_attr_header[] = {HEADER(2), 0x00, 0x14};
    static const uint8_t value_past_the_end[] = {HEADER(8), 0x00, 0x14, 0x00, 0x05, 1, 2, 3, 4};
    static const uint8_t longest_value[] = {HEADER(8), 0x00, 0x14, 0xFF, 0xFF, 1, 2, 3, 4};
    static const uint8_t behind_integrity[] = {
        HEADER(INTEGRITY_LEN + 4), INTEGRITY, 0x00, 0x14, 0x00, 0x01};
    assert_malformed(VIEW(length_above));
    assert_malformed(VIEW(length_below));
    assert_malformed(VIEW(not_of_4));
    assert_malformed(VIEW(half_an_attr_header));
    assert_malformed(VIEW(value_past_the_end));
    assert_malformed(VIEW(longest_value));
    assert_malformed(VIEW(behind_integrity));
}

/* RFC 8489 §14.5: 20 bytes; §14.6: 16 to 32 in steps of 4; §14.7: 4. */
static void protections_of_the_wrong_size_are_malformed(void **state)
{
    (void)state;
    for (uint16_t len = 0; len <= 40; len++) {
        size_t padded = (len + 3u) / 4 * 4;
        uint8_t datagram[STUN_HEADER_LEN + 4 + 40] = {HEADER(0)};
        datagram[3] = (uint8_t)(4 + padded);
        datagram[23] = (uint8_t)len;
        struct bytes view = {.data = datagram, .len = STUN_HEADER_LEN + 4 + padded};
        struct stun_message message;

        datagram[20] = 0x00;
        datagram[21] = 0x08;
        assert_int_equal(stun_message_parse(view, &message), len == 20 ? ERR_OK : ERR_MALFORMED);
        datagram[20] = 0x00;
        datagram[21] = 0x1C;
        bool good_sha256 = len >= 16 && len <= 32 && len % 4 == 0;
        assert_int_equal(stun_message_parse(view, &message), good_sha256 ? ERR_OK : ERR_MALFORMED);
        datagram[20] = 0x80;
        datagram[21] = 0x28;
        assert_int_equal(stun_message_parse(view, &message), len == 4 ? ERR_OK : ERR_MALFORMED);
    }
}

static void assert_offsets(struct bytes datagram, size_t attrs_end, size_t integrity,
                           size_t integrity_sha256, size_t fingerprint)
{
    struct stun_message message = parsed(datagram);
    assert_ptr_equal(message.attrs.data, datagram.data + STUN_HEADER_LEN);
    assert_int_equal(STUN_HEADER_LEN + message.attrs.len, attrs_end);
    assert_int_equal(message.integrity_offset, integrity);
    assert_int_equal(message.integrity_sha256_offset, integrity_sha256);
    assert_int_equal(message.fingerprint_offset, fingerprint);
}

static void attributes_end_before_the_first_protection(void **state)
{
    (void)state;
    enum { START = STUN_HEADER_LEN, REALM_END = START + REALM_LEN };
    static const uint8_t bare[] = {HEADER(REALM_LEN), REALM_A};
    assert_offsets(VIEW(bare), REALM_END, 0, 0, 0);

    static const uint8_t fingerprint_only[] = {HEADER(REALM_LEN + FINGERPRINT_LEN), REALM_A,
                                               FINGERPRINT};
    assert_offsets(VIEW(fingerprint_only), REALM_END, 0, 0, REALM_END);

    static const uint8_t all[] = {
        HEADER(REALM_LEN + INTEGRITY_LEN + SHA256_16_LEN + FINGERPRINT_LEN), REALM_A, INTEGRITY,
        SHA256_OF_16, FINGERPRINT};
    assert_offsets(VIEW(all), REALM_END, REALM_END, REALM_END + INTEGRITY_LEN,
                   REALM_END + INTEGRITY_LEN + SHA256_16_LEN);

    static const uint8_t sha256_only[] = {HEADER(REALM_LEN + SHA256_16_LEN), REALM_A, SHA256_OF_16};
    assert_offsets(VIEW(sha256_only), REALM_END, 0, REALM_END, 0);

    /* What follows is ignored, the protection apart (RFC 8489 §14.5, §14.6). */
    static const uint8_t followed[] = {
        HEADER(INTEGRITY_LEN + REALM_LEN + SHA256_16_LEN + REALM_LEN + FINGERPRINT_LEN),
        INTEGRITY,
        REALM_A,
        SHA256_OF_16,
        REALM_B,
        FINGERPRINT};
    assert_offsets(VIEW(followed), START, START, START + INTEGRITY_LEN + REALM_LEN,
                   START + INTEGRITY_LEN + REALM_LEN + SHA256_16_LEN + REALM_LEN);

    /* MESSAGE-INTEGRITY after MESSAGE-INTEGRITY-SHA256 is one of the ignored ones. */
    static const uint8_t reversed[] = {HEADER(SHA256_16_LEN + INTEGRITY_LEN), SHA256_OF_16,
                                       INTEGRITY};
    assert_offsets(VIEW(reversed), START, 0, START, 0);
}

/* Ignored attributes are only walked: neither their size nor their place counts. */
static void later_protections_are_ignored(void **state)
{
    (void)state;
    enum { START = STUN_HEADER_LEN };
    static const uint8_t second_of_each[] = {HEADER(INTEGRITY_LEN + 8 + SHA256_16_LEN + 8),
                                             INTEGRITY,
                                             0x00,
                                             0x08,
                                             0x00,
                                             0x01,
                                             ZEROS_4,
                                             SHA256_OF_16,
                                             0x00,
                                             0x1C,
                                             0x00,
                                             0x01,
                                             ZEROS_4};
    assert_offsets(VIEW(second_of_each), START, START, START + INTEGRITY_LEN + 8, 0);

    static const uint8_t fingerprint_not_last[] = {HEADER(FINGERPRINT_LEN + REALM_LEN), FINGERPRINT,
                                                   REALM_A};
    assert_offsets(VIEW(fingerprint_not_last), sizeof fingerprint_not_last, 0, 0, 0);

    static const uint8_t two_fingerprints[] = {HEADER(2 * FINGERPRINT_LEN), FINGERPRINT,
                                               FINGERPRINT};
    assert_offsets(VIEW(two_fingerprints), START + FINGERPRINT_LEN, 0, 0, START + FINGERPRINT_LEN);
}

static void the_first_of_a_type_is_found(void **state)
{
    (void)state;
    static const uint8_t datagram[] = {
        HEADER(REALM_LEN + REALM_LEN + 4), REALM_A, REALM_B, 0x00, 0x1A, 0x00, 0x00};
    struct stun_message message = parsed(VIEW(datagram));
    struct stun_attr attr = {0};
    assert_true(stun_message_find(&message, STUN_ATTR_REALM, &attr));
    assert_int_equal(attr.type, STUN_ATTR_REALM);
    assert_text(attr.value, "a");
    assert_true(stun_message_find(&message, STUN_ATTR_DONT_FRAGMENT, &attr));
    assert_int_equal(attr.value.len, 0);
    assert_false(stun_message_find(&message, STUN_ATTR_NONCE, &attr));
    assert_int_equal(attr.type, STUN_ATTR_DONT_FRAGMENT);
}

static void nothing_is_found_behind_the_integrity(void **state)
{
    (void)state;
    static const uint8_t datagram[] = {HEADER(INTEGRITY_LEN + REALM_LEN), INTEGRITY, REALM_A};
    struct stun_message message = parsed(VIEW(datagram));
    struct stun_attr attr;
    assert_false(stun_message_find(&message, STUN_ATTR_REALM, &attr));
    assert_false(stun_message_find(&message, STUN_ATTR_MESSAGE_INTEGRITY, &attr));
}

static void next_walks_all(void **state)
{
    (void)state;
    static const uint8_t datagram[] = {HEADER(REALM_LEN + REALM_LEN + FINGERPRINT_LEN), REALM_A,
                                       REALM_B, FINGERPRINT};
    struct stun_message message = parsed(VIEW(datagram));
    struct bytes rest = message.attrs;
    struct stun_attr attr;
    assert_true(stun_attr_next(&rest, &attr));
    assert_text(attr.value, "a");
    assert_true(stun_attr_next(&rest, &attr));
    assert_text(attr.value, "b");
    assert_false(stun_attr_next(&rest, &attr));
    assert_false(stun_attr_next(&rest, &attr));
    assert_text(attr.value, "b");
    rest = (struct bytes){0};
    assert_false(stun_attr_next(&rest, &attr));
}

static void unknown_required_types(void **state)
{
    (void)state;
    static const uint8_t datagram[] = {
        HEADER(28 + INTEGRITY_LEN + 4),
        0x7F,
        0xFF,
        0x00,
        0x00, /* unknown, required */
        0x80,
        0x00,
        0x00,
        0x00, /* optional */
        0x00,
        0x1A,
        0x00,
        0x00, /* known */
        0x00,
        0x03,
        0x00,
        0x00, /* unknown, required */
        0x7F,
        0xFF,
        0x00,
        0x00, /* again */
        0xFF,
        0xFF,
        0x00,
        0x00, /* optional */
        0x00,
        0x02,
        0x00,
        0x00, /* unknown, required */
        INTEGRITY,
        0x00,
        0x05,
        0x00,
        0x00, /* behind the integrity */
    };
    static const uint16_t known[] = {STUN_ATTR_REALM, STUN_ATTR_DONT_FRAGMENT};
    struct stun_message message = parsed(VIEW(datagram));
    uint16_t types[4] = {0};
    assert_int_equal(stun_message_unknown_required(&message, known, COUNT(known), types, 4), 3);
    assert_int_equal(types[0], 0x7FFF);
    assert_int_equal(types[1], 0x0003);
    assert_int_equal(types[2], 0x0002);
    assert_int_equal(types[3], 0);
    assert_int_equal(stun_message_unknown_required(&message, known, COUNT(known), types, 2), 2);
    assert_int_equal(stun_message_unknown_required(&message, known, COUNT(known), NULL, 0), 0);
    assert_int_equal(stun_message_unknown_required(&message, NULL, 0, types, 4), 4);
    assert_int_equal(types[1], STUN_ATTR_DONT_FRAGMENT);
}

static const struct bytes vectors[] = {
    {stun_vector_request, STUN_VECTOR_REQUEST_LEN},
    {stun_vector_ipv4_response, STUN_VECTOR_IPV4_RESPONSE_LEN},
    {stun_vector_ipv6_response, STUN_VECTOR_IPV6_RESPONSE_LEN},
    {stun_vector_long_term_request, STUN_VECTOR_LONG_TERM_REQUEST_LEN},
    {stun_vector_sha256_request, STUN_VECTOR_SHA256_REQUEST_LEN},
};

static void rfc5769_request(void **state)
{
    (void)state;
    struct stun_message message = parsed(vectors[0]);
    assert_int_equal(message.class, STUN_REQUEST);
    assert_int_equal(message.method, STUN_BINDING);
    assert_memory_equal(message.transaction_id, "\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae",
                        12);
    static const struct {
        uint16_t type;
        const char *value;
        size_t len;
    } expected[] = {
        {STUN_ATTR_SOFTWARE, "STUN test client", 16},
        {0x0024, "\x6e\x00\x01\xff", 4},                 /* PRIORITY */
        {0x8029, "\x93\x2f\xf9\xb1\x51\x26\x3b\x36", 8}, /* ICE-CONTROLLED */
        {STUN_ATTR_USERNAME, "evtj:h6vY", 9},
    };
    struct bytes rest = message.attrs;
    struct stun_attr attr;
    for (size_t i = 0; i < COUNT(expected); i++) {
        assert_true(stun_attr_next(&rest, &attr));
        assert_int_equal(attr.type, expected[i].type);
        assert_bytes(attr.value, expected[i].value, expected[i].len);
    }
    assert_false(stun_attr_next(&rest, &attr));
    assert_int_equal(message.integrity_offset, 76);
    assert_int_equal(message.fingerprint_offset, 100);
}

static void rfc5769_responses(void **state)
{
    (void)state;
    for (size_t i = 1; i <= 2; i++) {
        struct stun_message message = parsed(vectors[i]);
        assert_int_equal(message.class, STUN_SUCCESS);
        assert_int_equal(message.method, STUN_BINDING);
        struct stun_attr attr;
        assert_true(stun_message_find(&message, STUN_ATTR_SOFTWARE, &attr));
        assert_text(attr.value, "test vector");
    }
}

static void long_term_requests(void **state)
{
    (void)state;
    struct stun_message message = parsed(vectors[3]);
    struct stun_attr attr;
    assert_true(stun_message_find(&message, STUN_ATTR_USERNAME, &attr));
    assert_text(attr.value, STUN_VECTORS_USERNAME);
    assert_true(stun_message_find(&message, STUN_ATTR_NONCE, &attr));
    assert_text(attr.value, "f//499k954d6OL34oL9FSTvy64sA");
    assert_true(stun_message_find(&message, STUN_ATTR_REALM, &attr));
    assert_text(attr.value, "example.org");
    assert_int_equal(message.integrity_offset, 92);
    assert_int_equal(message.fingerprint_offset, 0);

    message = parsed(vectors[4]);
    assert_true(stun_message_find(&message, STUN_ATTR_NONCE, &attr));
    assert_text(attr.value, "obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA");
    assert_int_equal(message.integrity_offset, 0);
    assert_int_equal(message.integrity_sha256_offset, 128);
}

/* Whatever parses has its views and offsets inside the datagram. Parsed from memory of just
 * the datagram's size, so that a sanitizer sees a read past the end. */
static void check_sound(const uint8_t *data, size_t len)
{
    uint8_t *exact = malloc(len > 0 ? len : 1);
    assert_non_null(exact);
    memcpy(exact, data, len);
    struct stun_message message;
    enum err err = stun_message_parse((struct bytes){.data = exact, .len = len}, &message);
    if (err == ERR_OK) {
        assert_int_equal(message.whole.len, len);
        assert_true(STUN_HEADER_LEN + message.attrs.len <= len);
        assert_ptr_equal(message.attrs.data, exact + STUN_HEADER_LEN);
        if (message.integrity_offset != 0)
            assert_true(message.integrity_offset + 24 <= len);
        if (message.integrity_sha256_offset != 0)
            assert_true(message.integrity_sha256_offset + 20 <= len);
        if (message.fingerprint_offset != 0)
            assert_int_equal(message.fingerprint_offset + 8, len);
        struct bytes rest = message.attrs;
        struct stun_attr attr;
        while (stun_attr_next(&rest, &attr))
            assert_true(attr.value.data + attr.value.len <= exact + len);
        assert_int_equal(rest.len, 0);
    }
    free(exact);
}

static void no_prefix_of_a_vector_parses(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        for (size_t len = 0; len < vectors[i].len; len++) {
            struct stun_message message;
            assert_int_equal(
                stun_message_parse((struct bytes){.data = vectors[i].data, .len = len}, &message),
                len < STUN_HEADER_LEN ? ERR_TRUNCATED : ERR_MALFORMED);
            check_sound(vectors[i].data, len);
        }
    }
}

static void damaged_vectors_are_read_soundly(void **state)
{
    (void)state;
    uint64_t seed = 20240604;
    print_message("seed %llu\n", (unsigned long long)seed);
    for (size_t run = 0; run < 50000; run++) {
        struct bytes vector = vectors[random_below(&seed, COUNT(vectors))];
        uint8_t damaged[STUN_VECTOR_SHA256_REQUEST_LEN];
        memcpy(damaged, vector.data, vector.len);
        size_t len = vector.len;
        if (random_below(&seed, 4) == 0) { /* cut, with a length that agrees */
            len = STUN_HEADER_LEN + random_below(&seed, (vector.len - STUN_HEADER_LEN) / 4) * 4;
            damaged[3] = (uint8_t)(len - STUN_HEADER_LEN);
        }
        size_t changes = random_below(&seed, 4);
        for (size_t i = 0; i < changes; i++) {
            /* Behind the header, else little would be parsed at all. */
            size_t at = STUN_HEADER_LEN + random_below(&seed, vector.len - STUN_HEADER_LEN);
            damaged[at] = (uint8_t)random_below(&seed, random_below(&seed, 2) == 0 ? 32 : 256);
        }
        check_sound(damaged, len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_of_rfc8489_5),
        cmocka_unit_test(every_type_is_read_as_written),
        cmocka_unit_test(header_alone),
        cmocka_unit_test(what_is_not_stun_touches_nothing),
        cmocka_unit_test(malformed_messages_keep_their_header),
        cmocka_unit_test(protections_of_the_wrong_size_are_malformed),
        cmocka_unit_test(attributes_end_before_the_first_protection),
        cmocka_unit_test(later_protections_are_ignored),
        cmocka_unit_test(the_first_of_a_type_is_found),
        cmocka_unit_test(nothing_is_found_behind_the_integrity),
        cmocka_unit_test(next_walks_all),
        cmocka_unit_test(unknown_required_types),
        cmocka_unit_test(rfc5769_request),
        cmocka_unit_test(rfc5769_responses),
        cmocka_unit_test(long_term_requests),
        cmocka_unit_test(no_prefix_of_a_vector_parses),
        cmocka_unit_test(damaged_vectors_are_read_soundly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_stun_attr.c — tests of stun_attr.h. */
#include "stun_attr.h"

#include "stun_vectors.h"
#include "stun_writer.h"
#include "unit.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const uint8_t transaction_id[STUN_TRANSACTION_ID_LEN] = {1, 2, 3, 4,  5,  6,
                                                                7, 8, 9, 10, 11, 12};

/* A message in its own memory. */
struct built {
    uint8_t buf[1024];
    struct stun_message message;
};

/* Builds a message with one attribute; with none when |type| is 0. */
static void build(struct built *built, uint16_t type, struct bytes value)
{
    struct stun_writer writer;
    stun_writer_begin(&writer, built->buf, sizeof built->buf, STUN_REQUEST, TURN_ALLOCATE,
                      transaction_id);
    if (type != 0)
        stun_add_bytes(&writer, type, value);
    size_t len = 0;
    assert_int_equal(stun_writer_finish(&writer, &len), ERR_OK);
    struct bytes datagram = {.data = built->buf, .len = len};
    assert_int_equal(stun_message_parse(datagram, &built->message), ERR_OK);
}

/* The result of any getter. */
union result {
    struct bytes view;
    struct transport_addr addr;
    uint32_t u32;
    uint16_t u16;
    uint8_t u8;
    bool flag;
};

/* Every getter in one shape. */
typedef enum err getter(const struct stun_message *message, union result *ret);

static enum err get_username(const struct stun_message *message, union result *ret)
{
    return stun_get_username(message, &ret->view);
}

static enum err get_realm(const struct stun_message *message, union result *ret)
{
    return stun_get_realm(message, &ret->view);
}

static enum err get_nonce(const struct stun_message *message, union result *ret)
{
    return stun_get_nonce(message, &ret->view);
}

static enum err get_lifetime(const struct stun_message *message, union result *ret)
{
    return stun_get_lifetime(message, &ret->u32);
}

static enum err get_channel_number(const struct stun_message *message, union result *ret)
{
    return stun_get_channel_number(message, &ret->u16);
}

static enum err get_peer(const struct stun_message *message, union result *ret)
{
    return stun_get_xor_address(message, STUN_ATTR_XOR_PEER_ADDRESS, &ret->addr);
}

static enum err get_transport(const struct stun_message *message, union result *ret)
{
    return stun_get_requested_transport(message, &ret->u8);
}

static enum err get_family(const struct stun_message *message, union result *ret)
{
    return stun_get_address_family(message, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, &ret->u8);
}

static enum err get_additional_family(const struct stun_message *message, union result *ret)
{
    return stun_get_address_family(message, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, &ret->u8);
}

static enum err get_even_port(const struct stun_message *message, union result *ret)
{
    return stun_get_even_port(message, &ret->flag);
}

static enum err get_token(const struct stun_message *message, union result *ret)
{
    return stun_get_reservation_token(message, &ret->view);
}

static enum err get_dont_fragment(const struct stun_message *message, union result *ret)
{
    (void)ret;
    return stun_get_dont_fragment(message);
}

static enum err get_error_code(const struct stun_message *message, union result *ret)
{
    return stun_get_error_code(message, &ret->u16);
}

/* Which sizes each attribute may have. The value of each size is |fill|, made to be valid. */
static const struct shape {
    getter *get;
    uint16_t type;
    size_t min;
    size_t max;
    uint8_t fill;
} shapes[] = {
    {get_username, STUN_ATTR_USERNAME, 1, STUN_USERNAME_MAX, 'u'},
    {get_realm, STUN_ATTR_REALM, 0, STUN_REALM_MAX, 'r'},
    {get_nonce, STUN_ATTR_NONCE, 0, STUN_NONCE_MAX, 0xFF},
    {get_lifetime, STUN_ATTR_LIFETIME, 4, 4, 1},
    {get_channel_number, STUN_ATTR_CHANNEL_NUMBER, 4, 4, 1},
    {get_peer, STUN_ATTR_XOR_PEER_ADDRESS, 8, 8, 1},
    {get_peer, STUN_ATTR_XOR_PEER_ADDRESS, 20, 20, 2},
    {get_transport, STUN_ATTR_REQUESTED_TRANSPORT, 4, 4, 17},
    {get_family, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, 4, 4, 1},
    {get_additional_family, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, 4, 4, 2},
    {get_even_port, STUN_ATTR_EVEN_PORT, 1, 1, 0x80},
    {get_token, STUN_ATTR_RESERVATION_TOKEN, 8, 8, 7},
    {get_dont_fragment, STUN_ATTR_DONT_FRAGMENT, 0, 0, 0},
    {get_error_code, STUN_ATTR_ERROR_CODE, 4, 900, 4},
};

static void every_size_is_right_or_malformed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(shapes); i++) {
        for (size_t len = 0; len <= 900; len++) {
            uint8_t value[900];
            memset(value, shapes[i].fill, sizeof value);
            struct built built;
            build(&built, shapes[i].type, (struct bytes){.data = value, .len = len});
            union result ret, untouched;
            memset(&ret, 0x77, sizeof ret);
            memset(&untouched, 0x77, sizeof untouched);
            bool fits = len >= shapes[i].min && len <= shapes[i].max;
            assert_int_equal(shapes[i].get(&built.message, &ret), fits ? ERR_OK : ERR_MALFORMED);
            if (!fits)
                assert_memory_equal(&ret, &untouched, sizeof ret);
        }
    }
}

static void what_is_absent_is_not_found(void **state)
{
    (void)state;
    struct built built;
    build(&built, 0, (struct bytes){0});
    for (size_t i = 0; i < COUNT(shapes); i++) {
        union result ret;
        assert_int_equal(shapes[i].get(&built.message, &ret), ERR_NOT_FOUND);
    }
}

static void values(void **state)
{
    (void)state;
    struct built built;
    build(&built, STUN_ATTR_REALM, bytes_of_text("firezone"));
    struct bytes view = {0};
    assert_int_equal(stun_get_realm(&built.message, &view), ERR_OK);
    assert_text(view, "firezone");

    build(&built, STUN_ATTR_NONCE, (struct bytes){(const uint8_t *)"\0\xff\x80", 3});
    assert_int_equal(stun_get_nonce(&built.message, &view), ERR_OK);
    assert_bytes(view, "\0\xff\x80", 3);

    build(&built, STUN_ATTR_LIFETIME, (struct bytes){(const uint8_t *)"\xff\xee\xdd\xcc", 4});
    uint32_t sec = 0;
    assert_int_equal(stun_get_lifetime(&built.message, &sec), ERR_OK);
    assert_true(sec == 0xFFEEDDCC);

    /* The two reserved bytes are ignored (RFC 8656 §18.1). */
    build(&built, STUN_ATTR_CHANNEL_NUMBER, (struct bytes){(const uint8_t *)"\x4f\xff\xaa\xbb", 4});
    uint16_t number = 0;
    assert_int_equal(stun_get_channel_number(&built.message, &number), ERR_OK);
    assert_int_equal(number, 0x4FFF);

    build(&built, STUN_ATTR_REQUESTED_TRANSPORT,
          (struct bytes){(const uint8_t *)"\x11\x01\x02\x03", 4});
    uint8_t protocol = 0;
    assert_int_equal(stun_get_requested_transport(&built.message, &protocol), ERR_OK);
    assert_int_equal(protocol, 17);

    build(&built, STUN_ATTR_RESERVATION_TOKEN, bytes_of_text("12345678"));
    assert_int_equal(stun_get_reservation_token(&built.message, &view), ERR_OK);
    assert_text(view, "12345678");
}

static void even_port_is_one_bit(void **state)
{
    (void)state;
    for (unsigned value = 0; value <= 0xFF; value++) {
        uint8_t byte = (uint8_t)value;
        struct built built;
        build(&built, STUN_ATTR_EVEN_PORT, (struct bytes){.data = &byte, .len = 1});
        bool reserve = value < 0x80;
        assert_int_equal(stun_get_even_port(&built.message, &reserve), ERR_OK);
        assert_int_equal(reserve, value >= 0x80);
    }
}

static void address_families(void **state)
{
    (void)state;
    static const uint16_t types[] = {STUN_ATTR_REQUESTED_ADDRESS_FAMILY,
                                     STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY};
    for (size_t i = 0; i < COUNT(types); i++) {
        for (unsigned code = 0; code <= 0xFF; code++) {
            uint8_t value[4] = {(uint8_t)code, 0xAA, 0xBB, 0xCC};
            struct built built;
            build(&built, types[i], (struct bytes){.data = value, .len = sizeof value});
            uint8_t family = 77;
            enum err err = stun_get_address_family(&built.message, types[i], &family);
            assert_int_equal(err, code == 1 || code == 2 ? ERR_OK : ERR_MALFORMED);
            assert_int_equal(family, code == 1 ? IP_FAMILY_V4 : code == 2 ? IP_FAMILY_V6 : 77);
        }
    }
}

static void xor_addresses_of_rfc5769(void **state)
{
    (void)state;
    static const struct {
        struct bytes datagram;
        const char *addr;
    } cases[] = {
        {{stun_vector_ipv4_response, STUN_VECTOR_IPV4_RESPONSE_LEN}, "192.0.2.1:32853"},
        {{stun_vector_ipv6_response, STUN_VECTOR_IPV6_RESPONSE_LEN},
         "[2001:db8:1234:5678:11:2233:4455:6677]:32853"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct stun_message message;
        assert_int_equal(stun_message_parse(cases[i].datagram, &message), ERR_OK);
        struct transport_addr addr;
        assert_int_equal(stun_get_xor_address(&message, STUN_ATTR_XOR_MAPPED_ADDRESS, &addr),
                         ERR_OK);
        struct transport_addr expected;
        assert_int_equal(transport_addr_parse(cases[i].addr, 0, &expected), ERR_OK);
        assert_true(transport_addr_equal(&addr, &expected));
    }
}

/* The family decides the size; the first byte is ignored (RFC 8489 §14.1). */
static void xor_address_families(void **state)
{
    (void)state;
    for (unsigned code = 0; code <= 0xFF; code++) {
        for (size_t len = 0; len <= 24; len++) {
            uint8_t value[24] = {0xEE, (uint8_t)code};
            struct transport_addr addr = {.port = 77};
            enum err err = stun_decode_xor_address((struct bytes){.data = value, .len = len},
                                                   transaction_id, &addr);
            bool valid = (code == 1 && len == 8) || (code == 2 && len == 20);
            assert_int_equal(err, valid ? ERR_OK : ERR_MALFORMED);
            if (valid)
                assert_int_equal(addr.port, 0x2112);
            else
                assert_int_equal(addr.port, 77);
        }
    }
}

static void error_codes(void **state)
{
    (void)state;
    static const struct {
        uint8_t value[4];
        uint16_t code; /* 0 = malformed */
    } cases[] = {
        {{0, 0, 3, 0}, 300},  {{0, 0, 6, 99}, 699},
        {{0, 0, 4, 38}, 438}, {{0xFF, 0xFF, 0xFC, 20}, 420}, /* the reserved bits are ignored */
        {{0, 0, 2, 99}, 0},   {{0, 0, 7, 0}, 0},
        {{0, 0, 4, 100}, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct built built;
        build(&built, STUN_ATTR_ERROR_CODE, (struct bytes){.data = cases[i].value, .len = 4});
        uint16_t code = 0;
        assert_int_equal(stun_get_error_code(&built.message, &code),
                         cases[i].code ? ERR_OK : ERR_MALFORMED);
        assert_int_equal(code, cases[i].code);
    }
}

/* RFC 3629 §3, §4; the texts with their bounds on both sides. */
static void usernames_are_utf8(void **state)
{
    (void)state;
    static const char *const good[] = {
        "u",
        "\x7f",
        "\xc2\x80",
        "\xdf\xbf",
        "\xe0\xa0\x80",
        "\xed\x9f\xbf",
        "\xee\x80\x80",
        "\xef\xbf\xbf",
        "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf",
        STUN_VECTORS_USERNAME,
        "1892160000:n23JJ2wKKtt30oXi",
        "a\xc2\xa2z",
    };
    static const char *const bad[] = {
        "\x80", /* a later byte alone */
        "\xbf",
        "\xc0\x80",         /* overlong zero */
        "\xc1\xbf",         /* overlong U+007F */
        "\xe0\x9f\xbf",     /* overlong U+07FF */
        "\xf0\x8f\xbf\xbf", /* overlong U+FFFF */
        "\xed\xa0\x80",     /* first surrogate */
        "\xed\xbf\xbf",     /* last surrogate */
        "\xf4\x90\x80\x80", /* U+110000 */
        "\xf5\x80\x80\x80", /* no such first byte */
        "\xff",
        "\xfe",
        "\xf8\x88\x80\x80\x80", /* five bytes */
        "\xc2",                 /* ends early */
        "\xe1\x80",
        "\xf1\x80\x80",
        "\xc2u",
        "\xe1\x80u",
        "\xe1u\x80",
        "\xf1\x80\x80u",
        "\xf1\x80u\x80",
        "\xf1u\x80\x80",
        "\xc2\xc0",
        "\xe1\x80\xc0",
        "\xf1\x80\x80\xc0",
        "good until\x80",
    };
    struct built built;
    struct bytes name = {0};
    for (size_t i = 0; i < COUNT(good); i++) {
        build(&built, STUN_ATTR_USERNAME, bytes_of_text(good[i]));
        assert_int_equal(stun_get_username(&built.message, &name), ERR_OK);
        assert_text(name, good[i]);
    }
    name = (struct bytes){0};
    for (size_t i = 0; i < COUNT(bad); i++) {
        build(&built, STUN_ATTR_USERNAME, bytes_of_text(bad[i]));
        assert_int_equal(stun_get_username(&built.message, &name), ERR_MALFORMED);
    }
    build(&built, STUN_ATTR_USERNAME, (struct bytes){(const uint8_t *)"a\0b", 3});
    assert_int_equal(stun_get_username(&built.message, &name), ERR_MALFORMED);
    assert_int_equal(name.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_is_right_or_malformed),
        cmocka_unit_test(what_is_absent_is_not_found),
        cmocka_unit_test(values),
        cmocka_unit_test(even_port_is_one_bit),
        cmocka_unit_test(address_families),
        cmocka_unit_test(xor_addresses_of_rfc5769),
        cmocka_unit_test(xor_address_families),
        cmocka_unit_test(error_codes),
        cmocka_unit_test(usernames_are_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_stun_writer.c — tests of stun_writer.h. */
#include "stun_writer.h"

#include "stun_attr.h"
#include "unit.h"

#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

enum { DIRT = 0x77 };

static const uint8_t transaction_id[STUN_TRANSACTION_ID_LEN] = {1, 2, 3, 4,  5,  6,
                                                                7, 8, 9, 10, 11, 12};

static void begin(struct stun_writer *writer, uint8_t *buf, size_t capacity)
{
    stun_writer_begin(writer, buf, capacity, STUN_SUCCESS, TURN_ALLOCATE, transaction_id);
}

static struct stun_message finished(struct stun_writer *writer, uint8_t *buf)
{
    size_t len = 0;
    assert_int_equal(stun_writer_finish(writer, &len), ERR_OK);
    struct stun_message message;
    assert_int_equal(stun_message_parse((struct bytes){.data = buf, .len = len}, &message), ERR_OK);
    return message;
}

static void header(void **state)
{
    (void)state;
    uint8_t buf[32];
    memset(buf, DIRT, sizeof buf);
    struct stun_writer writer;
    begin(&writer, buf, sizeof buf);
    size_t len = 0;
    assert_int_equal(stun_writer_finish(&writer, &len), ERR_OK);
    assert_int_equal(len, STUN_HEADER_LEN);
    assert_memory_equal(buf,
                        "\x01\x03\x00\x00\x21\x12\xa4\x42"
                        "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c",
                        STUN_HEADER_LEN);
    assert_int_equal(buf[STUN_HEADER_LEN], DIRT);
}

/* Each attribute as bytes on the wire, in a buffer that was not clean. */
static void assert_attr(struct stun_writer *writer, const uint8_t *buf, const char *expected,
                        size_t len)
{
    size_t message_len = 0;
    assert_int_equal(stun_writer_finish(writer, &message_len), ERR_OK);
    assert_int_equal(message_len, STUN_HEADER_LEN + len);
    assert_int_equal(buf[3], len);
    assert_memory_equal(buf + STUN_HEADER_LEN, expected, len);
}

static void attributes_on_the_wire(void **state)
{
    (void)state;
    uint8_t buf[128];
    memset(buf, DIRT, sizeof buf);
    struct stun_writer w;

    begin(&w, buf, sizeof buf);
    stun_add_u32(&w, STUN_ATTR_LIFETIME, 0xFFEEDDCC);
    assert_attr(&w, buf, "\x00\x0d\x00\x04\xff\xee\xdd\xcc", 8);

    begin(&w, buf, sizeof buf);
    stun_add_u32(&w, STUN_ATTR_CHANNEL_NUMBER, UINT32_C(0x4001) << 16);
    assert_attr(&w, buf, "\x00\x0c\x00\x04\x40\x01\x00\x00", 8);

    begin(&w, buf, sizeof buf);
    const uint8_t v4[] = {192, 0, 2, 1};
    struct transport_addr addr = transport_addr_v4(v4, 32853);
    stun_add_xor_address(&w, STUN_ATTR_XOR_MAPPED_ADDRESS, &addr);
    assert_attr(&w, buf, "\x00\x20\x00\x08\x00\x01\xa1\x47\xe1\x12\xa6\x43", 12);

    begin(&w, buf, sizeof buf);
    const uint8_t v6[16] = {0x21, 0x12, 0xA4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0xFF};
    addr = transport_addr_v6(v6, 0x2112);
    stun_add_xor_address(&w, STUN_ATTR_XOR_RELAYED_ADDRESS, &addr);
    assert_attr(&w, buf, "\x00\x16\x00\x14\x00\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xf3", 24);

    begin(&w, buf, sizeof buf);
    stun_add_error_code(&w, 438, "Stale Nonce");
    assert_attr(&w, buf, "\x00\x09\x00\x0f\x00\x00\x04\x26Stale Nonce\x00", 20);

    begin(&w, buf, sizeof buf);
    stun_add_error_code(&w, 300, "");
    assert_attr(&w, buf, "\x00\x09\x00\x04\x00\x00\x03\x00", 8);

    begin(&w, buf, sizeof buf);
    stun_add_address_error_code(&w, IP_FAMILY_V6, 440, "no");
    assert_attr(&w, buf, "\x80\x01\x00\x06\x02\x00\x04\x28no\x00\x00", 12);

    begin(&w, buf, sizeof buf);
    static const uint16_t types[] = {0x7FFF, 0x0003, 0x0102};
    stun_add_unknown_attributes(&w, types, COUNT(types));
    assert_attr(&w, buf, "\x00\x0a\x00\x06\x7f\xff\x00\x03\x01\x02\x00\x00", 12);

    begin(&w, buf, sizeof buf);
    stun_add_unknown_attributes(&w, NULL, 0);
    stun_add_bytes(&w, STUN_ATTR_DONT_FRAGMENT, (struct bytes){0});
    assert_attr(&w, buf, "\x00\x0a\x00\x00\x00\x1a\x00\x00", 8);
}

/* Padding is zero whatever the buffer held, for each of the four remainders. */
static void padding_is_zero(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 8; len++) {
        uint8_t buf[64];
        memset(buf, DIRT, sizeof buf);
        struct stun_writer w;
        begin(&w, buf, sizeof buf);
        stun_add_bytes(&w, STUN_ATTR_NONCE, (struct bytes){(const uint8_t *)"12345678", len});
        struct stun_message message = finished(&w, buf);
        size_t padded = (len + 3) / 4 * 4;
        assert_int_equal(message.whole.len, STUN_HEADER_LEN + 4 + padded);
        assert_int_equal(buf[STUN_HEADER_LEN + 3], len);
        assert_memory_equal(buf + STUN_HEADER_LEN + 4, "12345678", len);
        for (size_t i = len; i < padded; i++)
            assert_int_equal(buf[STUN_HEADER_LEN + 4 + i], 0);
        assert_int_equal(buf[message.whole.len], DIRT);
    }
}

static const uint16_t unknown_types[] = {0x7FFF, 0x0003, 0x0002};

/* One attribute of every kind. */
static void add_everything(struct stun_writer *w)
{
    const uint8_t v4[4] = {198, 51, 100, 7};
    const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
    struct transport_addr relayed = transport_addr_v4(v4, 49152);
    struct transport_addr mapped = transport_addr_v6(v6, 65535);
    stun_add_error_code(w, 420, "Unknown Attribute");
    stun_add_unknown_attributes(w, unknown_types, COUNT(unknown_types));
    stun_add_xor_address(w, STUN_ATTR_XOR_RELAYED_ADDRESS, &relayed);
    stun_add_xor_address(w, STUN_ATTR_XOR_MAPPED_ADDRESS, &mapped);
    stun_add_u32(w, STUN_ATTR_LIFETIME, 3600);
    stun_add_u32(w, STUN_ATTR_CHANNEL_NUMBER, UINT32_C(0x4FFF) << 16);
    stun_add_u32(w, STUN_ATTR_REQUESTED_TRANSPORT, UINT32_C(17) << 24);
    stun_add_u32(w, STUN_ATTR_REQUESTED_ADDRESS_FAMILY,
                 (uint32_t)stun_family_code(IP_FAMILY_V6) << 24);
    stun_add_bytes(w, STUN_ATTR_EVEN_PORT, (struct bytes){(const uint8_t *)"\x80", 1});
    stun_add_bytes(w, STUN_ATTR_RESERVATION_TOKEN, bytes_of_text("8 bytes."));
    stun_add_bytes(w, STUN_ATTR_DONT_FRAGMENT, (struct bytes){0});
    stun_add_bytes(w, STUN_ATTR_USERNAME, bytes_of_text("1892160000:salt"));
    stun_add_bytes(w, STUN_ATTR_REALM, bytes_of_text("firezone"));
    stun_add_bytes(w, STUN_ATTR_NONCE, bytes_of_text("nonce"));
    stun_add_bytes(w, STUN_ATTR_SOFTWARE, bytes_of_text("relay"));
    stun_add_address_error_code(w, IP_FAMILY_V4, 440, "Address Family not Supported");
}

static void everything_is_read_as_written(void **state)
{
    (void)state;
    uint8_t buf[512];
    memset(buf, DIRT, sizeof buf);
    struct stun_writer w;
    begin(&w, buf, sizeof buf);
    add_everything(&w);
    struct stun_message message = finished(&w, buf);

    uint16_t u16 = 0;
    assert_int_equal(stun_get_error_code(&message, &u16), ERR_OK);
    assert_int_equal(u16, 420);
    struct stun_attr attr;
    assert_true(stun_message_find(&message, STUN_ATTR_ERROR_CODE, &attr));
    assert_memory_equal(attr.value.data + 4, "Unknown Attribute", attr.value.len - 4);
    assert_true(stun_message_find(&message, STUN_ATTR_UNKNOWN_ATTRIBUTES, &attr));
    assert_bytes(attr.value, "\x7f\xff\x00\x03\x00\x02", 6);

    struct transport_addr addr;
    char text[TRANSPORT_ADDR_TEXT_MAX];
    assert_int_equal(stun_get_xor_address(&message, STUN_ATTR_XOR_RELAYED_ADDRESS, &addr), ERR_OK);
    assert_string_equal(transport_addr_format(&addr, text), "198.51.100.7:49152");
    assert_int_equal(stun_get_xor_address(&message, STUN_ATTR_XOR_MAPPED_ADDRESS, &addr), ERR_OK);
    assert_string_equal(transport_addr_format(&addr, text), "[2001:db8::1]:65535");

    uint32_t sec = 0;
    assert_int_equal(stun_get_lifetime(&message, &sec), ERR_OK);
    assert_int_equal(sec, 3600);
    assert_int_equal(stun_get_channel_number(&message, &u16), ERR_OK);
    assert_int_equal(u16, 0x4FFF);
    uint8_t u8 = 0;
    assert_int_equal(stun_get_requested_transport(&message, &u8), ERR_OK);
    assert_int_equal(u8, 17);
    assert_int_equal(stun_get_address_family(&message, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, &u8),
                     ERR_OK);
    assert_int_equal(u8, IP_FAMILY_V6);
    bool reserve = false;
    assert_int_equal(stun_get_even_port(&message, &reserve), ERR_OK);
    assert_true(reserve);
    assert_int_equal(stun_get_dont_fragment(&message), ERR_OK);

    struct bytes view = {0};
    assert_int_equal(stun_get_reservation_token(&message, &view), ERR_OK);
    assert_text(view, "8 bytes.");
    assert_int_equal(stun_get_username(&message, &view), ERR_OK);
    assert_text(view, "1892160000:salt");
    assert_int_equal(stun_get_realm(&message, &view), ERR_OK);
    assert_text(view, "firezone");
    assert_int_equal(stun_get_nonce(&message, &view), ERR_OK);
    assert_text(view, "nonce");
    assert_true(stun_message_find(&message, STUN_ATTR_SOFTWARE, &attr));
    assert_text(attr.value, "relay");
    assert_true(stun_message_find(&message, STUN_ATTR_ADDRESS_ERROR_CODE, &attr));
    assert_memory_equal(attr.value.data, "\x01\x00\x04\x28", 4);
}

static void random_addresses_are_read_as_written(void **state)
{
    (void)state;
    uint64_t seed = 20240605;
    print_message("seed %llu\n", (unsigned long long)seed);
    for (size_t run = 0; run < 10000; run++) {
        uint8_t ip[16];
        uint8_t id[STUN_TRANSACTION_ID_LEN];
        for (size_t i = 0; i < sizeof ip; i++)
            ip[i] = (uint8_t)random_next(&seed);
        for (size_t i = 0; i < sizeof id; i++)
            id[i] = (uint8_t)random_next(&seed);
        uint16_t port = (uint16_t)random_next(&seed);
        struct transport_addr addr =
            run % 2 == 0 ? transport_addr_v4(ip, port) : transport_addr_v6(ip, port);
        uint8_t buf[64];
        struct stun_writer w;
        stun_writer_begin(&w, buf, sizeof buf, STUN_INDICATION, TURN_DATA, id);
        stun_add_xor_address(&w, STUN_ATTR_XOR_PEER_ADDRESS, &addr);
        struct stun_message message = finished(&w, buf);
        struct transport_addr again;
        assert_int_equal(stun_get_xor_address(&message, STUN_ATTR_XOR_PEER_ADDRESS, &again),
                         ERR_OK);
        assert_true(transport_addr_equal(&addr, &again));
    }
}

static void too_small_a_buffer_is_never_overrun(void **state)
{
    (void)state;
    uint8_t whole[512];
    struct stun_writer w;
    begin(&w, whole, sizeof whole);
    add_everything(&w);
    size_t whole_len = 0;
    assert_int_equal(stun_writer_finish(&w, &whole_len), ERR_OK);

    for (size_t capacity = 0; capacity <= whole_len; capacity++) {
        uint8_t buf[512 + 16];
        memset(buf, DIRT, sizeof buf);
        begin(&w, buf, capacity);
        add_everything(&w);
        size_t len = 12345;
        if (capacity < whole_len) {
            assert_int_equal(stun_writer_finish(&w, &len), ERR_NO_SPACE);
            assert_int_equal(len, 12345);
        } else {
            assert_int_equal(stun_writer_finish(&w, &len), ERR_OK);
            assert_int_equal(len, whole_len);
            assert_memory_equal(buf, whole, whole_len);
        }
        for (size_t i = capacity; i < sizeof buf; i++)
            assert_int_equal(buf[i], DIRT);
    }
}

/* The length field ends at 65532, whatever the buffer holds. */
static void the_largest_message(void **state)
{
    (void)state;
    enum { VALUE_MAX = 65528, BUF_LEN = 70000 };
    uint8_t *buf = calloc(1, BUF_LEN);
    uint8_t *value = calloc(1, BUF_LEN);
    assert_non_null(buf);
    assert_non_null(value);
    struct stun_writer w;
    size_t len = 0;
    begin(&w, buf, BUF_LEN);
    stun_add_bytes(&w, STUN_ATTR_DATA, (struct bytes){.data = value, .len = VALUE_MAX});
    struct stun_message message = finished(&w, buf);
    assert_int_equal(message.whole.len, STUN_HEADER_LEN + 4 + VALUE_MAX);

    stun_add_bytes(&w, STUN_ATTR_DONT_FRAGMENT, (struct bytes){0});
    assert_int_equal(stun_writer_finish(&w, &len), ERR_NO_SPACE);

    static const size_t too_long[] = {VALUE_MAX + 1, 65532, 65533, 65536, 66000};
    for (size_t i = 0; i < COUNT(too_long); i++) {
        begin(&w, buf, BUF_LEN);
        stun_add_bytes(&w, STUN_ATTR_DATA, (struct bytes){.data = value, .len = too_long[i]});
        assert_int_equal(stun_writer_finish(&w, &len), ERR_NO_SPACE);
    }
    begin(&w, buf, BUF_LEN);
    stun_add_bytes(&w, STUN_ATTR_DATA, (struct bytes){.data = value, .len = SIZE_MAX});
    assert_int_equal(stun_writer_finish(&w, &len), ERR_NO_SPACE);
    begin(&w, buf, BUF_LEN);
    stun_add_unknown_attributes(&w, unknown_types, SIZE_MAX / 2 + 1);
    assert_int_equal(stun_writer_finish(&w, &len), ERR_NO_SPACE);
    free(value);
    free(buf);
}

static void family_codes(void **state)
{
    (void)state;
    assert_int_equal(stun_family_code(IP_FAMILY_V4), 1);
    assert_int_equal(stun_family_code(IP_FAMILY_V6), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header),
        cmocka_unit_test(attributes_on_the_wire),
        cmocka_unit_test(padding_is_zero),
        cmocka_unit_test(everything_is_read_as_written),
        cmocka_unit_test(random_addresses_are_read_as_written),
        cmocka_unit_test(too_small_a_buffer_is_never_overrun),
        cmocka_unit_test(the_largest_message),
        cmocka_unit_test(family_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

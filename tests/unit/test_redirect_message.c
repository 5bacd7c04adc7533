/* test_redirect_message.c — tests of redirect_message.h. */
#include "redirect_message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static struct five_tuple tuple_v4(void)
{
    const uint8_t client[4] = {192, 0, 2, 9}, server[4] = {203, 0, 113, 7};

    return (struct five_tuple){.client = transport_addr_v4(client, 0x1234),
                               .server = transport_addr_v4(server, 3478)};
}

static struct five_tuple tuple_v6(void)
{
    const uint8_t client[16] = {0xFE, 0x80, [15] = 1}, server[16] = {0xFE, 0x80, [15] = 2};
    struct five_tuple five_tuple = {.client = transport_addr_v6(client, 5000),
                                    .server = transport_addr_v6(server, 3478)};

    five_tuple.client.scope_id = 0x01020304;
    five_tuple.server.scope_id = 7;
    return five_tuple;
}

static struct wire_writer writer_of(uint8_t *bytes, size_t capacity)
{
    return (struct wire_writer){.start = bytes, .capacity = capacity};
}

static void add(struct wire_writer *message, struct five_tuple five_tuple, const char *text,
                uint8_t hops)
{
    const struct redirected redirected = {
        .five_tuple = five_tuple, .datagram = bytes_of_text(text), .hops = hops};

    assert_true(redirect_message_add(message, &redirected));
}

static void expect_next(struct wire_reader *reader, struct five_tuple five_tuple, const char *text,
                        uint8_t hops)
{
    struct redirected redirected;

    assert_int_equal(redirect_message_next(reader, &redirected), ERR_OK);
    assert_true(five_tuple_equal(&redirected.five_tuple, &five_tuple));
    assert_text(redirected.datagram, text);
    assert_int_equal(redirected.hops, hops);
}

static struct bytes content(const struct wire_writer *message)
{
    return (struct bytes){.data = message->start, .len = message->len};
}

static void a_record_is_laid_out_as_drawn(void **state)
{
    (void)state;
    static const uint8_t drawn[] = {1, 4,  1,   0,   2, 0x12, 0x34, 192, 0,  2,
                                    9, 13, 150, 203, 0, 113,  7,    'h', 'i'};
    uint8_t bytes[64];
    struct wire_writer message = writer_of(bytes, sizeof(bytes));

    add(&message, tuple_v4(), "hi", 1);
    assert_bytes(content(&message), drawn, sizeof(drawn));
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    uint8_t bytes[512];
    struct wire_writer message = writer_of(bytes, sizeof(bytes));
    struct wire_reader reader;
    struct redirected redirected;

    add(&message, tuple_v4(), "one", 0);
    add(&message, tuple_v6(), "", 1);
    add(&message, tuple_v6(), "three", 255);
    assert_int_equal(redirect_message_begin(content(&message), &reader), ERR_OK);
    expect_next(&reader, tuple_v4(), "one", 0);
    expect_next(&reader, tuple_v6(), "", 1);
    expect_next(&reader, tuple_v6(), "three", 255);
    assert_int_equal(redirect_message_next(&reader, &redirected), ERR_NOT_FOUND);
}

static void the_largest_datagram_fits(void **state)
{
    (void)state;
    uint8_t *bytes = malloc(REDIRECT_MESSAGE_MAX), *datagram = calloc(1, 65535);
    struct wire_writer message = writer_of(bytes, REDIRECT_MESSAGE_MAX);
    const struct redirected redirected = {
        .five_tuple = tuple_v6(), .datagram = {.data = datagram, .len = 65535}, .hops = 1};
    struct redirected read;
    struct wire_reader reader;

    assert_true(bytes != NULL && datagram != NULL);
    assert_true(redirect_message_add(&message, &redirected));
    assert_int_equal(message.len, REDIRECT_OVERHEAD_MAX + 65535);
    assert_int_equal(redirect_message_begin(content(&message), &reader), ERR_OK);
    assert_int_equal(redirect_message_next(&reader, &read), ERR_OK);
    assert_int_equal(read.datagram.len, 65535);
    free(datagram);
    free(bytes);
}

static void a_full_message_stays_as_it_is(void **state)
{
    (void)state;
    uint8_t bytes[1 + 16 + 3 + 16 + 2];
    struct wire_writer message = writer_of(bytes, sizeof(bytes));
    const struct redirected more = {.five_tuple = tuple_v4(), .datagram = bytes_of_text("two")};
    struct wire_reader reader;
    struct redirected redirected;

    add(&message, tuple_v4(), "one", 0);
    assert_false(redirect_message_add(&message, &more));
    assert_false(message.failed);
    add(&message, tuple_v4(), "2b", 0);
    assert_int_equal(redirect_message_begin(content(&message), &reader), ERR_OK);
    expect_next(&reader, tuple_v4(), "one", 0);
    expect_next(&reader, tuple_v4(), "2b", 0);
    assert_int_equal(redirect_message_next(&reader, &redirected), ERR_NOT_FOUND);
}

static void what_no_shard_writes_is_refused(void **state)
{
    (void)state;
    uint8_t bytes[64];
    struct wire_writer message = writer_of(bytes, sizeof(bytes));
    struct wire_reader reader;
    struct redirected redirected;

    assert_int_equal(redirect_message_begin((struct bytes){0}, &reader), ERR_MALFORMED);
    assert_int_equal(redirect_message_begin(bytes_of_text("\2"), &reader), ERR_MALFORMED);
    assert_int_equal(redirect_message_begin(bytes_of_text("\1\5aa"), &reader), ERR_OK);
    assert_int_equal(redirect_message_next(&reader, &redirected), ERR_MALFORMED);
    /* Cut anywhere. */
    add(&message, tuple_v4(), "hello", 0);
    for (size_t len = 2; len < message.len; len++) {
        assert_int_equal(redirect_message_begin((struct bytes){.data = bytes, .len = len}, &reader),
                         ERR_OK);
        assert_int_equal(redirect_message_next(&reader, &redirected), ERR_MALFORMED);
    }
}

static void random_bytes_are_read_within_their_bounds(void **state)
{
    (void)state;
    uint64_t seed = 20260612;

    printf("seed %llu\n", (unsigned long long)seed);
    for (unsigned round = 0; round < 20000; round++) {
        size_t len = 1 + random_below(&seed, 200), seen = 0;
        uint8_t *bytes = malloc(len); /* a sanitizer sees what is read past its end */
        struct wire_reader reader;
        struct redirected redirected;

        assert_non_null(bytes);
        for (size_t i = 0; i < len; i++)
            bytes[i] = (uint8_t)random_below(&seed, 8);
        bytes[0] = REDIRECT_VERSION;
        assert_int_equal(redirect_message_begin((struct bytes){.data = bytes, .len = len}, &reader),
                         ERR_OK);
        while (redirect_message_next(&reader, &redirected) == ERR_OK)
            seen += redirected.datagram.len;
        assert_true(seen < len);
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_laid_out_as_drawn),
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(the_largest_datagram_fits),
        cmocka_unit_test(a_full_message_stays_as_it_is),
        cmocka_unit_test(what_no_shard_writes_is_refused),
        cmocka_unit_test(random_bytes_are_read_within_their_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

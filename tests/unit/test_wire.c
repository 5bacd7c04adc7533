/* test_wire.c — tests of wire.h. */
#include "wire.h"

#include "unit.h"

static const uint8_t input[] = {0xF1, 0x02, 0xE3, 0x04, 0xD5, 0x06, 0xC7, 0x08};

static struct wire_reader reader_of_len(size_t len)
{
    return wire_reader_of((struct bytes){.data = input, .len = len});
}

static void load_and_store_at_any_alignment(void **state)
{
    (void)state;
    for (size_t offset = 0; offset < 4; offset++) {
        uint8_t buf[8] = {0};
        wire_store_u16(buf + offset, 0xF1E2);
        assert_memory_equal(buf + offset, "\xf1\xe2", 2);
        assert_int_equal(wire_load_u16(buf + offset), 0xF1E2);
        wire_store_u32(buf + offset, 0xF1E2D3C4);
        assert_memory_equal(buf + offset, "\xf1\xe2\xd3\xc4", 4);
        assert_true(wire_load_u32(buf + offset) == 0xF1E2D3C4);
    }
}

static void reads_in_order(void **state)
{
    (void)state;
    struct wire_reader r = reader_of_len(8);
    assert_int_equal(wire_read_u8(&r), 0xF1);
    assert_int_equal(wire_read_u16(&r), 0x02E3);
    assert_true(wire_read_u32(&r) == 0x04D506C7);
    struct bytes rest = wire_read_bytes(&r, 1);
    assert_bytes(rest, "\x08", 1);
    assert_int_equal(r.left, 0);
    assert_false(r.failed);
    assert_bytes(wire_read_bytes(&r, 0), NULL, 0);
    assert_false(r.failed);
}

static void each_read_past_the_end_fails_with_zero(void **state)
{
    (void)state;
    struct wire_reader r = reader_of_len(0);
    assert_int_equal(wire_read_u8(&r), 0);
    assert_true(r.failed);
    for (size_t len = 0; len < 2; len++) {
        r = reader_of_len(len);
        assert_int_equal(wire_read_u16(&r), 0);
        assert_true(r.failed);
    }
    for (size_t len = 0; len < 4; len++) {
        r = reader_of_len(len);
        assert_int_equal(wire_read_u32(&r), 0);
        assert_true(r.failed);
    }
    for (size_t len = 0; len < 8; len++) {
        r = reader_of_len(len);
        assert_bytes(wire_read_bytes(&r, 8), NULL, 0);
        assert_true(r.failed);
    }
    r = reader_of_len(8);
    assert_bytes(wire_read_bytes(&r, SIZE_MAX), NULL, 0);
    assert_true(r.failed);
}

static void a_failed_reader_stays_failed(void **state)
{
    (void)state;
    struct wire_reader r = reader_of_len(3);
    wire_read_u32(&r);
    assert_int_equal(wire_read_u8(&r), 0);
    assert_int_equal(wire_read_u16(&r), 0);
    assert_bytes(wire_read_bytes(&r, 0), NULL, 0);
    assert_true(r.failed);
    assert_int_equal(r.left, 3);
}

static void an_empty_view_may_have_no_data(void **state)
{
    (void)state;
    struct wire_reader r = wire_reader_of((struct bytes){0});
    assert_bytes(wire_read_bytes(&r, 0), NULL, 0);
    assert_false(r.failed);
}

enum write_kind { WRITE_U8, WRITE_U16, WRITE_U32, WRITE_BYTES, WRITE_ZEROS, WRITE_KINDS };

/* Writes 1, 2, 4, 5 or 3 bytes; returns how many. */
static size_t write_one(struct wire_writer *w, enum write_kind kind)
{
    switch (kind) {
    case WRITE_U8:
        wire_write_u8(w, 0xA1);
        return 1;
    case WRITE_U16:
        wire_write_u16(w, 0xA1B2);
        return 2;
    case WRITE_U32:
        wire_write_u32(w, 0xA1B2C3D4);
        return 4;
    case WRITE_BYTES:
        wire_write_bytes(w, "\xa1\xb2\xc3\xd4\xe5", 5);
        return 5;
    case WRITE_ZEROS:
        wire_write_zeros(w, 3);
        return 3;
    case WRITE_KINDS:
        break;
    }
    fail();
    return 0;
}

static void each_write_fits_exactly_or_fails(void **state)
{
    (void)state;
    static const uint8_t zeros[3] = {0};
    for (int kind = 0; kind < WRITE_KINDS; kind++) {
        for (size_t capacity = 0; capacity <= 6; capacity++) {
            uint8_t buf[8];
            memset(buf, 0x77, sizeof buf);
            struct wire_writer w = {.start = buf, .capacity = capacity};
            size_t len = write_one(&w, (enum write_kind)kind);
            bool fits = len <= capacity;
            const void *expected =
                kind == WRITE_ZEROS ? zeros : (const void *)"\xa1\xb2\xc3\xd4\xe5";
            assert_int_equal(w.failed, !fits);
            assert_int_equal(w.len, fits ? len : 0);
            if (fits)
                assert_memory_equal(buf, expected, len);
            for (size_t i = fits ? len : 0; i < sizeof buf; i++)
                assert_int_equal(buf[i], 0x77);
        }
    }
}

static void a_failed_writer_stays_failed(void **state)
{
    (void)state;
    uint8_t buf[4];
    memset(buf, 0x77, sizeof buf);
    struct wire_writer w = {.start = buf, .capacity = 3};
    wire_write_u32(&w, 1);
    for (int kind = 0; kind < WRITE_KINDS; kind++)
        write_one(&w, (enum write_kind)kind);
    assert_null(wire_write_reserve(&w, 0));
    assert_true(w.failed);
    assert_int_equal(w.len, 0);
    assert_memory_equal(buf, "\x77\x77\x77\x77", 4);
}

static void reserve_does_not_overflow(void **state)
{
    (void)state;
    uint8_t buf[4];
    struct wire_writer w = {.start = buf, .capacity = sizeof buf};
    assert_ptr_equal(wire_write_reserve(&w, 1), buf);
    assert_ptr_equal(wire_write_reserve(&w, 0), buf + 1);
    assert_false(w.failed);
    assert_null(wire_write_reserve(&w, SIZE_MAX));
    assert_true(w.failed);
    assert_int_equal(w.len, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(load_and_store_at_any_alignment),
        cmocka_unit_test(reads_in_order),
        cmocka_unit_test(each_read_past_the_end_fails_with_zero),
        cmocka_unit_test(a_failed_reader_stays_failed),
        cmocka_unit_test(an_empty_view_may_have_no_data),
        cmocka_unit_test(each_write_fits_exactly_or_fails),
        cmocka_unit_test(a_failed_writer_stays_failed),
        cmocka_unit_test(reserve_does_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

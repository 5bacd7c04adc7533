/* test_waiting_room.c — tests of waiting_room.h. */
#include "waiting_room.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

enum { ROOM_LEN = 1024, NO_LINE_LIMIT = ROOM_LEN };

static struct waiting_room make_room(uint32_t len)
{
    struct waiting_room room;

    assert_int_equal(waiting_room_init(&room, len), ERR_OK);
    return room;
}

static enum waiting_outcome keep_text(struct waiting_room *room, struct waiting_line *line,
                                      const char *text)
{
    return waiting_room_keep(room, line, NO_LINE_LIMIT, bytes_of_text(text));
}

static void expect_next(struct waiting_room *room, struct waiting_line *line, const char *text)
{
    assert_text(waiting_room_first(room, line), text);
    waiting_room_served(room, line);
}

static void lines_are_served_in_their_own_order(void **state)
{
    (void)state;
    struct waiting_room room = make_room(ROOM_LEN);
    struct waiting_line a = {0}, b = {0};

    assert_int_equal(keep_text(&room, &a, "a1"), WAITING_KEPT);
    assert_int_equal(keep_text(&room, &b, "b1, which is longer than one place"), WAITING_KEPT);
    assert_int_equal(keep_text(&room, &a, ""), WAITING_KEPT);
    assert_int_equal(keep_text(&room, &a, "a3"), WAITING_KEPT);
    assert_int_equal(a.count, 3);
    expect_next(&room, &a, "a1");
    expect_next(&room, &a, "");
    assert_int_equal(keep_text(&room, &b, "b2"), WAITING_KEPT);
    expect_next(&room, &b, "b1, which is longer than one place");
    expect_next(&room, &a, "a3");
    expect_next(&room, &b, "b2");
    assert_int_equal(a.count + b.count, 0);
    assert_int_equal(a.bytes + b.bytes, 0);
    assert_int_equal(room.used, 0);
    waiting_room_deinit(&room);
}

static void the_room_and_a_line_have_their_ends(void **state)
{
    (void)state;
    struct waiting_room room = make_room(ROOM_LEN);
    struct waiting_line a = {0}, b = {0};
    uint8_t data[ROOM_LEN] = {0};

    assert_int_equal(
        waiting_room_keep(&room, &a, NO_LINE_LIMIT, (struct bytes){.data = data, .len = ROOM_LEN}),
        WAITING_ROOM_FULL);
    /* A quarter of the room: 256 bytes with the overhead of 16 for each. */
    assert_int_equal(
        waiting_room_keep(&room, &a, ROOM_LEN / 4, (struct bytes){.data = data, .len = 241}),
        WAITING_LINE_FULL);
    assert_int_equal(
        waiting_room_keep(&room, &a, ROOM_LEN / 4, (struct bytes){.data = data, .len = 112}),
        WAITING_KEPT);
    assert_int_equal(
        waiting_room_keep(&room, &a, ROOM_LEN / 4, (struct bytes){.data = data, .len = 113}),
        WAITING_LINE_FULL);
    assert_int_equal(
        waiting_room_keep(&room, &a, ROOM_LEN / 4, (struct bytes){.data = data, .len = 112}),
        WAITING_KEPT);
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(
            waiting_room_keep(&room, &b, NO_LINE_LIMIT, (struct bytes){.data = data, .len = 112}),
            WAITING_KEPT);
    assert_int_equal(keep_text(&room, &b, ""), WAITING_ROOM_FULL);
    /* Room in the middle is not free before that in front of it. */
    waiting_room_served(&room, &b);
    assert_int_equal(keep_text(&room, &b, ""), WAITING_ROOM_FULL);
    waiting_room_served(&room, &a);
    assert_int_equal(keep_text(&room, &b, ""), WAITING_KEPT);
    waiting_room_deinit(&room);
}

/* What a line should hold: numbers, each of which stands for a datagram. */
struct expected {
    uint64_t numbers[ROOM_LEN];
    unsigned first;
    unsigned count;
};

/* The datagram of |number|: up to 255 bytes that depend on it. */
static struct bytes datagram_of(uint64_t number, uint8_t storage[static 256])
{
    memset(storage, (int)(number & 0xFF), 256);
    memcpy(storage, &number, sizeof(number));
    return (struct bytes){.data = storage, .len = 8 + number * 37 % 248};
}

static void random_lines_lose_and_swap_nothing(void **state)
{
    (void)state;
    static struct expected expected[5];
    uint64_t seed = 20260611, number = 0;
    struct waiting_room room = make_room(ROOM_LEN);
    struct waiting_line lines[5] = {0};
    uint8_t storage[256];
    unsigned refusals = 0;

    printf("seed %llu\n", (unsigned long long)seed);
    memset(expected, 0, sizeof(expected));
    for (unsigned step = 0; step < 200000; step++) {
        unsigned i = (unsigned)random_below(&seed, 5);
        struct expected *line = &expected[i];

        if (random_below(&seed, 2) == 0) {
            enum waiting_outcome outcome =
                waiting_room_keep(&room, &lines[i], NO_LINE_LIMIT, datagram_of(number, storage));

            if (outcome == WAITING_KEPT)
                line->numbers[(line->first + line->count++) % ROOM_LEN] = number;
            else
                refusals++;
            number++;
        } else if (line->count > 0) {
            struct bytes wanted = datagram_of(line->numbers[line->first], storage);

            assert_bytes(waiting_room_first(&room, &lines[i]), wanted.data, wanted.len);
            waiting_room_served(&room, &lines[i]);
            line->first = (line->first + 1) % ROOM_LEN;
            line->count--;
        }
        assert_int_equal(lines[i].count, line->count);
        assert_true(room.used <= ROOM_LEN);
    }
    assert_true(refusals > 0 && refusals < number * 9 / 10);
    waiting_room_deinit(&room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_served_in_their_own_order),
        cmocka_unit_test(the_room_and_a_line_have_their_ends),
        cmocka_unit_test(random_lines_lose_and_swap_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

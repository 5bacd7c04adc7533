/* test_turn_ports.c — relay ports: each once, even ones and pairs found, rested after use. */
#include "unit.h"

#include "turn_ports.h"

#include <stdio.h>
#include <string.h>

static struct mono_time at(uint32_t sec)
{
    return (struct mono_time){.usec = sec * USEC_PER_SEC};
}

static void counts_at_every_edge(void **state)
{
    (void)state;
    static const struct {
        uint16_t lowest, highest;
        uint32_t any, even, pairs;
    } rows[] = {{50000, 50000, 1, 1, 0},         {50001, 50001, 1, 0, 0},
                {50000, 50001, 2, 1, 1},         {50001, 50002, 2, 1, 0},
                {50000, 50002, 3, 2, 1},         {50001, 50004, 4, 2, 1},
                {1, 65535, 65535, 32767, 32767}, {49152, 65535, 16384, 8192, 8192}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct turn_ports ports;
        assert_int_equal(turn_ports_init(&ports, rows[i].lowest, rows[i].highest, 0), ERR_OK);
        assert_int_equal(turn_ports_available(&ports, TURN_PORT_ANY), rows[i].any);
        assert_int_equal(turn_ports_available(&ports, TURN_PORT_EVEN), rows[i].even);
        assert_int_equal(turn_ports_available(&ports, TURN_PORT_PAIR), rows[i].pairs);
        turn_ports_deinit(&ports);
    }
}

/* A plain model of a slice: what each port is. */
struct plain {
    enum { FREE, TAKEN, RESTING } ports[64];
    uint32_t until[64];
    uint16_t lowest;
    uint32_t count;
};

static bool plain_pair(const struct plain *p, uint32_t offset)
{
    return (p->lowest + offset) % 2 == 0 && offset + 1 < p->count && p->ports[offset] == FREE &&
           p->ports[offset + 1] == FREE;
}

static void compare(const struct turn_ports *ports, const struct plain *p)
{
    uint32_t any = 0, even = 0, pairs = 0;
    for (uint32_t i = 0; i < p->count; i++) {
        any += p->ports[i] == FREE;
        even += p->ports[i] == FREE && (p->lowest + i) % 2 == 0;
        pairs += plain_pair(p, i);
    }
    assert_int_equal(turn_ports_available(ports, TURN_PORT_ANY), any);
    assert_int_equal(turn_ports_available(ports, TURN_PORT_EVEN), even);
    assert_int_equal(turn_ports_available(ports, TURN_PORT_PAIR), pairs);
}

static void take_one(struct turn_ports *ports, struct plain *p, uint64_t *seed)
{
    enum turn_port_want want = (enum turn_port_want)random_below(seed, 3);
    uint32_t available = turn_ports_available(ports, want);
    if (available == 0)
        return;
    uint16_t port = turn_ports_take(ports, want, (uint32_t)random_below(seed, available));
    uint32_t offset = (uint32_t)(port - p->lowest);
    assert_true(offset < p->count && p->ports[offset] == FREE);
    if (want != TURN_PORT_ANY)
        assert_int_equal(port % 2, 0);
    if (want == TURN_PORT_PAIR) {
        assert_true(plain_pair(p, offset));
        p->ports[offset + 1] = TAKEN;
    }
    p->ports[offset] = TAKEN;
}

static void random_use(void **state)
{
    (void)state;
    uint64_t seed = 8656;
    print_message("seed %llu\n", (unsigned long long)seed);
    for (unsigned run = 0; run < 40; run++) {
        uint32_t rest = (uint32_t)random_below(&seed, 3) * 5, now = 0;
        struct plain p = {.lowest = (uint16_t)(50000 + run % 2),
                          .count = (uint32_t)(1 + random_below(&seed, 64))};
        struct turn_ports ports;
        assert_int_equal(
            turn_ports_init(&ports, p.lowest, (uint16_t)(p.lowest + p.count - 1), rest), ERR_OK);
        for (unsigned step = 0; step < 600; step++) {
            uint32_t offset = (uint32_t)random_below(&seed, p.count);
            if (random_below(&seed, 2) == 0) {
                take_one(&ports, &p, &seed);
            } else if (p.ports[offset] == TAKEN) {
                turn_ports_release(&ports, (uint16_t)(p.lowest + offset), at(now));
                p.ports[offset] = rest ? RESTING : FREE;
                p.until[offset] = now + rest;
            }
            now += (uint32_t)random_below(&seed, 2);
            turn_ports_wake(&ports, at(now));
            for (uint32_t i = 0; i < p.count; i++) {
                if (p.ports[i] == RESTING && p.until[i] <= now)
                    p.ports[i] = FREE;
            }
            compare(&ports, &p);
        }
        turn_ports_deinit(&ports);
    }
}

/* Every pick leads to another port: a uniform pick is a uniform port. */
static void every_pick_is_another_port(void **state)
{
    (void)state;
    enum { COUNT = 50 };
    bool seen[COUNT] = {false};
    for (uint32_t pick = 0; pick < COUNT; pick++) {
        struct turn_ports ports;
        assert_int_equal(turn_ports_init(&ports, 50000, 50000 + COUNT - 1, 0), ERR_OK);
        uint16_t port = turn_ports_take(&ports, TURN_PORT_ANY, pick);
        assert_false(seen[port - 50000]);
        seen[port - 50000] = true;
        turn_ports_deinit(&ports);
    }
}

static void rest(void **state)
{
    (void)state;
    struct turn_ports ports;
    assert_int_equal(turn_ports_init(&ports, 50000, 50001, 60), ERR_OK);
    turn_ports_take(&ports, TURN_PORT_PAIR, 0);
    turn_ports_release(&ports, 50000, at(100));
    turn_ports_release(&ports, 50001, at(110));
    turn_ports_wake(&ports, at(159));
    assert_int_equal(turn_ports_available(&ports, TURN_PORT_ANY), 0);
    turn_ports_wake(&ports, at(160));
    assert_int_equal(turn_ports_available(&ports, TURN_PORT_EVEN), 1);
    assert_int_equal(turn_ports_available(&ports, TURN_PORT_PAIR), 0);
    turn_ports_wake(&ports, at(1000));
    assert_int_equal(turn_ports_available(&ports, TURN_PORT_PAIR), 1);
    turn_ports_deinit(&ports);
}

static void one_that_rests_can_be_taken_by_its_number(void **state)
{
    (void)state;
    enum { COUNT = 4 };
    struct turn_ports ports;
    assert_int_equal(turn_ports_init(&ports, 50000, 50000 + COUNT - 1, 60), ERR_OK);
    /* The ring goes round its end. */
    for (uint32_t first = 0; first < COUNT; first++) {
        uint32_t now = 100 + 1000 * first;
        for (uint16_t port = 50000; port < 50000 + COUNT; port++)
            assert_true(turn_ports_take_port(&ports, port));
        for (uint16_t port = 50000; port < 50000 + COUNT; port++)
            turn_ports_release(&ports, port, at(now + port - 50000));
        assert_true(turn_ports_take_port(&ports, 50001));
        assert_false(turn_ports_take_port(&ports, 50001));
        assert_int_equal(ports.resting_count, COUNT - 1);
        turn_ports_wake(&ports, at(now + 62));
        assert_int_equal(turn_ports_available(&ports, TURN_PORT_ANY), 2);
        assert_true(turn_ports_take_port(&ports, 50000));
        turn_ports_release(&ports, 50000, at(now + 62));
        turn_ports_release(&ports, 50001, at(now + 62));
        turn_ports_wake(&ports, at(now + 500));
        assert_int_equal(turn_ports_available(&ports, TURN_PORT_ANY), COUNT);
        assert_int_equal(turn_ports_available(&ports, TURN_PORT_PAIR), COUNT / 2);
    }
    turn_ports_deinit(&ports);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_at_every_edge),
        cmocka_unit_test(random_use),
        cmocka_unit_test(every_pick_is_another_port),
        cmocka_unit_test(rest),
        cmocka_unit_test(one_that_rests_can_be_taken_by_its_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

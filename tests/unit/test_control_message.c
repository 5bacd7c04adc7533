/* test_control_message.c — tests of control_message.h: what is written is read again, and whatever
 * else comes is refused. */
#include "control_message.h"

#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

enum { ROUNDS = 20000 };

static struct five_tuple tuple(void)
{
    return (struct five_tuple){.client = transport_addr_v4((const uint8_t[]){192, 0, 2, 9}, 4000),
                               .server =
                                   transport_addr_v4((const uint8_t[]){203, 0, 113, 7}, 3478)};
}

/* A view of |text| less its newline, which must be its last character. */
static struct bytes line_of(const char *text, size_t len)
{
    assert_int_equal(len, strlen(text));
    assert_int_equal(text[len - 1], '\n');
    return (struct bytes){.data = (const uint8_t *)text, .len = len - 1};
}

static void requests_are_lines(void **state)
{
    static const char *const lines[] = {
        [CONTROL_DRAIN] = "1 drain\n",
        [CONTROL_UNDRAIN] = "1 undrain\n",
        [CONTROL_DELETE] = "1 delete 192.0.2.9:4000\n",
        [CONTROL_RECORDS] = "1 records\n",
    };

    (void)state;
    for (unsigned verb = 0; verb < sizeof(lines) / sizeof(lines[0]); verb++) {
        struct control_request request = {.verb = (enum control_verb)verb},
                               again = {.verb = CONTROL_RECORDS};
        char text[CONTROL_REQUEST_MAX];

        if (request.verb == CONTROL_DELETE)
            request.client = tuple().client;
        size_t len = control_request_write(&request, text);

        assert_string_equal(text, lines[verb]);
        assert_int_equal(control_request_read(line_of(text, len), &again), ERR_OK);
        assert_int_equal(again.verb, verb);
        assert_true(transport_addr_equal(&again.client, &request.client));
    }
}

static void a_client_keeps_its_scope(void **state)
{
    struct control_request request = {.verb = CONTROL_DELETE}, again;
    char text[CONTROL_REQUEST_MAX];

    (void)state;
    request.client =
        transport_addr_v6((const uint8_t[16]){0xfe, 0x80, [8] = 0xff, [15] = 0xff}, 65535);
    request.client.scope_id = UINT32_MAX;
    size_t len = control_request_write(&request, text);

    assert_int_equal(control_request_read(line_of(text, len), &again), ERR_OK);
    assert_true(transport_addr_equal(&again.client, &request.client));
}

static void what_is_no_request(void **state)
{
    static const char *const lines[] = {
        "",
        " ",
        "1",
        "1 ",
        "drain",
        "1 drain ",
        "1  drain",
        "1 drain now",
        "1 Drain",
        "1 delete",
        "1 delete ",
        "1 delete 192.0.2.9",
        "01 drain",
        "-1 drain",
        "1 records\r",
        "1 delete 192.0.2.9:4000 ",
        "x drain",
        "1 delete x",
        "GET / HTTP/1.1",
        "1 delete 192.0.2.9:0",
    };
    struct control_request request;

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        assert_int_equal(control_request_read(bytes_of_text(lines[i]), &request), ERR_MALFORMED);
    assert_int_equal(control_request_read((struct bytes){.data = NULL}, &request), ERR_MALFORMED);
    assert_int_equal(control_request_read(bytes_of_text("2 drain"), &request), ERR_RANGE);
    assert_int_equal(control_request_read(bytes_of_text("0 anything"), &request), ERR_RANGE);
}

static struct turn_record longest_allocation(void)
{
    struct turn_record record = {.kind = TURN_RECORD_ALLOCATION};

    memset(&record.five_tuple, 0xff, sizeof(record.five_tuple));
    record.five_tuple.client.family = record.five_tuple.server.family = IP_FAMILY_V6;
    record.five_tuple.client.unused = record.five_tuple.server.unused = 0;
    memset(&record.allocation, 0xff, sizeof(record.allocation));
    record.allocation.dont_fragment = record.allocation.unclaimed = true;
    record.allocation.families = record.allocation.missing_families = 3;
    record.allocation.created.usec = record.allocation.expires.usec = INT64_MIN;
    record.allocation.username_len = STUN_USERNAME_MAX;
    return record;
}

static void records_are_those_of_the_registry(void **state)
{
    struct control_answer answer = {
        .kind = CONTROL_ANSWER_RECORD,
        .record = {.kind = TURN_RECORD_CHANNEL,
                   .five_tuple = tuple(),
                   .channel = {.number = 0x4001,
                               .peer = transport_addr_v4((const uint8_t[]){198, 51, 100, 1}, 53),
                               .bound_until = {.usec = 7}}}};
    struct control_answer again;
    char text[CONTROL_ANSWER_MAX];
    size_t len = control_answer_write(&answer, text);

    (void)state;
    assert_string_equal(text, "record 192.0.2.9:4000>203.0.113.7:3478 channel:0x4001 v=1 "
                              "peer=198.51.100.1:53 until=7\n");
    assert_int_equal(control_answer_read(line_of(text, len), &again), ERR_OK);
    assert_int_equal(again.kind, CONTROL_ANSWER_RECORD);
    assert_int_equal(again.record.channel.number, 0x4001);
    assert_true(five_tuple_equal(&again.record.five_tuple, &answer.record.five_tuple));

    answer.record = longest_allocation();
    len = control_answer_write(&answer, text);
    assert_true(len < CONTROL_ANSWER_MAX);
    assert_int_equal(control_answer_read(line_of(text, len), &again), ERR_OK);
    assert_int_equal(again.record.allocation.username_len, STUN_USERNAME_MAX);
    assert_memory_equal(again.record.allocation.username, answer.record.allocation.username,
                        STUN_USERNAME_MAX);
}

static void ends_and_counts(void **state)
{
    struct control_answer answer = {.kind = CONTROL_ANSWER_DELETED,
                                    .deleted = {.five_tuple = tuple(), .relay_port = 65535}};
    struct control_answer again;
    char text[CONTROL_ANSWER_MAX];
    size_t len = control_answer_write(&answer, text);

    (void)state;
    assert_string_equal(text, "deleted 192.0.2.9:4000>203.0.113.7:3478 65535\n");
    assert_int_equal(control_answer_read(line_of(text, len), &again), ERR_OK);
    assert_int_equal(again.deleted.relay_port, 65535);

    answer = (struct control_answer){.kind = CONTROL_ANSWER_DONE, .count = UINT64_MAX};
    len = control_answer_write(&answer, text);
    assert_string_equal(text, "done 18446744073709551615\n");
    assert_int_equal(control_answer_read(line_of(text, len), &again), ERR_OK);
    assert_true(again.count == UINT64_MAX);
}

static void errors_say_why(void **state)
{
    struct control_answer answer = {.kind = CONTROL_ANSWER_ERROR,
                                    .error.code = CONTROL_ERROR_FAILED};
    struct control_answer again;
    char text[CONTROL_ANSWER_MAX];

    (void)state;
    problem_set(&answer.error.problem, "the disk is full\nand more");
    size_t len = control_answer_write(&answer, text);

    assert_string_equal(text, "error failed the disk is full\n");
    assert_int_equal(control_answer_read(line_of(text, len), &again), ERR_OK);
    assert_int_equal(again.error.code, CONTROL_ERROR_FAILED);
    assert_string_equal(again.error.problem.text, "the disk is full");

    memset(answer.error.problem.text, 'x', PROBLEM_TEXT_MAX - 1);
    answer.error.problem.text[PROBLEM_TEXT_MAX - 1] = '\0';
    len = control_answer_write(&answer, text);
    assert_int_equal(control_answer_read(line_of(text, len), &again), ERR_OK);
    assert_string_equal(again.error.problem.text, answer.error.problem.text);
}

static void what_is_no_answer(void **state)
{
    static const char *const lines[] = {
        "",
        "done",
        "done ",
        "done -1",
        "done 1 2",
        "done 18446744073709551616",
        "error",
        "error other text",
        "error failed \x1b[2J",
        "deleted",
        "deleted 192.0.2.9:4000>203.0.113.7:3478",
        "deleted 192.0.2.9:4000>203.0.113.7:3478 65536",
        "deleted 192.0.2.9:4000 1",
        "record",
        "record 192.0.2.9:4000>203.0.113.7:3478 channel:0x4001",
        "record 192.0.2.9:4000>203.0.113.7:3478 channel:0x4001 v=2 peer=198.51.100.1:53 until=7",
    };
    struct control_answer answer;

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        assert_int_equal(control_answer_read(bytes_of_text(lines[i]), &answer), ERR_MALFORMED);
}

/* Nothing is read past the end, and what is read can be written. */
static void any_bytes(void **state)
{
    static const char request_seed[] = "1 delete 192.0.2.9:4000";
    static const char answer_seed[] = "deleted 192.0.2.9:4000>203.0.113.7:3478 50000";

    (void)state;
    uint64_t seed = 4;

    for (int round = 0; round < ROUNDS; round++) {
        const char *from = round % 2 ? request_seed : answer_seed;
        size_t len = random_below(&seed, strlen(from) + 1);
        uint8_t *bytes = malloc(len > 0 ? len : 1);
        struct control_request request;
        struct control_answer answer;
        char text[CONTROL_ANSWER_MAX];

        assert_non_null(bytes);
        memcpy(bytes, from, len);
        for (uint64_t changes = random_below(&seed, 3); changes > 0 && len > 0; changes--)
            bytes[random_below(&seed, len)] = (uint8_t)random_next(&seed);
        struct bytes line = {.data = bytes, .len = len};

        if (control_request_read(line, &request) == ERR_OK)
            assert_true(control_request_write(&request, text) < CONTROL_REQUEST_MAX);
        if (control_answer_read(line, &answer) == ERR_OK)
            assert_true(control_answer_write(&answer, text) < CONTROL_ANSWER_MAX);
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_lines), cmocka_unit_test(a_client_keeps_its_scope),
        cmocka_unit_test(what_is_no_request), cmocka_unit_test(records_are_those_of_the_registry),
        cmocka_unit_test(ends_and_counts),    cmocka_unit_test(errors_say_why),
        cmocka_unit_test(what_is_no_answer),  cmocka_unit_test(any_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

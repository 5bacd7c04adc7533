/* fixture_expect.c — expectations of the scenario tests, with failures that name the rule. */
#include "fixture.h"

#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void describe_expected(const struct expected *e, char *text, size_t size)
{
    char addr[TRANSPORT_ADDR_TEXT_MAX];
    transport_addr_format(&e->client->tuple.client, addr);
    switch (e->kind) {
    case TURN_COMMAND_SEND:
        if (e->error)
            snprintf(text, size, "SEND to %s: error %u", addr, e->error);
        else
            snprintf(text, size, "SEND to %s: success", addr);
        break;
    case TURN_COMMAND_OPEN_RELAY:
        snprintf(text, size, "OPEN families %u for %s", e->families, addr);
        break;
    case TURN_COMMAND_CLOSE_RELAY:
        snprintf(text, size, "CLOSE families %u (%s) of %s", e->families, command_end_text(e->end),
                 addr);
        break;
    case TURN_COMMAND_CLAIM:
        snprintf(text, size, "CLAIM for %s", addr);
        break;
    case TURN_COMMAND_RECORD:
    case TURN_COMMAND_FORGET:
        snprintf(text, size, "%s %s %#x of %s",
                 e->kind == TURN_COMMAND_RECORD ? "RECORD" : "FORGET",
                 e->number ? "channel" : "allocation", e->number, addr);
        break;
    }
}

/* Says what was wanted and what came, then fails the test. */
static void mismatch(const struct fixture *f, const char *rule, const char *why,
                     const struct expected *expected, size_t count, const char *file, int line)
{
    char text[1024];
    print_error("%s:%d: %s: %s\n", file, line, rule, why);
    for (size_t i = 0; i < count; i++) {
        describe_expected(&expected[i], text, sizeof(text));
        print_error("    wanted  %s\n", text);
    }
    for (size_t i = 0; i < f->cs.seen_count; i++)
        print_error("    came    %s\n", command_describe(&f->cs.seen[i], text, sizeof(text)));
    if (f->cs.seen_count == 0)
        print_error("    came    nothing\n");
    _fail(file, line);
}

/* NULL when the command is the expected one. */
static const char *compare(struct fixture *f, const struct expected *e,
                           const struct seen_command *seen)
{
    const struct turn_command *c = &seen->command;
    if (c->kind != e->kind)
        return "another command";
    if (!five_tuple_equal(&c->five_tuple, &e->client->tuple))
        return "another five-tuple";
    switch (c->kind) {
    case TURN_COMMAND_SEND: {
        if (seen->answer.error_code != e->error)
            return "another answer";
        const char *wrong =
            client_check_answer(e->client, &e->client->want, f->crypto, c->bytes, &seen->answer);
        if (wrong)
            return wrong;
        f->answer = seen->answer;
        client_take_answer(e->client, &seen->answer);
        return NULL;
    }
    case TURN_COMMAND_OPEN_RELAY:
        if (!bytes_equal(c->username, bytes_of_text(e->client->username)))
            return "another username";
        e->client->relay_id = c->relay_id;
        e->client->port = c->port;
        return c->families == e->families ? NULL : "other families";
    case TURN_COMMAND_CLOSE_RELAY:
        if (c->end != e->end)
            return "another reason";
        return c->families == e->families ? NULL : "other families";
    case TURN_COMMAND_CLAIM:
        return c->relay_id.index == e->client->relay_id.index ? NULL : "another relay";
    case TURN_COMMAND_RECORD:
    case TURN_COMMAND_FORGET:
        return (c->record->kind == TURN_RECORD_CHANNEL ? c->record->channel.number : 0) == e->number
                   ? NULL
                   : "another record";
    }
    return "an unknown command";
}

void fixture_expect(struct fixture *f, const char *rule, const struct expected *expected,
                    size_t count, const char *file, int line)
{
    for (size_t i = 0; i < count && i < f->cs.seen_count; i++) {
        const char *why = compare(f, &expected[i], &f->cs.seen[i]);
        if (why)
            mismatch(f, rule, why, expected, count, file, line);
    }
    if (count != f->cs.seen_count)
        mismatch(f, rule, "another number of commands", expected, count, file, line);
}

void fixture_expect_drop(struct fixture *f, const char *rule, enum turn_counter reason,
                         const char *file, int line)
{
    if (f->cs.seen_count != 0)
        mismatch(f, rule, "not dropped", NULL, 0, file, line);
    for (enum turn_counter c = TURN_COUNT_DROP_EMPTY; c < TURN_COUNTER_COUNT; c++) {
        uint64_t wanted = f->cs.before[c] + (c == reason);
        if (f->setup.counters[c] != wanted) {
            print_error("%s:%d: %s: drop counter %d is %llu, wanted %llu\n", file, line, rule,
                        (int)c, (unsigned long long)f->setup.counters[c],
                        (unsigned long long)wanted);
            _fail(file, line);
        }
    }
}

void fixture_true(const char *rule, bool holds, const char *condition, const char *file, int line)
{
    if (holds)
        return;
    print_error("%s:%d: %s: does not hold: %s\n", file, line, rule, condition);
    _fail(file, line);
}

void fixture_expect_relay(struct fixture *f, const char *rule, const struct test_client *client,
                          uint16_t number, struct transport_addr peer, const char *payload,
                          const char *file, int line)
{
    const struct turn_relay *relay = &f->cs.relay;
    if (f->cs.verdict != TURN_VERDICT_RELAY)
        mismatch(f, rule, "not relayed", NULL, 0, file, line);
    struct bytes got = relay->payload;
    if (number == 0) {
        fixture_true(rule, transport_addr_equal(&relay->peer, &peer), "to this peer", file, line);
        fixture_true(rule,
                     relay->relay_id.index == client->relay_id.index &&
                         relay->relay_id.generation == client->relay_id.generation,
                     "from the client's relay", file, line);
    } else {
        fixture_true(rule, five_tuple_equal(&relay->five_tuple, &client->tuple),
                     "to this client, from the address that it talks to", file, line);
        fixture_true(rule, got.len >= 4 && wire_load_u16(got.data) == number, "on this channel",
                     file, line);
        fixture_true(rule, wire_load_u16(got.data + 2) == got.len - 4,
                     "length field == datagram length - 4", file, line);
        got.data += 4;
        got.len -= 4;
    }
    fixture_true(rule, bytes_equal(got, bytes_of_text(payload)), "the payload as it came", file,
                 line);
}

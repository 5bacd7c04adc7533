/* test_ownership_view.c — tests of ownership_view.h, ownership_print.h, ownership_json.h and
 * client_argument.h: what relayctl shows of odd records. */
#include "ownership_view.h"

#include "client_argument.h"
#include "ownership_json.h"
#include "ownership_print.h"
#include "system_clock.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static const struct owner owner = {.host = "here", .shard = 1};
static struct ownership_view view;

static struct transport_addr address(const char *text)
{
    struct transport_addr ret;

    assert_true(client_argument_read_any(text, &ret));
    return ret;
}

static struct turn_record record_of(enum turn_record_kind kind, const char *client)
{
    return (struct turn_record){
        .kind = kind,
        .five_tuple = {.client = address(client), .server = address("203.0.113.9:3478")}};
}

static void add_allocation(const char *client, uint16_t port, const char *username)
{
    struct turn_record record = record_of(TURN_RECORD_ALLOCATION, client);

    record.allocation.port = port;
    record.allocation.families = FAMILY_SET_V4;
    record.allocation.expires = mono_time_add_sec(system_mono_time(), 7200);
    record.allocation.username_len = (uint16_t)strlen(username);
    memcpy(record.allocation.username, username, strlen(username));
    view_add_record(&view, &owner, &record);
}

static void add_channel(const char *client, uint16_t number, int64_t left_sec)
{
    struct turn_record record = record_of(TURN_RECORD_CHANNEL, client);

    record.channel = (struct turn_channel_record){
        .number = number,
        .peer = address("198.51.100.7:9"),
        .bound_until = {.usec = system_mono_time().usec + left_sec * USEC_PER_SEC}};
    view_add_record(&view, &owner, &record);
}

static int set_up(void **state)
{
    (void)state;
    view = (struct ownership_view){.source = VIEW_OF_SHARDS, .now = system_mono_time()};
    view_add_shard(&view, &(struct view_shard){.lease.owner = owner, .page.err = ERR_NOT_FOUND});
    add_allocation("[fe80::1%2]:4000", 50001, "a\x1b[2J\"\\\n b");
    add_channel("[fe80::1%2]:4000", 0x4000, 500);
    add_channel("[fe80::1%2]:4000", 0x4001, -30);
    add_allocation("192.0.2.1:4000", 50000, "\xff");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    view_free(&view);
    return 0;
}

/* What |print| writes of the view at |width|. */
static char *printed(void (*print)(const struct ownership_view *, unsigned, FILE *), unsigned width)
{
    static char *text;
    size_t len = 0;

    free(text);
    text = NULL;
    FILE *out = open_memstream(&text, &len);

    assert_non_null(out);
    print(&view, width, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void owner_text(const struct ownership_view *all, unsigned width, FILE *out)
{
    (void)width;
    for (size_t i = 0; i < all->allocation_count; i++)
        print_owner_text(all, &all->allocations[i], out);
}

static void all_json(const struct ownership_view *all, unsigned width, FILE *out)
{
    (void)width;
    print_shards_json(all, out);
    print_allocations_json(all, out);
    print_channels_json(all, out);
    print_owner_json(all, &all->allocations[0], out);
}

/* Nothing that a client has chosen commands the terminal, or ends a line. */
static void usernames_are_plain(void **state)
{
    const char *text = printed(print_allocations_text, 0);
    unsigned lines = 0;

    (void)state;
    for (const char *p = text; *p != '\0'; p++) {
        assert_true(*p == '\n' || (*p >= ' ' && *p <= '~'));
        lines += *p == '\n';
    }
    assert_int_equal(lines, 1 + 2);
    text = printed(owner_text, 0);
    for (const char *p = text; *p != '\0'; p++)
        assert_true(*p == '\n' || (*p >= ' ' && *p <= '~'));
    text = printed(all_json, 0);
    assert_null(strpbrk(text, "\x1b\xff"));
    assert_non_null(strstr(text, "\"username\": \"a%1B"));
}

static void no_line_is_longer_than_the_terminal(void **state)
{
    static void (*const prints[])(const struct ownership_view *, unsigned, FILE *) = {
        print_shards_text, print_allocations_text, print_channels_text};

    (void)state;
    for (size_t i = 0; i < sizeof(prints) / sizeof(prints[0]); i++) {
        for (unsigned width = 1; width <= 300; width++) {
            const char *line = printed(prints[i], width);

            for (; *line != '\0'; line += strcspn(line, "\n") + 1) {
                unsigned shown = 0;

                /* An ellipsis is one character of three bytes. */
                for (const char *p = line; *p != '\n'; p++)
                    shown += ((unsigned char)*p & 0xc0) != 0x80;
                assert_in_range(shown, 1, width);
            }
        }
    }
}

static void a_binding_that_is_over_is_reserved(void **state)
{
    (void)state;
    assert_non_null(strstr(printed(print_channels_text, 0), "0x4001   198.51.100.7:9  reserved"));
    assert_non_null(strstr(printed(owner_text, 0), " 0x4001=198.51.100.7:9 (reserved)"));
    assert_non_null(
        strstr(printed(all_json, 0),
               "\"number\": \"0x4001\", \"peer\": \"198.51.100.7:9\", \"bound\": false, "
               "\"left_sec\": 0"));
    assert_non_null(strstr(printed(all_json, 0), "\"number\": \"0x4000\", \"peer\": "
                                                 "\"198.51.100.7:9\", \"bound\": true"));
}

/* What a table shows of a client is what a command line takes. */
static void a_client_is_found_by_its_text(void **state)
{
    char text[TRANSPORT_ADDR_TEXT_MAX];
    struct transport_addr client;

    (void)state;
    (void)transport_addr_format(&view.allocations[0].five_tuple.client, text);
    assert_non_null(strstr(printed(print_allocations_text, 0), text));
    assert_true(client_argument_read("test", text, &client));
    view_keep_client(&view, &client);
    assert_int_equal(view.allocation_count, 1);
    assert_int_equal(view.allocations[0].record.port, 50001);
    client = address("fe80::1%3");
    view_keep_client(&view, &client);
    assert_int_equal(view.allocation_count, 0);
    assert_false(client_argument_read("test", "192.0.2.1", &client));
    assert_false(client_argument_read_any("192.0.2.1%1:3", &client));
}

static void they_are_by_shard_and_port(void **state)
{
    (void)state;
    view_sort_allocations(&view);
    assert_int_equal(view.allocations[0].record.port, 50000);
    assert_int_equal(view.allocations[0].channel_count, 0);
    assert_int_equal(view.allocations[1].channel_count, 2);
    /* A channel of another client than the last has no place; one that cannot be read is counted.
     */
    add_channel("192.0.2.9:1", 0x4002, 5);
    view_add_record(&view, &owner, NULL);
    assert_int_equal(view.allocations[1].channel_count, 2);
    assert_int_equal(view.unreadable, 1);
}

static void no_time_is_too_long(void **state)
{
    const int64_t extremes[] = {INT64_MIN, -1, 0, INT64_MAX};
    struct turn_record record = record_of(TURN_RECORD_ALLOCATION, "192.0.2.9:1");

    (void)state;
    view.shards[0].has_lease = true;
    for (size_t i = 0; i < 4; i++) {
        for (size_t j = 0; j < 4; j++) {
            view.shards[0].lease.wall_offset_usec = extremes[i]; /* of another boot */
            record.allocation.expires.usec = extremes[j];
            view_add_record(&view, &owner, &record);
            assert_true(extremes[j] != INT64_MIN ||
                        view.allocations[view.allocation_count - 1].left_sec < 0);
        }
    }
    assert_non_null(printed(print_allocations_text, 0));
    assert_non_null(printed(all_json, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
        TEST(usernames_are_plain),
        TEST(no_line_is_longer_than_the_terminal),
        TEST(a_binding_that_is_over_is_reserved),
        TEST(a_client_is_found_by_its_text),
        TEST(they_are_by_shard_and_port),
        TEST(no_time_is_too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

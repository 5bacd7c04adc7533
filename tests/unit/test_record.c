/* test_record.c — tests of record.h: what is written is read again, and nothing else. */
#include "record.h"

#include "counter_page.h"

#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

enum { ROUNDS = 20000 };

static const uint8_t v4[4] = {192, 0, 2, 9};
static const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};

static struct five_tuple tuple_v4(void)
{
    return (struct five_tuple){.client = transport_addr_v4(v4, 4000),
                               .server =
                                   transport_addr_v4((const uint8_t[]){203, 0, 113, 7}, 3478)};
}

static struct turn_record allocation(void)
{
    return (struct turn_record){
        .kind = TURN_RECORD_ALLOCATION,
        .five_tuple = tuple_v4(),
        .allocation = {.port = 50000,
                       .families = FAMILY_SET_V4 | FAMILY_SET_V6,
                       .granted_lifetime_sec = 600,
                       .transaction_id = {1, 2, 3, [11] = 0xfe},
                       .key_check = {0xde, 0xad, 0xbe, 0xef},
                       .created = {.usec = 5},
                       .expires = {.usec = 600000005},
                       .username_len = 9,
                       .username = "a b:\xc3\xa9%\n>"},
    };
}

static void what_redis_cli_shows(void **state)
{
    struct turn_record record = allocation();
    char key[RECORD_KEY_MAX], name[RECORD_NAME_MAX], value[RECORD_VALUE_MAX];
    char user[RECORD_USER_MAX];
    size_t len;

    (void)state;
    len = record_key_write(&record.five_tuple, key);
    assert_int_equal(len, strlen(key));
    assert_string_equal(key, "192.0.2.9:4000>203.0.113.7:3478");
    len = record_name_write(&record, name);
    assert_int_equal(len, strlen(name));
    assert_string_equal(name, "allocation");
    len = record_value_write(&record, value);
    assert_int_equal(len, strlen(value));
    assert_string_equal(value, "v=1 port=50000 families=4,6 user=a%20b:%C3%A9%25%0A%3E created=5 "
                               "expires=600000005 lifetime=600 "
                               "transaction=0102030000000000000000fe key=deadbeef");
    assert_int_equal(record_user_write(bytes_of_text("a*b"), user), 5);
    assert_string_equal(user, "a%2Ab");

    record.kind = TURN_RECORD_CHANNEL;
    record.channel = (struct turn_channel_record){
        .number = 0x4000, .peer = transport_addr_v6(v6, 9), .bound_until = {.usec = 7}};
    (void)record_name_write(&record, name);
    assert_string_equal(name, "channel:0x4000");
    (void)record_value_write(&record, value);
    assert_string_equal(value, "v=1 peer=[2001:db8::1]:9 until=7");

    record.kind = TURN_RECORD_PERMISSION;
    record.permission =
        (struct turn_permission_record){.peer = transport_addr_v6(v6, 0), .expires = {.usec = 8}};
    (void)record_name_write(&record, name);
    assert_string_equal(name, "permission:2001:db8::1");
    (void)record_value_write(&record, value);
    assert_string_equal(value, "v=1 expires=8");
}

static void random_bytes(uint64_t *seed, void *ret, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)ret)[i] = (uint8_t)random_next(seed);
}

static struct transport_addr random_addr(uint64_t *seed, bool with_port)
{
    uint16_t port = (uint16_t)(with_port ? 1 + random_below(seed, 65535) : 0);
    uint8_t ip[16];

    random_bytes(seed, ip, sizeof(ip));
    if (random_below(seed, 2) == 0)
        return transport_addr_v4(ip, port);
    if (random_below(seed, 2) == 0)
        memset(ip + 2, 0, random_below(seed, 14));

    struct transport_addr addr = transport_addr_v6(ip, port);

    if (random_below(seed, 4) == 0)
        addr.scope_id = (uint32_t)random_next(seed);
    return addr;
}

static struct mono_time random_time(uint64_t *seed)
{
    static const int64_t special[] = {0, 1, -1, INT64_MAX, INT64_MIN};
    uint64_t pick = random_below(seed, 10);

    return (struct mono_time){.usec = pick < 5 ? special[pick] : (int64_t)random_next(seed)};
}

static struct turn_record random_record(uint64_t *seed)
{
    struct turn_record record = {.kind = (enum turn_record_kind)random_below(seed, 3)};

    record.five_tuple.client = random_addr(seed, true);
    record.five_tuple.server = random_addr(seed, true);
    switch (record.kind) {
    case TURN_RECORD_ALLOCATION:
        record.allocation.port = (uint16_t)random_next(seed);
        record.allocation.families = (uint8_t)random_below(seed, 4);
        record.allocation.missing_families = (uint8_t)random_below(seed, 4);
        record.allocation.dont_fragment = random_below(seed, 2) == 0;
        record.allocation.unclaimed = random_below(seed, 2) == 0;
        record.allocation.granted_lifetime_sec = (uint32_t)random_next(seed);
        random_bytes(seed, record.allocation.transaction_id, STUN_TRANSACTION_ID_LEN);
        random_bytes(seed, record.allocation.key_check, TURN_KEY_CHECK_LEN);
        record.allocation.created = random_time(seed);
        record.allocation.expires = random_time(seed);
        record.allocation.username_len = (uint16_t)random_below(seed, STUN_USERNAME_MAX + 1);
        random_bytes(seed, record.allocation.username, record.allocation.username_len);
        break;
    case TURN_RECORD_CHANNEL:
        record.channel.number = (uint16_t)random_next(seed);
        record.channel.peer = random_addr(seed, true);
        record.channel.bound_until = random_time(seed);
        break;
    case TURN_RECORD_PERMISSION:
        record.permission.peer = random_addr(seed, false);
        record.permission.expires = random_time(seed);
        break;
    }
    return record;
}

static void assert_same(const struct turn_record *a, const struct turn_record *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_true(five_tuple_equal(&a->five_tuple, &b->five_tuple));
    switch (a->kind) {
    case TURN_RECORD_ALLOCATION:
        assert_int_equal(a->allocation.port, b->allocation.port);
        assert_int_equal(a->allocation.families, b->allocation.families);
        assert_int_equal(a->allocation.missing_families, b->allocation.missing_families);
        assert_int_equal(a->allocation.dont_fragment, b->allocation.dont_fragment);
        assert_int_equal(a->allocation.unclaimed, b->allocation.unclaimed);
        assert_int_equal(a->allocation.granted_lifetime_sec, b->allocation.granted_lifetime_sec);
        assert_memory_equal(a->allocation.transaction_id, b->allocation.transaction_id,
                            STUN_TRANSACTION_ID_LEN);
        assert_memory_equal(a->allocation.key_check, b->allocation.key_check, TURN_KEY_CHECK_LEN);
        assert_true(a->allocation.created.usec == b->allocation.created.usec);
        assert_true(a->allocation.expires.usec == b->allocation.expires.usec);
        assert_int_equal(a->allocation.username_len, b->allocation.username_len);
        assert_memory_equal(a->allocation.username, b->allocation.username, STUN_USERNAME_MAX);
        break;
    case TURN_RECORD_CHANNEL:
        assert_int_equal(a->channel.number, b->channel.number);
        assert_true(transport_addr_equal(&a->channel.peer, &b->channel.peer));
        assert_true(a->channel.bound_until.usec == b->channel.bound_until.usec);
        break;
    case TURN_RECORD_PERMISSION:
        assert_true(transport_addr_equal(&a->permission.peer, &b->permission.peer));
        assert_true(a->permission.expires.usec == b->permission.expires.usec);
        break;
    }
}

/* The three texts of a record, in memory of exactly their length. */
struct texts {
    struct bytes key, name, value;
};

static struct bytes exact(const char *text)
{
    uint8_t *copy = malloc(strlen(text) + 1);

    assert_non_null(copy);
    memcpy(copy, text, strlen(text) + 1);
    return (struct bytes){.data = copy, .len = strlen(text)};
}

static struct texts write_texts(const struct turn_record *record)
{
    char key[RECORD_KEY_MAX], name[RECORD_NAME_MAX], value[RECORD_VALUE_MAX];

    assert_true(record_key_write(&record->five_tuple, key) < RECORD_KEY_MAX);
    assert_true(record_name_write(record, name) < RECORD_NAME_MAX);
    assert_true(record_value_write(record, value) < RECORD_VALUE_MAX - 1);
    return (struct texts){.key = exact(key), .name = exact(name), .value = exact(value)};
}

static void free_texts(struct texts *texts)
{
    free((uint8_t *)(uintptr_t)texts->key.data);
    free((uint8_t *)(uintptr_t)texts->name.data);
    free((uint8_t *)(uintptr_t)texts->value.data);
}

static void what_is_written_is_read_again(void **state)
{
    uint64_t seed = 1;

    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct turn_record record = random_record(&seed), again;
        struct texts texts = write_texts(&record);

        memset(&again, 0xa5, sizeof(again));
        assert_int_equal(record_read(texts.key, texts.name, texts.value, &again), ERR_OK);
        assert_same(&record, &again);
        free_texts(&texts);
    }
}

/* One byte is changed, lost or doubled: it is read as something that is written alike, or not. */
static void garbled_text_is_refused_or_means_what_it_says(void **state)
{
    uint64_t seed = 2;
    unsigned refused = 0;

    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct turn_record record = random_record(&seed), again;
        struct texts texts = write_texts(&record);
        struct bytes *which[] = {&texts.key, &texts.name, &texts.value};
        struct bytes *victim = which[random_below(&seed, 3)];
        uint8_t *data = (uint8_t *)(uintptr_t)victim->data;
        size_t at = random_below(&seed, victim->len);

        switch (random_below(&seed, 3)) {
        case 0:
            data[at] = (uint8_t)random_next(&seed);
            break;
        case 1:
            memmove(data + at, data + at + 1, --victim->len - at);
            break;
        default:
            victim->len = at;
            break;
        }
        if (record_read(texts.key, texts.name, texts.value, &again) != ERR_OK) {
            refused++;
        } else {
            struct texts rewritten = write_texts(&again);
            struct turn_record third;

            assert_true(bytes_equal(rewritten.key, texts.key));
            assert_int_equal(record_read(rewritten.key, rewritten.name, rewritten.value, &third),
                             ERR_OK);
            assert_same(&again, &third);
            free_texts(&rewritten);
        }
        free_texts(&texts);
    }
    assert_true(refused > ROUNDS / 3);
}

static void assert_value(const char *value, enum err expected)
{
    struct turn_record record;

    assert_int_equal(record_read(bytes_of_text("192.0.2.9:4000>203.0.113.7:3478"),
                                 bytes_of_text("channel:0x4000"), bytes_of_text(value), &record),
                     expected);
}

static void versions_and_unknown_fields(void **state)
{
    (void)state;
    assert_value("v=1 peer=192.0.2.9:4000 until=7", ERR_OK);
    assert_value("until=7 later=x v=1 peer=192.0.2.9:4000 =", ERR_OK);
    assert_value("v=2 peer=192.0.2.9:4000 until=7", ERR_RANGE);
    assert_value("v=0 peer=192.0.2.9:4000 until=7", ERR_RANGE);
    assert_value("v= peer=192.0.2.9:4000 until=7", ERR_MALFORMED);
    assert_value("v=x peer=192.0.2.9:4000 until=7", ERR_MALFORMED);
    assert_value("peer=192.0.2.9:4000 until=7", ERR_MALFORMED);
    assert_value("v=1 peer=192.0.2.9:4000", ERR_MALFORMED);
    assert_value("v=1 peer=192.0.2.9:4000 until=9223372036854775808", ERR_MALFORMED);
    assert_value("v=1 peer=192.0.2.9:4000 until=-", ERR_MALFORMED);
    assert_value("v=1 peer=192.0.2.9:4000 until=-0", ERR_MALFORMED);
    assert_value("v=1 peer=192.0.2.9%1:4000 until=7", ERR_MALFORMED);
    assert_value("v=1 peer=[fe80::1%1]:4000 until=7", ERR_OK);
    assert_value("v=1 peer=[fe80::1%01]:4000 until=7", ERR_MALFORMED);
    assert_value("", ERR_MALFORMED);
    assert_value(" ", ERR_MALFORMED);
}

static void keys_have_one_spelling(void **state)
{
    static const char *const bad[] = {
        "",
        ">",
        "192.0.2.9:4000",
        "192.0.2.9:4000>",
        "192.0.2.9:4000>203.0.113.7:3478>",
        "192.0.2.9:4000 >203.0.113.7:3478",
        "192.0.2.9:04000>203.0.113.7:3478",
        "[2001:DB8::1]:4000>203.0.113.7:3478",
        "[2001:db8:0::1]:4000>203.0.113.7:3478",
        "none>203.0.113.7:3478",
        "[2001:db8::1]:4000>[2001:db8::1%",
        "192.0.2.9:4000>203.0.113.7:3478          ",
    };
    struct five_tuple five_tuple;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(record_key_read(bytes_of_text(bad[i]), &five_tuple), ERR_MALFORMED);
    assert_int_equal(record_key_read((struct bytes){.data = NULL}, &five_tuple), ERR_MALFORMED);
    assert_int_equal(
        record_key_read(bytes_of_text("[2001:db8::1%7]:4000>203.0.113.7:3478"), &five_tuple),
        ERR_OK);
    assert_int_equal(five_tuple.client.scope_id, 7);
}

static void owners(void **state)
{
    static const char *const bad[] = {"",         "/",       "host",    "host/",
                                      "/1",       "ho st/1", "host/01", "host/4294967296",
                                      "host/1/2", "host/-1", "ho\nst/1"};
    /* 65 characters. */
    const char *too_long = "h234567890123456789012345678901234567890123456789012345678901234x/1";
    struct owner owner = {.host = "relay-1.example_net", .shard = UINT32_MAX}, again;
    char text[OWNER_TEXT_MAX];
    size_t len;

    (void)state;
    len = owner_write(&owner, text);
    assert_int_equal(len, strlen(text));
    assert_string_equal(text, "relay-1.example_net/4294967295");
    assert_int_equal(owner_read(bytes_of_text(text), &again), ERR_OK);
    assert_true(owner_equal(&owner, &again));
    again.shard--;
    assert_false(owner_equal(&owner, &again));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(owner_read(bytes_of_text(bad[i]), &again), ERR_MALFORMED);
    assert_int_equal(owner_read(bytes_of_text(too_long), &again), ERR_MALFORMED);
    assert_int_equal(
        owner_read((struct bytes){.data = (const uint8_t *)"a\0b/1", .len = 5}, &again),
        ERR_MALFORMED);
}

static void leases(void **state)
{
    struct shard_lease lease = {
        .owner = {.host = "host", .shard = 3},
        .epoch = 42,
        .pid = 4711,
        .shards = 8,
        .lowest_port = 49152,
        .highest_port = 51199,
        .state = SHARD_STATE_SERVING,
        .started_wall_sec = 1700000000,
        .version = "0.1.0 (test)",
        .boot = "6e3a4c5e-8b0f-4f3c-9a34-0f5d1f0c7a11",
        .wall_offset_usec = -5,
        .until = {.usec = 99},
    };
    struct shard_lease again = {.owner = lease.owner, .epoch = 42};
    char text[LEASE_VALUE_MAX];
    size_t len;

    (void)state;
    len = lease_value_write(&lease, text);
    assert_int_equal(len, strlen(text));
    assert_string_equal(text, "v=1 state=serving pid=4711 shards=8 lowest_port=49152 "
                              "highest_port=51199 started=1700000000 version=0.1.0%20%28test%29 "
                              "boot=6e3a4c5e-8b0f-4f3c-9a34-0f5d1f0c7a11 wall_offset=-5 until=99");
    assert_int_equal(lease_value_read(bytes_of_text(text), &again), ERR_OK);
    assert_int_equal(again.state, SHARD_STATE_SERVING);
    assert_int_equal(again.pid, 4711);
    assert_int_equal(again.shards, 8);
    assert_int_equal(again.lowest_port, 49152);
    assert_int_equal(again.highest_port, 51199);
    assert_true(again.started_wall_sec == 1700000000);
    assert_string_equal(again.version, lease.version);
    assert_string_equal(again.boot, lease.boot);
    assert_true(again.wall_offset_usec == -5);
    assert_true(again.until.usec == 99);
    assert_true(again.epoch == 42);

    /* Any prefix of it lacks something, but for the digits of the last field. */
    for (len = 0; len < strlen(text) - strlen("=99"); len++)
        assert_int_equal(
            lease_value_read((struct bytes){.data = (const uint8_t *)text, .len = len}, &again),
            ERR_MALFORMED);

    /* The longest of all. */
    memset(&lease, 0xff, sizeof(lease));
    memset(lease.version, '\n', sizeof(lease.version) - 1);
    lease.version[sizeof(lease.version) - 1] = '\0';
    memset(lease.boot, '\n', sizeof(lease.boot) - 1);
    lease.boot[sizeof(lease.boot) - 1] = '\0';
    lease.until.usec = lease.wall_offset_usec = lease.pid = INT64_MIN;
    assert_true(lease_value_write(&lease, text) < LEASE_VALUE_MAX - 1);
    assert_int_equal(lease_value_read(bytes_of_text(text), &again), ERR_OK);
    assert_string_equal(again.version, lease.version);
    assert_string_equal(again.boot, lease.boot);
    assert_string_equal(shard_state_name(again.state), "unknown");
    assert_int_equal(lease_value_read(bytes_of_text("v=2 pid=1"), &again), ERR_RANGE);
}

static void times_of_another_boot_are_moved(void **state)
{
    struct turn_record record = allocation();
    struct turn_record channel = {.kind = TURN_RECORD_CHANNEL,
                                  .channel = {.bound_until = {.usec = 700}}};
    struct turn_record permission = {.kind = TURN_RECORD_PERMISSION,
                                     .permission = {.expires = MONO_TIME_NEVER}};

    (void)state;
    record_move_times(&record, 95);
    assert_int_equal(record.allocation.created.usec, 100);
    assert_int_equal(record.allocation.expires.usec, 600000100);
    record_move_times(&record, -101);
    assert_int_equal(record.allocation.created.usec, -1);
    assert_int_equal(record.allocation.expires.usec, 599999999);
    record_move_times(&channel, -700);
    assert_int_equal(channel.channel.bound_until.usec, 0);
    /* Never stays never, and no time goes round. */
    record_move_times(&permission, 1);
    assert_true(mono_time_is_never(permission.permission.expires));
    record_move_times(&channel, INT64_MIN);
    record_move_times(&channel, INT64_MIN);
    assert_true(channel.channel.bound_until.usec < 0);
    record_move_times(&record, INT64_MAX);
    record_move_times(&record, INT64_MAX);
    assert_true(mono_time_is_never(record.allocation.expires));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_redis_cli_shows),
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(garbled_text_is_refused_or_means_what_it_says),
        cmocka_unit_test(versions_and_unknown_fields),
        cmocka_unit_test(keys_have_one_spelling),
        cmocka_unit_test(owners),
        cmocka_unit_test(leases),
        cmocka_unit_test(times_of_another_boot_are_moved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

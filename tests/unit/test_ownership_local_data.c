/* test_ownership_local_data.c — what the registry keeps in the embedded store, and for how long. */
#include "ownership_client.h"
#include "ownership_local_files.h"
#include "ownership_local_store.h"
#include "temp_dir.h"

enum { LINGER_SEC = 60, DAY_SEC = 86400, SWEPT = 16 };

#define ALLOCATION_1 "relay:allocation:198.51.100.7:10001>203.0.113.7:3478"

static struct ownership_client client;
static const char *path;

static int setup(void **state)
{
    assert_int_equal(temp_dir_setup(state), 0);
    path = ((struct temp_dir *)*state)->path;
    client_open_local(&client, path, 1, 0, 0);
    assert_int_equal(client_take_lease(&client), OWNERSHIP_DONE);
    return 0;
}

static int teardown(void **state)
{
    client_close(&client);
    return temp_dir_teardown(state);
}

/* The store, as the client has it open, for one transaction. */
static struct local_store *begin(bool is_write, struct local_table *table)
{
    struct local_store *store;
    struct problem problem;

    assert_int_equal(local_store_open(&client.dir, 0, &store, &problem), ERR_OK);
    assert_int_equal(local_store_begin(store, is_write, table, &problem), LOCAL_OK);
    return store;
}

static void end(struct local_store *store, struct local_table *table)
{
    struct problem problem;

    assert_int_equal(local_store_end(store, table, true, &problem), LOCAL_OK);
    local_store_close(store);
}

static unsigned count(const char *prefix)
{
    struct local_table table;
    struct local_store *store = begin(false, &table);
    struct local_key key;
    struct bytes found, value;
    unsigned ret = 0;

    local_key_make(&key, prefix, "", "", "");
    for (bool is_there = local_table_seek(&table, &key, NULL, &found, &value); is_there;
         is_there = local_table_next(&table, &key, &found, &value))
        ret++;
    end(store, &table);
    return ret;
}

static void plant(const char *key_text, const char *value)
{
    struct local_table table;
    struct local_store *store = begin(true, &table);
    struct local_key key;

    local_key_make(&key, key_text, "", "", "");
    local_table_put(&table, &key, bytes_of_text(value));
    end(store, &table);
}

/* The store itself, and the lease with its end. */
enum { ALWAYS_THERE = 3 };

static void what_is_forgotten_leaves_nothing(void **state)
{
    struct turn_record allocation = client_allocation(&client, 1);
    struct turn_record channel = client_channel(&client, 1, 0x4000);

    (void)state;
    assert_int_equal(count("relay:"), ALWAYS_THERE);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
        assert_int_equal(client_record(&client, &channel), OWNERSHIP_DONE);
        assert_int_equal(count("relay:"), ALWAYS_THERE + 6);
        assert_int_equal(client_record(&client, &allocation), OWNERSHIP_DONE);
        allocation.allocation.expires.usec += 1000;
        assert_int_equal(client_record(&client, &allocation), OWNERSHIP_DONE);
        allocation.allocation.username[0]++;
        assert_int_equal(client_record(&client, &allocation), OWNERSHIP_DONE);
        assert_int_equal(client_claim(&client, &allocation, 0, true), OWNERSHIP_DONE);
        assert_int_equal(count("relay:"), ALWAYS_THERE + 6);
        assert_int_equal(client_forget(&client, &allocation), OWNERSHIP_DONE);
        assert_int_equal(count("relay:"), ALWAYS_THERE);
        assert_int_equal(client_renew_lease(&client), OWNERSHIP_DONE);
        assert_int_equal(count("relay:"), ALWAYS_THERE);
    }
}

static void an_allocation_lingers_and_is_gone(void **state)
{
    struct turn_record allocation = client_allocation(&client, 1);
    struct mono_time end_time = allocation.allocation.expires;

    (void)state;
    client.lease.until = mono_time_add_sec(client.now.mono, DAY_SEC);
    assert_int_equal(client_renew_lease(&client), OWNERSHIP_DONE);
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
    client.now.mono.usec = end_time.usec + LINGER_SEC * USEC_PER_SEC - 1;
    assert_int_equal(client_find(&client, &allocation), OWNERSHIP_DONE);
    assert_int_equal(client_list(&client), OWNERSHIP_DONE);
    assert_int_equal(client.record_count, 1);
    client.now.mono.usec++;
    assert_int_equal(client_find(&client, &allocation), OWNERSHIP_NONE);
    assert_int_equal(client_find_port(&client, 50001), OWNERSHIP_NONE);
    assert_int_equal(client_list(&client), OWNERSHIP_DONE);
    assert_int_equal(client.record_count + client.unreadable, 0);
    assert_int_equal(client_record(&client, &allocation), OWNERSHIP_NONE);
    assert_int_equal(count("relay:"), ALWAYS_THERE);
}

static void a_refresh_moves_the_end(void **state)
{
    struct turn_record allocation = client_allocation(&client, 1);
    struct turn_record channel = client_channel(&client, 1, 0x4000);

    (void)state;
    client.lease.until = mono_time_add_sec(client.now.mono, DAY_SEC);
    assert_int_equal(client_renew_lease(&client), OWNERSHIP_DONE);
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
    assert_int_equal(client_record(&client, &channel), OWNERSHIP_DONE);
    allocation.allocation.expires = mono_time_add_sec(allocation.allocation.expires, 3000);
    assert_int_equal(client_record(&client, &allocation), OWNERSHIP_DONE);
    client.now.mono = mono_time_add_sec(client.now.mono, 3500);
    assert_int_equal(client_renew_lease(&client), OWNERSHIP_DONE);
    assert_int_equal(client_list(&client), OWNERSHIP_DONE);
    assert_int_equal(client.record_count, 2);
}

static void a_few_that_are_over_go_with_each_write(void **state)
{
    enum { MANY = 100 };

    (void)state;
    client.lease.until = mono_time_add_sec(client.now.mono, DAY_SEC);
    assert_int_equal(client_renew_lease(&client), OWNERSHIP_DONE);
    for (unsigned i = 0; i < MANY; i++) {
        struct turn_record allocation = client_allocation(&client, i);

        assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
    }
    client.now.mono = mono_time_add_sec(client.now.mono, 700);
    for (unsigned left = MANY; left > 0;) {
        assert_int_equal(client_renew_lease(&client), OWNERSHIP_DONE);
        left = left > SWEPT ? left - SWEPT : 0;
        assert_int_equal(count("relay:"), ALWAYS_THERE + 5 * left);
    }
}

static void a_lease_is_remembered_for_a_day(void **state)
{
    uint64_t epoch = client.lease.epoch;

    (void)state;
    client.now.mono.usec += DAY_SEC * USEC_PER_SEC - 1;
    client.now.wall.sec = 5;
    assert_int_equal(client_leases(&client, NULL), OWNERSHIP_DONE);
    assert_int_equal(client.lease_count, 1);
    assert_false(client.is_live[0]);
    assert_int_equal(client_take_lease(&client), OWNERSHIP_DONE);
    assert_true(client.has_former);
    assert_true(client.lease.epoch == epoch + 1);
    client.now.mono.usec += DAY_SEC * USEC_PER_SEC;
    assert_int_equal(client_leases(&client, NULL), OWNERSHIP_DONE);
    assert_int_equal(client.lease_count, 0);
    assert_int_equal(client_take_lease(&client), OWNERSHIP_DONE);
    assert_false(client.has_former);
    assert_int_equal(count("relay:"), ALWAYS_THERE);
}

static void garbled_records_are_left_out_and_counted(void **state)
{
    static const char *const values[] = {"",
                                         "v=1",
                                         "v=2 port=50001",
                                         "v=1 port=99999999999 user=alice created=x expires=y",
                                         "v=1 port=50001 port=50001 = == user",
                                         "\xff\xfe\x01 %s%n",
                                         "nonsense"};
    struct turn_record good = client_allocation(&client, 2);
    struct turn_record bad = client_allocation(&client, 1);
    struct turn_record channel = client_channel(&client, 2, 0x4002);
    char value[128], key[128];

    (void)state;
    assert_int_equal(client_claim(&client, &good, 0, false), OWNERSHIP_DONE);
    assert_int_equal(client_record(&client, &channel), OWNERSHIP_DONE);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        assert_int_equal(client_claim(&client, &bad, 0, false), OWNERSHIP_DONE);
        (void)snprintf(value, sizeof(value), "host/1 5 9000000000000000000 %s", values[i]);
        plant(ALLOCATION_1, value);
        plant(ALLOCATION_1 " channel:0x4001", values[i]);
        plant("relay:allocation:198.51.100.7:10002>203.0.113.7:3478 channel:nonsense", values[i]);
        (void)snprintf(key, sizeof(key), "relay:allocations:host/1 nonsense%zu", i);
        plant(key, values[i]);
        assert_int_equal(client_list(&client), OWNERSHIP_DONE);
        assert_int_equal(client.record_count, 2);
        /* the allocation, the channel beneath the good one, the members of the index */
        assert_int_equal(client.unreadable, 2 + i + 1);
        assert_int_equal(client_find_port(&client, 50001), OWNERSHIP_NONE);
        /* Whose it is can be read all the same. */
        assert_int_equal(client_find(&client, &bad), OWNERSHIP_DONE);
        assert_int_equal(client_forget(&client, &bad), OWNERSHIP_DONE);
        assert_int_equal(client_find(&client, &bad), OWNERSHIP_NONE);
    }
}

static void an_owner_that_cannot_be_read_owns_nothing(void **state)
{
    static const char *const heads[] = {"",
                                        "host",
                                        "host/ 5 9000000000000000000",
                                        "host/x 5 9000000000000000000",
                                        "/1 5 9000000000000000000",
                                        "\xff/1 5 9000000000000000000",
                                        "host/1 -5 9000000000000000000",
                                        "host/1 5 99999999999999999999",
                                        "host/1  5 9000000000000000000"};
    struct turn_record allocation = client_allocation(&client, 1);

    (void)state;
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
        plant(ALLOCATION_1, heads[i]);
        assert_int_equal(client_find(&client, &allocation), OWNERSHIP_NONE);
        assert_int_equal(client_find_port(&client, 50001), OWNERSHIP_NONE);
        assert_int_equal(client_record(&client, &allocation), OWNERSHIP_NONE);
        assert_int_equal(client_list(&client), OWNERSHIP_DONE);
        assert_int_equal(client.unreadable, 1);
        assert_int_equal(client_forget(&client, &allocation), OWNERSHIP_DONE);
        assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
        assert_int_equal(client_find(&client, &allocation), OWNERSHIP_DONE);
    }
}

static void garbled_leases_do_not_hinder_a_new_one(void **state)
{
    static const char *const values[] = {"",
                                         "nonsense",
                                         "-1 5 9000000000000000000 v=1",
                                         "1.5 5 9000000000000000000 v=1",
                                         "9007199254740992 5 9000000000000000000 v=1",
                                         "18446744073709551616 5 9000000000000000000 v=1",
                                         "17 5 9000000000000000000 nonsense",
                                         "17 5 9000000000000000000"};

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        plant("relay:shard:host/1", values[i]);
        assert_int_equal(client_leases(&client, NULL), OWNERSHIP_DONE);
        assert_int_equal(client.lease_count, 0);
        assert_int_equal(client_take_lease(&client), OWNERSHIP_DONE);
        assert_false(client.has_former);
        assert_int_equal(client_renew_lease(&client), OWNERSHIP_DONE);
    }
}

static void a_store_of_another_boot_is_made_anew(void **state)
{
    struct turn_record allocation = client_allocation(&client, 1);

    (void)state;
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
    client_close(&client);
    client_open_local(&client, path, 1, 0, 0);
    assert_int_equal(client_find(&client, &allocation), OWNERSHIP_DONE);
    plant("relay:store", "v=1 boot=0a7a6f38-50f9-4d0a-8d2f-7a0d7e3b9c55");
    client_close(&client);
    client_open_local(&client, path, 1, 0, 0);
    assert_int_equal(client_find(&client, &allocation), OWNERSHIP_NONE);
    assert_int_equal(client_take_lease(&client), OWNERSHIP_DONE);
    assert_false(client.has_former);
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
}

/* What a tool takes for damaged, such as one in a container that sees another boot, may be what the
 * relay is using. */
static void who_only_looks_makes_no_store(void **state)
{
    struct turn_record allocation = client_allocation(&client, 1);
    char file[TEMP_PATH_MAX];
    struct stat before, after;

    (void)temp_dir_path(*state, LOCAL_DATA_FILE, file);
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
    client_close(&client);
    client_look_local(&client, path);
    assert_int_equal(client_find(&client, &allocation), OWNERSHIP_DONE);
    plant("relay:store", "v=1 boot=0a7a6f38-50f9-4d0a-8d2f-7a0d7e3b9c55");
    client_close(&client);
    assert_int_equal(stat(file, &before), 0);

    client_look_local(&client, path);
    assert_int_equal(client_find(&client, &allocation), OWNERSHIP_AWAY);
    client_close(&client);
    assert_int_equal(stat(file, &after), 0);
    assert_int_equal(after.st_ino, before.st_ino);

    assert_int_equal(unlink(file), 0);
    client_look_local(&client, path);
    assert_int_equal(client_find(&client, &allocation), OWNERSHIP_AWAY);
    assert_int_equal(stat(file, &after), -1);
}

/* As many allocations as a host has relay ports, with many channels and the longest usernames. */
static void it_has_room_for_all_that_a_host_can_have(void **state)
{
    enum { ALLOCATIONS = 16384, CHANNELS = 16 };
    char file[TEMP_PATH_MAX];
    struct stat status;

    (void)state;
    for (unsigned i = 0; i < ALLOCATIONS; i++) {
        struct turn_record record = client_allocation(&client, i);

        record.allocation.username_len = STUN_USERNAME_MAX;
        memset(record.allocation.username, 0xff, STUN_USERNAME_MAX);
        memcpy(record.allocation.username, &i, sizeof(i));
        unsigned answers = client.answers;

        assert_int_equal(ownership_claim(client.ownership, client.now, &client.writer, &record, 3,
                                         false, client_note, &client),
                         ERR_OK);
        for (unsigned k = 0; k < CHANNELS; k++) {
            record = client_channel(&client, i, (uint16_t)(0x4000 + k));
            assert_int_equal(ownership_record(client.ownership, client.now, &client.writer, &record,
                                              client_note, &client),
                             ERR_OK);
        }
        client_wait(&client, answers + 1 + CHANNELS);
        assert_int_equal(client.answer.outcome, OWNERSHIP_DONE);
    }
    assert_int_equal(client_list(&client), OWNERSHIP_DONE);
    assert_int_equal(client.record_count, ALLOCATIONS * (1 + CHANNELS));
    assert_int_equal(client.gone, 0);
    (void)snprintf(file, sizeof(file), "%s/ownership.mdb", path);
    assert_int_equal(stat(file, &status), 0);
    assert_true((size_t)status.st_blocks * 512 < LOCAL_MAP_SIZE / 2);
}

static void its_files_are_for_the_owner_alone(void **state)
{
    static const char *const names[] = {"ownership.mdb", "ownership.mdb-lock", "ownership.lock"};
    char file[TEMP_PATH_MAX];
    struct stat status;

    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(stat(temp_dir_path(*state, names[i], file), &status), 0);
        assert_int_equal(status.st_mode & 07777, 0600);
    }
    assert_int_equal(temp_dir_count(path), 3);
}

/* So that a tool that root runs before the relay does not keep it out. */
static void what_root_makes_is_the_directorys_owners(void **state)
{
    static const char *const names[] = {"ownership.mdb", "ownership.mdb-lock", "ownership.lock"};
    enum { SOMEBODY = 12345 };
    struct state_dir dir;
    struct local_store *store;
    struct problem problem;
    char file[TEMP_PATH_MAX];
    struct stat status;

    if (geteuid() != 0)
        skip();
    client_close(&client);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(remove(temp_dir_path(*state, names[i], file)), 0);
    assert_int_equal(chown(path, SOMEBODY, (gid_t)-1), 0);
    assert_int_equal(state_dir_open(path, STATE_DIR_INSPECT, &dir, &problem), ERR_OK);
    assert_int_equal(local_store_open(&dir, LOCAL_MAP_SIZE, &store, &problem), ERR_OK);
    local_store_close(store);
    state_dir_close(&dir);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(stat(temp_dir_path(*state, names[i], file), &status), 0);
        assert_int_equal(status.st_uid, SOMEBODY);
    }
    assert_int_equal(chown(path, 0, (gid_t)-1), 0);
    client_open_local(&client, path, 1, 0, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_is_forgotten_leaves_nothing),
        TEST(an_allocation_lingers_and_is_gone),
        TEST(a_refresh_moves_the_end),
        TEST(a_few_that_are_over_go_with_each_write),
        TEST(a_lease_is_remembered_for_a_day),
        TEST(garbled_records_are_left_out_and_counted),
        TEST(an_owner_that_cannot_be_read_owns_nothing),
        TEST(garbled_leases_do_not_hinder_a_new_one),
        TEST(a_store_of_another_boot_is_made_anew),
        TEST(who_only_looks_makes_no_store),
        TEST(it_has_room_for_all_that_a_host_can_have),
        TEST(its_files_are_for_the_owner_alone),
        TEST(what_root_makes_is_the_directorys_owners),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

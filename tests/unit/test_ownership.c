/* test_ownership.c — what ownership.h says of claims and records, for every backend. */
#include "ownership_registry.h"

static struct ownership_client client, other;

/* Two shards with a lease each. */
static void open_both(void)
{
    registry_open_with_lease(&client, 1, 0);
    registry_open_with_lease(&other, 2, 0);
}

static void close_both(void)
{
    client_close(&other);
    client_close(&client);
}

static void what_is_nobodys_becomes_its_writers(void **state)
{
    struct turn_record allocation;

    (void)state;
    open_both();
    allocation = client_allocation(&client, 1);
    assert_int_equal(client_find(&client, &allocation), OWNERSHIP_NONE);
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
    assert_int_equal(client_find(&other, &allocation), OWNERSHIP_DONE);
    assert_true(owner_equal(&other.answer.owner, &client.writer.owner));
    assert_true(other.answer.owner_is_live);
    allocation = client_allocation(&client, 2);
    assert_int_equal(client_find(&client, &allocation), OWNERSHIP_NONE);
    close_both();
}

static void all_that_is_recorded_of_a_five_tuple_is_found(void **state)
{
    struct turn_record allocation, channel, permission;

    (void)state;
    open_both();
    allocation = client_allocation(&client, 1);
    channel = client_channel(&client, 1, 0x4001);
    permission = client_permission(&client, 1);
    assert_int_equal(client_find_records(&other, &allocation), OWNERSHIP_NONE);
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
    assert_int_equal(client_record(&client, &channel), OWNERSHIP_DONE);
    assert_int_equal(client_record(&client, &permission), OWNERSHIP_DONE);
    assert_int_equal(client_find_records(&other, &allocation), OWNERSHIP_DONE);
    assert_true(owner_equal(&other.answer.owner, &client.writer.owner));
    assert_true(other.answer.owner_is_live);
    assert_int_equal(other.record_count, 3);
    assert_int_equal(other.unreadable, 0);
    assert_int_equal(other.records[0].kind, TURN_RECORD_ALLOCATION);
    assert_int_equal(other.records[0].allocation.port, 50001);
    for (unsigned i = 0; i < 3; i++)
        assert_true(five_tuple_equal(&other.records[i].five_tuple, &allocation.five_tuple));
    allocation = client_allocation(&client, 2);
    assert_int_equal(client_find_records(&other, &allocation), OWNERSHIP_NONE);
    assert_int_equal(other.record_count, 0);
    close_both();
}

static void what_is_a_live_shards_is_held(void **state)
{
    struct turn_record allocation, theirs;

    (void)state;
    open_both();
    allocation = client_allocation(&client, 1);
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
    theirs = allocation;
    theirs.allocation.port = 50009;
    assert_int_equal(client_claim(&other, &theirs, 0, false), OWNERSHIP_HELD);
    assert_true(owner_equal(&other.answer.owner, &client.writer.owner));
    /* Nothing was written. */
    assert_int_equal(client_find_port(&client, 50009), OWNERSHIP_NONE);
    assert_int_equal(client_find_port(&client, 50001), OWNERSHIP_DONE);
    assert_int_equal(client_list(&other), OWNERSHIP_DONE);
    assert_int_equal(other.record_count, 0);
    close_both();
}

static void what_is_the_writers_own_is_claimed_again(void **state)
{
    struct turn_record allocation;

    (void)state;
    open_both();
    allocation = client_allocation(&client, 1);
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
    allocation.allocation.port = 50007;
    memcpy(allocation.allocation.username, "bobby", 5);
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
    /* What it was found by goes. */
    assert_int_equal(client_find_port(&client, 50001), OWNERSHIP_NONE);
    assert_int_equal(client_find_port(&client, 50007), OWNERSHIP_DONE);
    assert_int_equal(client_list(&client), OWNERSHIP_DONE);
    assert_int_equal(client.record_count, 1);
    allocation = client_allocation(&client, 2);
    assert_int_equal(client_claim(&client, &allocation, 1, false), OWNERSHIP_DONE);
    close_both();
}

static void what_is_of_one_whose_lease_is_over_changes_hands(void **state)
{
    struct turn_record allocation;

    (void)state;
    open_both();
    allocation = client_allocation(&client, 1);
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
    assert_int_equal(client_end_lease(&client), OWNERSHIP_DONE);
    assert_int_equal(client_find(&other, &allocation), OWNERSHIP_DONE);
    assert_false(other.answer.owner_is_live);
    allocation.allocation.port = 50007;
    assert_int_equal(client_claim(&other, &allocation, 0, false), OWNERSHIP_DONE);
    assert_int_equal(client_find(&other, &allocation), OWNERSHIP_DONE);
    assert_true(owner_equal(&other.answer.owner, &other.writer.owner));
    assert_true(other.answer.owner_is_live);

    /* Who had it cannot touch it any more. */
    assert_int_equal(client_take_lease(&client), OWNERSHIP_DONE);
    assert_int_equal(client_list(&client), OWNERSHIP_DONE);
    assert_int_equal(client.record_count, 0);
    assert_int_equal(client_find_port(&client, 50001), OWNERSHIP_NONE);
    assert_int_equal(client_record(&client, &allocation), OWNERSHIP_HELD);
    assert_true(owner_equal(&client.answer.owner, &other.writer.owner));
    assert_int_equal(client_forget(&client, &allocation), OWNERSHIP_HELD);
    assert_true(owner_equal(&client.answer.owner, &other.writer.owner));
    assert_int_equal(client_find(&client, &allocation), OWNERSHIP_DONE);
    close_both();
}

static void of_two_made_while_it_was_away_the_older_is_in_the_right(void **state)
{
    (void)state;
    open_both();
    for (unsigned i = 0; i < 16; i++) {
        bool stored_unclaimed = i & 1, unclaimed = i & 2, is_older = i & 4, is_same = i & 8;
        bool takes = stored_unclaimed && is_older && !is_same;
        struct turn_record stored = client_allocation(&client, i), theirs = stored;

        stored.allocation.unclaimed = stored_unclaimed;
        theirs.allocation.unclaimed = unclaimed;
        if (!is_same)
            theirs.allocation.created.usec += is_older ? -1 : 1;
        assert_int_equal(client_claim(&client, &stored, 0, false), OWNERSHIP_DONE);
        assert_int_equal(client_claim(&other, &theirs, 0, false),
                         takes ? OWNERSHIP_DONE : OWNERSHIP_HELD);
        assert_int_equal(client_find(&client, &stored), OWNERSHIP_DONE);
        assert_true(
            owner_equal(&client.answer.owner, takes ? &other.writer.owner : &client.writer.owner));
    }
    close_both();
}

static void older_is_told_by_the_wall_clock_between_two_boots(void **state)
{
    struct turn_record stored, theirs;

    (void)state;
    registry_open_with_lease(&client, 1, 0);
    registry_open(&other, 2, 0);
    (void)strcpy(other.lease.boot, "0a7a6f38-50f9-4d0a-8d2f-7a0d7e3b9c55");
    /* booted an hour later: what is one time for both is an hour later there */
    other.lease.wall_offset_usec += 3600 * USEC_PER_SEC;
    assert_int_equal(client_take_lease(&other), OWNERSHIP_DONE);
    stored = theirs = client_allocation(&client, 1);
    stored.allocation.unclaimed = true;
    theirs.allocation.created.usec -= 1800 * USEC_PER_SEC;
    assert_int_equal(client_claim(&client, &stored, 0, false), OWNERSHIP_DONE);
    assert_int_equal(client_claim(&other, &theirs, 0, false), OWNERSHIP_HELD);
    theirs.allocation.created.usec -= 1801 * USEC_PER_SEC;
    assert_int_equal(client_claim(&other, &theirs, 0, false), OWNERSHIP_DONE);
    close_both();
}

static void a_username_has_no_more_than_its_quota(void **state)
{
    struct turn_record allocation;

    (void)state;
    open_both();
    for (unsigned i = 1; i <= 3; i++) {
        allocation = client_allocation(&client, i);
        assert_int_equal(client_claim(i % 2 ? &client : &other, &allocation, 3, false),
                         OWNERSHIP_DONE);
    }
    allocation = client_allocation(&client, 4);
    assert_int_equal(client_claim(&client, &allocation, 3, false), OWNERSHIP_QUOTA);
    assert_int_equal(client_find(&client, &allocation), OWNERSHIP_NONE);
    /* Its own does not count, nor do another one's; 0 is no quota. */
    allocation = client_allocation(&client, 3);
    assert_int_equal(client_claim(&client, &allocation, 3, false), OWNERSHIP_DONE);
    assert_int_equal(client_claim(&client, &allocation, 2, false), OWNERSHIP_QUOTA);
    allocation = client_allocation(&client, 5);
    memcpy(allocation.allocation.username, "alicf", 5);
    assert_int_equal(client_claim(&client, &allocation, 1, false), OWNERSHIP_DONE);
    allocation = client_allocation(&client, 6);
    allocation.allocation.username_len = 4;
    assert_int_equal(client_claim(&client, &allocation, 1, false), OWNERSHIP_DONE);
    allocation = client_allocation(&client, 4);
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);

    /* What is forgotten makes room, and so does what is over. */
    assert_int_equal(client_forget(&client, &allocation), OWNERSHIP_DONE);
    allocation = client_allocation(&client, 1);
    assert_int_equal(client_forget(&client, &allocation), OWNERSHIP_DONE);
    assert_int_equal(client_claim(&client, &allocation, 3, false), OWNERSHIP_DONE);
    client_set_now(&client);
    allocation.allocation.expires = mono_time_add_usec(client.now.mono, 1000);
    assert_int_equal(client_record(&client, &allocation), OWNERSHIP_DONE);
    allocation = client_allocation(&client, 4);
    do {
        client_set_now(&client);
    } while (client_claim(&client, &allocation, 3, false) == OWNERSHIP_QUOTA);
    assert_int_equal(client.answer.outcome, OWNERSHIP_DONE);
    close_both();
}

static void a_claim_keeps_what_is_beneath_or_not(void **state)
{
    struct turn_record allocation, records[2];

    (void)state;
    open_both();
    allocation = client_allocation(&client, 1);
    records[0] = client_channel(&client, 1, 0x4001);
    records[1] = client_permission(&client, 1);
    assert_int_equal(client_claim(&client, &allocation, 0, true), OWNERSHIP_DONE);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(client_record(&client, &records[i]), OWNERSHIP_DONE);
    assert_int_equal(client_claim(&client, &allocation, 0, true), OWNERSHIP_DONE);
    assert_int_equal(client_list(&client), OWNERSHIP_DONE);
    assert_int_equal(client.record_count, 3);

    /* So does an adoption. */
    assert_int_equal(client_end_lease(&client), OWNERSHIP_DONE);
    assert_int_equal(client_claim(&other, &allocation, 0, true), OWNERSHIP_DONE);
    assert_int_equal(client_list(&other), OWNERSHIP_DONE);
    assert_int_equal(other.record_count, 3);
    assert_int_equal(client_claim(&other, &allocation, 0, false), OWNERSHIP_DONE);
    assert_int_equal(client_list(&other), OWNERSHIP_DONE);
    assert_int_equal(other.record_count, 1);
    close_both();
}

static void a_port_that_another_shard_has_recorded_is_not_given_out(void **state)
{
    struct turn_record theirs, ours;

    (void)state;
    open_both();
    theirs = client_allocation(&other, 1);
    ours = client_allocation(&client, 2);
    ours.allocation.port = theirs.allocation.port;
    assert_int_equal(client_claim(&other, &theirs, 0, false), OWNERSHIP_DONE);
    assert_int_equal(client_claim(&client, &ours, 0, false), OWNERSHIP_PORT);
    assert_int_equal(client_find(&client, &ours), OWNERSHIP_NONE);
    /* Nor is it when its process has died, which may come back. */
    assert_int_equal(client_end_lease(&other), OWNERSHIP_DONE);
    assert_int_equal(client_claim(&client, &ours, 0, false), OWNERSHIP_PORT);
    /* Who publishes has the port open; and what is forgotten is free. */
    assert_int_equal(client_claim(&client, &ours, 0, true), OWNERSHIP_DONE);
    assert_int_equal(client_forget(&client, &ours), OWNERSHIP_DONE);
    assert_int_equal(client_claim(&client, &ours, 0, false), OWNERSHIP_DONE);
    /* One's own may have been left when the registry was away. */
    theirs = client_allocation(&client, 3);
    theirs.allocation.port = ours.allocation.port;
    assert_int_equal(client_claim(&client, &theirs, 0, false), OWNERSHIP_DONE);
    close_both();
}

static void nothing_beneath_another_allocation_is_kept(void **state)
{
    struct turn_record allocation, channel;

    (void)state;
    open_both();
    for (unsigned i = 0; i < 2; i++) {
        allocation = client_allocation(&client, 1);
        channel = client_channel(&client, 1, 0x4001);
        assert_int_equal(client_claim(&client, &allocation, 0, true), OWNERSHIP_DONE);
        assert_int_equal(client_record(&client, &channel), OWNERSHIP_DONE);
        /* The five-tuple has a new allocation: another request's, or with another port. */
        if (i == 0)
            allocation.allocation.transaction_id[0] ^= 1;
        else
            allocation.allocation.port++;
        assert_int_equal(client_claim(&client, &allocation, 0, true), OWNERSHIP_DONE);
        assert_int_equal(client_list(&client), OWNERSHIP_DONE);
        assert_int_equal(client.record_count, 1);
    }
    close_both();
}

static void records_are_for_what_the_writer_holds(void **state)
{
    struct turn_record allocation, channel, permission;

    (void)state;
    open_both();
    allocation = client_allocation(&client, 1);
    channel = client_channel(&client, 1, 0x4001);
    permission = client_permission(&client, 1);
    assert_int_equal(client_record(&client, &allocation), OWNERSHIP_NONE);
    assert_int_equal(client_record(&client, &channel), OWNERSHIP_NONE);
    assert_int_equal(client_record(&client, &permission), OWNERSHIP_NONE);
    assert_int_equal(client_find(&client, &allocation), OWNERSHIP_NONE);

    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
    assert_int_equal(client_record(&client, &channel), OWNERSHIP_DONE);
    assert_int_equal(client_record(&client, &permission), OWNERSHIP_DONE);
    assert_int_equal(client_record(&other, &channel), OWNERSHIP_HELD);
    assert_true(owner_equal(&other.answer.owner, &client.writer.owner));
    assert_int_equal(client_record(&other, &allocation), OWNERSHIP_HELD);

    /* Written again they are as they were written last. */
    channel.channel.bound_until.usec += 77;
    permission.permission.expires.usec += 88;
    allocation.allocation.expires.usec += 99;
    /* But one allocation never over another one. */
    struct turn_record another = allocation;

    another.allocation.port++;
    assert_int_equal(client_record(&client, &another), OWNERSHIP_NONE);
    assert_int_equal(client_record(&client, &channel), OWNERSHIP_DONE);
    assert_int_equal(client_record(&client, &permission), OWNERSHIP_DONE);
    assert_int_equal(client_record(&client, &allocation), OWNERSHIP_DONE);
    assert_int_equal(client_find_port(&other, 50001), OWNERSHIP_DONE);
    assert_int_equal(other.record_count, 3);
    assert_int_equal(other.records[0].allocation.expires.usec, allocation.allocation.expires.usec);
    for (unsigned i = 1; i < 3; i++)
        if (other.records[i].kind == TURN_RECORD_CHANNEL)
            assert_int_equal(other.records[i].channel.bound_until.usec,
                             channel.channel.bound_until.usec);
        else
            assert_int_equal(other.records[i].permission.expires.usec,
                             permission.permission.expires.usec);
    close_both();
}

static void forgetting_removes_one_or_all_that_is_beneath(void **state)
{
    struct turn_record allocation, channels[2], permission;

    (void)state;
    open_both();
    allocation = client_allocation(&client, 1);
    permission = client_permission(&client, 1);
    for (unsigned i = 0; i < 2; i++)
        channels[i] = client_channel(&client, 1, (uint16_t)(0x4001 + i));
    assert_int_equal(client_forget(&client, &allocation), OWNERSHIP_DONE); /* was not there */
    assert_int_equal(client_forget(&client, &permission), OWNERSHIP_DONE);
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(client_record(&client, &channels[i]), OWNERSHIP_DONE);
    assert_int_equal(client_record(&client, &permission), OWNERSHIP_DONE);
    assert_int_equal(client_forget(&other, &permission), OWNERSHIP_HELD);
    assert_true(owner_equal(&other.answer.owner, &client.writer.owner));

    assert_int_equal(client_forget(&client, &permission), OWNERSHIP_DONE);
    assert_int_equal(client_forget(&client, &channels[0]), OWNERSHIP_DONE);
    assert_int_equal(client_forget(&client, &channels[0]), OWNERSHIP_DONE);
    assert_int_equal(client_list(&client), OWNERSHIP_DONE);
    assert_int_equal(client.record_count, 2);
    assert_int_equal(client.records[1].channel.number, 0x4002);

    assert_int_equal(client_forget(&client, &allocation), OWNERSHIP_DONE);
    assert_int_equal(client_list(&client), OWNERSHIP_DONE);
    assert_int_equal(client.record_count, 0);
    assert_int_equal(client_find(&client, &allocation), OWNERSHIP_NONE);
    assert_int_equal(client_find_port(&client, 50001), OWNERSHIP_NONE);
    /* Nothing comes back with the next claim. */
    assert_int_equal(client_claim(&client, &allocation, 1, true), OWNERSHIP_DONE);
    assert_int_equal(client_list(&client), OWNERSHIP_DONE);
    assert_int_equal(client.record_count, 1);
    close_both();
}

static void a_port_leads_to_the_records_of_its_allocation(void **state)
{
    struct turn_record allocation, channel;
    unsigned answers;

    (void)state;
    open_both();
    allocation = client_allocation(&client, 1);
    channel = client_channel(&client, 1, 0x4001);
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
    assert_int_equal(client_record(&client, &channel), OWNERSHIP_DONE);
    assert_int_equal(client_find_port(&other, 50001), OWNERSHIP_DONE);
    assert_true(owner_equal(&other.answer.owner, &client.writer.owner));
    assert_int_equal(other.record_count, 2);
    assert_int_equal(other.records[0].kind, TURN_RECORD_ALLOCATION);
    assert_int_equal(other.records[1].kind, TURN_RECORD_CHANNEL);
    assert_int_equal(client_find_port(&other, 50002), OWNERSHIP_NONE);
    assert_int_equal(other.record_count, 0);
    answers = other.answers;
    assert_int_equal(
        ownership_find_port(other.ownership, other.now, "hos", 50001, NULL, client_note, &other),
        ERR_OK);
    client_wait(&other, answers + 1);
    assert_int_equal(other.answer.outcome, OWNERSHIP_NONE);
    close_both();
}

static void a_list_has_what_is_the_owners_and_no_one_elses(void **state)
{
    struct turn_record record;

    (void)state;
    registry_open_with_lease(&client, 1, 0);
    registry_open_with_lease(&other, 11, 0);
    for (unsigned i = 0; i < 10; i++) {
        struct ownership_client *owner = i % 2 ? &client : &other;

        record = client_allocation(owner, i);
        assert_int_equal(client_claim(owner, &record, 0, false), OWNERSHIP_DONE);
        record = client_channel(owner, i, 0x4000);
        assert_int_equal(client_record(owner, &record), OWNERSHIP_DONE);
        record = client_permission(owner, i);
        assert_int_equal(client_record(owner, &record), OWNERSHIP_DONE);
    }
    assert_int_equal(client_list(&client), OWNERSHIP_DONE);
    assert_int_equal(client.record_count, 15);
    for (unsigned i = 0; i < 15; i++) {
        assert_int_equal(client.records[i].five_tuple.client.port % 2, 1);
        /* An allocation, and then what is beneath it. */
        assert_int_equal(client.records[i].kind == TURN_RECORD_ALLOCATION, i % 3 == 0);
        assert_int_equal(client.records[i].five_tuple.client.port,
                         client.records[i - i % 3].five_tuple.client.port);
    }
    assert_int_equal(client.unreadable, 0);
    assert_int_equal(client_list(&other), OWNERSHIP_DONE);
    assert_int_equal(other.record_count, 15);
    close_both();
}

static void whatever_an_allocation_holds_comes_back(void **state)
{
    struct turn_record record;
    const struct turn_allocation_record *is;

    (void)state;
    open_both();
    record = client_allocation(&client, 1);
    record.five_tuple.client = transport_addr_v6((const uint8_t[16]){0xfe, 0x80, [15] = 1}, 1);
    record.five_tuple.client.scope_id = UINT32_MAX;
    record.five_tuple.server = transport_addr_v6((const uint8_t[16]){0x20, 1, [15] = 9}, 3478);
    record.allocation.families = FAMILY_SET_V4 | FAMILY_SET_V6;
    record.allocation.missing_families = FAMILY_SET_V6;
    record.allocation.dont_fragment = record.allocation.unclaimed = true;
    record.allocation.granted_lifetime_sec = UINT32_MAX;
    memset(record.allocation.transaction_id, 0xfe, sizeof(record.allocation.transaction_id));
    memset(record.allocation.key_check, 0x81, sizeof(record.allocation.key_check));
    /* every byte, and a name as long as one can be */
    record.allocation.username_len = STUN_USERNAME_MAX;
    for (unsigned i = 0; i < STUN_USERNAME_MAX; i++)
        record.allocation.username[i] = (uint8_t)i;
    assert_int_equal(client_claim(&client, &record, 1, false), OWNERSHIP_DONE);
    assert_int_equal(client_list(&client), OWNERSHIP_DONE);
    assert_int_equal(client.record_count, 1);
    is = &client.records[0].allocation;
    assert_true(five_tuple_equal(&client.records[0].five_tuple, &record.five_tuple));
    assert_int_equal(is->port, record.allocation.port);
    assert_int_equal(is->families, record.allocation.families);
    assert_int_equal(is->missing_families, record.allocation.missing_families);
    assert_true(is->dont_fragment);
    assert_true(is->unclaimed);
    assert_true(is->granted_lifetime_sec == UINT32_MAX);
    assert_memory_equal(is->transaction_id, record.allocation.transaction_id,
                        sizeof(is->transaction_id));
    assert_memory_equal(is->key_check, record.allocation.key_check, sizeof(is->key_check));
    assert_int_equal(is->created.usec, record.allocation.created.usec);
    assert_int_equal(is->expires.usec, record.allocation.expires.usec);
    assert_int_equal(is->username_len, STUN_USERNAME_MAX);
    assert_memory_equal(is->username, record.allocation.username, STUN_USERNAME_MAX);

    /* Names that differ at their ends only are two. */
    record.five_tuple = client_allocation(&client, 2).five_tuple;
    assert_int_equal(client_claim(&client, &record, 1, false), OWNERSHIP_QUOTA);
    record.allocation.username[STUN_USERNAME_MAX - 1]++;
    assert_int_equal(client_claim(&client, &record, 1, false), OWNERSHIP_DONE);
    close_both();
}

static void what_never_ends_is_recorded(void **state)
{
    struct turn_record allocation;

    (void)state;
    open_both();
    allocation = client_allocation(&client, 1);
    allocation.allocation.expires = MONO_TIME_NEVER;
    assert_int_equal(client_claim(&client, &allocation, 1, false), OWNERSHIP_DONE);
    assert_int_equal(client_record(&client, &allocation), OWNERSHIP_DONE);
    assert_int_equal(client_find_port(&client, 50001), OWNERSHIP_DONE);
    assert_true(mono_time_is_never(client.records[0].allocation.expires));
    /* And what is over already is there for a while. */
    allocation = client_allocation(&client, 2);
    allocation.allocation.expires.usec = 1;
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
    assert_int_equal(client_find(&client, &allocation), OWNERSHIP_DONE);
    close_both();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_nobodys_becomes_its_writers),
        cmocka_unit_test(all_that_is_recorded_of_a_five_tuple_is_found),
        cmocka_unit_test(what_is_a_live_shards_is_held),
        cmocka_unit_test(what_is_the_writers_own_is_claimed_again),
        cmocka_unit_test(what_is_of_one_whose_lease_is_over_changes_hands),
        cmocka_unit_test(of_two_made_while_it_was_away_the_older_is_in_the_right),
        cmocka_unit_test(older_is_told_by_the_wall_clock_between_two_boots),
        cmocka_unit_test(a_username_has_no_more_than_its_quota),
        cmocka_unit_test(a_claim_keeps_what_is_beneath_or_not),
        cmocka_unit_test(a_port_that_another_shard_has_recorded_is_not_given_out),
        cmocka_unit_test(nothing_beneath_another_allocation_is_kept),
        cmocka_unit_test(records_are_for_what_the_writer_holds),
        cmocka_unit_test(forgetting_removes_one_or_all_that_is_beneath),
        cmocka_unit_test(a_port_leads_to_the_records_of_its_allocation),
        cmocka_unit_test(a_list_has_what_is_the_owners_and_no_one_elses),
        cmocka_unit_test(whatever_an_allocation_holds_comes_back),
        cmocka_unit_test(what_never_ends_is_recorded),
    };
    return registry_run_tests(tests, sizeof(tests) / sizeof(tests[0]));
}

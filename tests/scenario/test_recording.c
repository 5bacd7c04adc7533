/* test_recording.c — what is claimed, recorded and forgotten, and in which order. */
#include "scenario.h"

/* The test is the registry. */
static void start(struct fixture *f)
{
    fixture_start(f);
    f->cs.shows_records = true;
}

static void claim_is(struct fixture *f, const struct test_client *client, enum turn_claim result)
{
    checked_claim_result(&f->cs, client->relay_id, result);
}

/* Up to the claim. */
static void open_relay(struct fixture *f, struct test_client *client, const struct attr *attrs)
{
    start(f);
    get_nonce(f, client);
    ask(f, client, TURN_ALLOCATE, attrs);
    client->relay_id = f->cs.seen[0].command.relay_id;
    client->port = f->cs.seen[0].command.port;
    relay_opens(f, client);
}

static void claimed_alice(struct fixture *f)
{
    open_relay(f, &f->alice, ATTRS(UDP));
    claim_is(f, &f->alice, TURN_CLAIM_GRANTED);
    EXPECT(f, "Allocate is answered when its claim is granted", SUCCESS(alice));
}

static void allocate_waits_for_its_claim(void **state)
{
    struct fixture *f = *state;
    start(f);
    get_nonce(f, &f->alice);
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(UDP, LIFETIME(1000)));
    EXPECT(f, "the relay first", OPEN(alice, FAMILY_SET_V4));
    relay_opens(f, &f->alice);
    EXPECT(f, "then the claim, and no answer yet", CLAIM(alice));
    const struct turn_allocation_record *record = &f->cs.seen[0].record.allocation;
    EXPECT_TRUE("the claim says everything that a restart needs",
                record->port == f->alice.port && record->families == FAMILY_SET_V4 &&
                    record->granted_lifetime_sec == 1000 && !record->unclaimed &&
                    record->created.usec == f->cs.now.mono.usec &&
                    record->expires.usec == f->cs.now.mono.usec + 1000 * USEC_PER_SEC &&
                    memcmp(record->transaction_id, f->alice.transaction_id, 12) == 0);
    again(f, &f->alice);
    EXPECT_DROP(f, "row Nothing before the claim: requests wait", PENDING_ALLOCATE);
    claim_is(f, &f->alice, TURN_CLAIM_GRANTED);
    again(f, &f->alice);
    EXPECT(f, "a retransmission is answered once more, and recorded no more", SUCCESS(alice));
}

static void claim_held_by_another_shard(void **state)
{
    struct fixture *f = *state;
    open_relay(f, &f->alice, ATTRS(UDP, EVEN_PORT(1)));
    EXPECT(f, "the claim", CLAIM(alice));
    claim_is(f, &f->alice, TURN_CLAIM_HELD);
    EXPECT(f, "the relay is closed, the owner answers",
           CLOSE(alice, FAMILY_SET_V4, TURN_END_REFUSED));
    EXPECT_TRUE("nothing is left of it", checked_count(&f->cs, TURN_COUNT_ALLOCATIONS) == 0 &&
                                             checked_count(&f->cs, TURN_COUNT_RESERVATIONS) == 0 &&
                                             checked_count(&f->cs, TURN_COUNT_CLAIMS_HELD) == 1);
}

static void claim_over_quota(void **state)
{
    struct fixture *f = *state;
    open_relay(f, &f->alice, ATTRS(UDP));
    EXPECT(f, "the claim", CLAIM(alice));
    claim_is(f, &f->alice, TURN_CLAIM_OVER_QUOTA);
    EXPECT(f, "row Quotas: over all shards: 486", CLOSE(alice, FAMILY_SET_V4, TURN_END_REFUSED),
           ERROR(alice, 486));
}

static void claim_of_a_port_that_is_recorded(void **state)
{
    struct fixture *f = *state;
    open_relay(f, &f->alice, ATTRS(UDP));
    EXPECT(f, "the claim", CLAIM(alice));
    uint16_t port = f->cs.seen[0].record.allocation.port;
    claim_is(f, &f->alice, TURN_CLAIM_PORT_HELD);
    EXPECT(f, "the relay is closed, the client asks again",
           CLOSE(alice, FAMILY_SET_V4, TURN_END_REFUSED));
    EXPECT_TRUE("the port rests", checked_count(&f->cs, TURN_COUNT_PORTS_RESTING) == 1 &&
                                      checked_count(&f->cs, TURN_COUNT_CLAIMS_PORT_HELD) == 1);
    open_relay(f, &f->alice, ATTRS(UDP));
    EXPECT(f, "the claim", CLAIM(alice));
    EXPECT_TRUE("of another port", f->cs.seen[0].record.allocation.port != port);
    claim_is(f, &f->alice, TURN_CLAIM_GRANTED);
    EXPECT(f, "is granted", SUCCESS(alice));
}

static void registry_away(void **state)
{
    struct fixture *f = *state;
    open_relay(f, &f->alice, ATTRS(UDP));
    EXPECT(f, "the claim", CLAIM(alice));
    claim_is(f, &f->alice, TURN_CLAIM_UNAVAILABLE);
    EXPECT(f, "availability first", SUCCESS(alice));
    EXPECT_TRUE("marked as such", checked_count(&f->cs, TURN_COUNT_ALLOCATIONS_UNCLAIMED) == 1);
    ask(f, &f->alice, TURN_REFRESH, ATTRS(LIFETIME(700)));
    EXPECT(f, "its records say so", RECORD(alice, 0), SUCCESS(alice));
    EXPECT_TRUE("unclaimed", f->cs.seen[0].record.allocation.unclaimed);
    open_relay(f, &f->bob, ATTRS(UDP));
    claim_is(f, &f->bob, TURN_CLAIM_GRANTED);
    EXPECT(f, "the registry is back", SUCCESS(bob));

    struct turn_publication publication = {.only_unclaimed = true};
    checked_publish(&f->cs, &publication);
    EXPECT(f, "what is unclaimed is claimed, and nothing else", CLAIM(alice));
    claim_is(f, &f->alice, TURN_CLAIM_GRANTED);
    EXPECT_NOTHING(f, "it was answered long ago");
    EXPECT_TRUE("claimed now", checked_count(&f->cs, TURN_COUNT_ALLOCATIONS_UNCLAIMED) == 0);
    EXPECT_TRUE("and no more", !checked_publish(&f->cs, &publication));
}

static void published_again(void **state)
{
    struct fixture *f = *state;
    claimed_alice(f);
    ask(f, &f->alice, TURN_CHANNEL_BIND, ATTRS(CHANNEL(0x4001), PEER(f->peer_v4)));
    EXPECT(f, "a binding is recorded before it is answered", RECORD(alice, 0x4001), SUCCESS(alice));
    struct turn_publication publication = {0};
    EXPECT_TRUE("there is one", checked_publish(&f->cs, &publication));
    EXPECT(f, "everything that is known is told again", CLAIM(alice), RECORD(alice, 0x4001));
    EXPECT_TRUE("and that is all", !checked_publish(&f->cs, &publication));
    claim_is(f, &f->alice, TURN_CLAIM_HELD);
    EXPECT(f, "one of two owners gives up, silently", CLOSE(alice, FAMILY_SET_V4, TURN_END_LOST));
}

static void many_channels_are_published_in_portions(void **state)
{
    enum { CHANNELS = 150 };
    struct fixture *f = *state;
    f->setup.config.channels_per_allocation = CHANNELS;
    claimed_alice(f);
    /* The model holds fewer; the order of commands is all that counts here. */
    for (uint16_t i = 0; i < 31; i++) {
        struct transport_addr peer = f->peer_v4;
        peer.port = (uint16_t)(1000 + i);
        ask(f, &f->alice, TURN_CHANNEL_BIND, ATTRS(CHANNEL(0x4000 + i), PEER(peer)));
    }
    open_relay(f, &f->bob, ATTRS(UDP));
    claim_is(f, &f->bob, TURN_CLAIM_GRANTED);
    struct turn_publication publication = {0};
    size_t claims = 0, records = 0;
    while (checked_publish(&f->cs, &publication)) {
        for (size_t i = 0; i < f->cs.seen_count; i++) {
            claims += f->cs.seen[i].command.kind == TURN_COMMAND_CLAIM;
            records += f->cs.seen[i].command.kind == TURN_COMMAND_RECORD;
        }
        f->cs.has_claim = false;
    }
    EXPECT_TRUE("each once", claims == 2 && records == 31);
}

static void changes_are_recorded(void **state)
{
    struct fixture *f = *state;
    open_relay(f, &f->alice, ATTRS(UDP, ADDITIONAL_FAMILY(2)));
    claim_is(f, &f->alice, TURN_CLAIM_GRANTED);
    EXPECT(f, "Allocate", SUCCESS(alice));
    advance(f, 10);
    ask(f, &f->alice, TURN_REFRESH, ATTRS(LIFETIME(900)));
    EXPECT(f, "Refresh: the new expiry before the answer", RECORD(alice, 0), SUCCESS(alice));
    EXPECT_TRUE("as it was granted", f->cs.seen[0].record.allocation.expires.usec ==
                                         f->cs.now.mono.usec + 900 * USEC_PER_SEC);
    ask(f, &f->alice, TURN_REFRESH, ATTRS(LIFETIME(0), REQUESTED_FAMILY(2)));
    EXPECT(f, "a family that is given up is recorded",
           CLOSE(alice, FAMILY_SET_V6, TURN_END_DELETED), RECORD(alice, 0), SUCCESS(alice));
    ask(f, &f->alice, TURN_CHANNEL_BIND, ATTRS(CHANNEL(0x4000), PEER(f->peer_v4)));
    EXPECT(f, "ChannelBind", RECORD(alice, 0x4000), SUCCESS(alice));
    ask(f, &f->alice, TURN_CHANNEL_BIND, ATTRS(CHANNEL(0x4000), PEER(f->peer_v4)));
    EXPECT(f, "and again: another expiry", RECORD(alice, 0x4000), SUCCESS(alice));
    ask(f, &f->alice, TURN_CHANNEL_BIND, ATTRS(CHANNEL(0x4000), PEER(f->peer_v6)));
    EXPECT(f, "what is refused is not recorded", ERROR(alice, 443));
    ask(f, &f->alice, TURN_REFRESH, ATTRS(LIFETIME(0)));
    EXPECT(f, "the end is recorded before the answer",
           CLOSE(alice, FAMILY_SET_V4, TURN_END_DELETED), FORGET(alice, 0), SUCCESS(alice));
}

static void time_is_recorded(void **state)
{
    struct fixture *f = *state;
    claimed_alice(f);
    ask(f, &f->alice, TURN_REFRESH, ATTRS(LIFETIME(1000)));
    ask(f, &f->alice, TURN_CHANNEL_BIND, ATTRS(CHANNEL(0x4000), PEER(f->peer_v4)));
    advance(f, 900);
    EXPECT(f, "a channel that is nobody's any more", FORGET(alice, 0x4000));
    advance(f, 100);
    EXPECT(f, "an allocation that has expired", CLOSE(alice, FAMILY_SET_V4, TURN_END_EXPIRED),
           FORGET(alice, 0));
}

static void lost_to_another_shard(void **state)
{
    struct fixture *f = *state;
    claimed_alice(f);
    checked_lost(&f->cs, &f->bob.tuple);
    EXPECT_NOTHING(f, "it was not here");
    checked_lost(&f->cs, &f->alice.tuple);
    EXPECT(f, "the owner's records are its own", CLOSE(alice, FAMILY_SET_V4, TURN_END_LOST));
    client_sends_channel(f, &f->alice, 0x4000, "data");
    EXPECT_TRUE("it is not ours any more", f->cs.verdict == TURN_VERDICT_NOT_MINE);
}

static void what_is_not_claimed_yet_is_not_lost(void **state)
{
    struct fixture *f = *state;
    struct turn_publication publication = {.only_unclaimed = true};
    open_relay(f, &f->alice, ATTRS(UDP));
    claim_is(f, &f->alice, TURN_CLAIM_UNAVAILABLE);
    checked_lost(&f->cs, &f->alice.tuple);
    EXPECT_NOTHING(f, "its claim will tell");
    checked_publish(&f->cs, &publication);
    EXPECT(f, "here it is", CLAIM(alice));
    claim_is(f, &f->alice, TURN_CLAIM_HELD);
    EXPECT(f, "and it does", CLOSE(alice, FAMILY_SET_V4, TURN_END_LOST));
}

static void expect_not_mine(struct fixture *f, const char *rule, uint32_t shard)
{
    EXPECT_NOTHING(f, rule);
    EXPECT_TRUE(rule, f->cs.verdict == TURN_VERDICT_NOT_MINE && f->cs.relay.shard == shard);
}

static void settled(struct fixture *f, struct test_client *client)
{
    checked_settled(&f->cs, &client->tuple,
                    (struct bytes){.data = client->request, .len = client->request_len}, AUTHENTIC);
}

static void others_may_own_it(void **state)
{
    struct fixture *f = *state;
    start(f);
    get_nonce(f, &f->alice);
    const char *rule = "row Misrouted: what needs an allocation may be another shard's";
    client_sends_channel(f, &f->alice, 0x4000, "data");
    expect_not_mine(f, rule, TURN_SHARD_UNKNOWN);
    settled(f, &f->alice);
    EXPECT_DROP(f, "nobody's", NO_ALLOCATION);
    ask(f, &f->alice, TURN_REFRESH, ATTRS(LIFETIME(600)));
    expect_not_mine(f, rule, TURN_SHARD_UNKNOWN);
    settled(f, &f->alice);
    EXPECT(f, "nobody's", ERROR(alice, 437));
    ask(f, &f->alice, TURN_CHANNEL_BIND, ATTRS(CHANNEL(0x4000), PEER(f->peer_v4)));
    expect_not_mine(f, rule, TURN_SHARD_UNKNOWN);
    settled(f, &f->alice);
    EXPECT(f, "nobody's", ERROR(alice, 437));
    ask(f, &f->alice, TURN_CREATE_PERMISSION, ATTRS(PEER(f->peer_v4)));
    expect_not_mine(f, rule, TURN_SHARD_UNKNOWN);
    settled(f, &f->alice);
    EXPECT(f, "nobody's, and without effect", SUCCESS(alice));
}

static void nobody_else_is_asked(void **state)
{
    struct fixture *f = *state;
    start(f);
    ask(f, &f->bob, TURN_REFRESH, NO_ATTRS);
    EXPECT(f, "who is not authenticated causes no look-up", ERROR(bob, 401));
    get_nonce(f, &f->alice);
    f->alice.key.bytes[0] ^= 1;
    struct message wrong = client_message(&f->alice, TURN_REFRESH, NO_ATTRS);
    client_asks(f, &f->alice, &wrong, FORGED);
    f->alice.key.bytes[0] ^= 1;
    EXPECT_TRUE("nor does a wrong key", f->cs.verdict == TURN_VERDICT_CONTROL &&
                                            f->cs.seen_count == 1 &&
                                            f->cs.seen[0].answer.error_code == 401);
    ask(f, &f->alice, STUN_BINDING, NO_ATTRS);
    EXPECT(f, "Binding is anybody's", SUCCESS(alice));
    client_sends(f, &f->alice, (struct bytes){.data = (const uint8_t *)"\x40\0\0\x09", .len = 4});
    EXPECT_DROP(f, "what is broken is broken everywhere", MALFORMED_CHANNEL_DATA);
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(UDP));
    EXPECT(f, "an Allocate asks by its claim", OPEN(alice, FAMILY_SET_V4));
    claim_is(f, &f->alice, TURN_CLAIM_HELD); /* a claim that was not made */
    EXPECT_NOTHING(f, "while the relay is being opened nothing can be refused");
}

static void token_of_another_shard(void **state)
{
    struct fixture *f = *state;
    open_relay(f, &f->alice, ATTRS(UDP, EVEN_PORT(1)));
    claim_is(f, &f->alice, TURN_CLAIM_GRANTED);
    EXPECT(f, "Allocate", SUCCESS(alice));
    uint16_t here = f->cs.config.shard;

    struct fixture *other = fixture_new();
    other->setup.config.shard = (uint16_t)(here + 1);
    start(other);
    get_nonce(other, &other->device[0]);
    ask(other, &other->device[0], TURN_ALLOCATE, ATTRS(UDP, TOKEN(f->alice.token)));
    expect_not_mine(other, "row RESERVATION-TOKEN: it names its shard", here);
    settled(other, &other->device[0]);
    EXPECT_TRUE("and no other one can honour it",
                other->cs.seen_count == 1 && other->cs.seen[0].answer.error_code == 508);
    fixture_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(allocate_waits_for_its_claim),
        SCENARIO(claim_held_by_another_shard),
        SCENARIO(claim_over_quota),
        SCENARIO(claim_of_a_port_that_is_recorded),
        SCENARIO(registry_away),
        SCENARIO(published_again),
        SCENARIO(many_channels_are_published_in_portions),
        SCENARIO(changes_are_recorded),
        SCENARIO(time_is_recorded),
        SCENARIO(lost_to_another_shard),
        SCENARIO(what_is_not_claimed_yet_is_not_lost),
        SCENARIO(others_may_own_it),
        SCENARIO(nobody_else_is_asked),
        SCENARIO(token_of_another_shard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

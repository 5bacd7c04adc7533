/* registrar_publish.c — everything that the core holds once more, and what is left over removed. */
#include "registrar_internal.h"

/* The most channels of one allocation (options_table.c), which are published with it in one go. */
enum { ALLOCATION_RECORDS_MAX = 1 + 4096 };
_Static_assert(REGISTRAR_WINDOW + ALLOCATION_RECORDS_MAX <= OWNERSHIP_PENDING_MAX,
               "an allocation that is begun within the window is published as a whole");

void registrar_restored(struct registrar *registrar, bool rewrite)
{
    registrar->is_restored = true;
    /* What was rebuilt is recorded as it is. What was not there in time to be rebuilt, and what
     * was made while there was no lease, is not. */
    registrar->wants_all = rewrite || registrar->epoch != registrar->first_epoch;
    registrar->wants_unclaimed = true;
    if (registrar->config.values[TURN_COUNT_ALLOCATIONS_UNCLAIMED] == 0)
        registrar->again_at = MONO_TIME_NEVER;
}

void registrar_claim_unclaimed(struct registrar *registrar)
{
    registrar->wants_unclaimed = true;
    registrar->publish_at = (struct mono_time){0};
}

static void begin_publication(struct registrar *registrar, struct turn_now now)
{
    bool is_second = mono_time_due(registrar->again_at, now.mono);

    if (is_second) {
        registrar->again_at = MONO_TIME_NEVER;
        registrar->wants_all = true;
    }
    /* A comparison that was not answered is made up for. */
    bool has_to_compare = registrar->wants_comparison && mono_time_is_never(registrar->again_at);

    if (!registrar->wants_all && !registrar->wants_unclaimed && !has_to_compare)
        return;
    registrar->publication = (struct turn_publication){.only_unclaimed = !registrar->wants_all};
    registrar->publication_began_at = now.mono;
    /* What is removed from the core without the registry knowing would be restored one day. */
    registrar->wants_comparison |= registrar->wants_all;
    registrar->wants_all = false;
    registrar->wants_unclaimed = false;
    registrar->publishing = PUBLISHING_CLAIMS;
}

static void publish_some(struct registrar *registrar, struct turn_now now)
{
    const struct registrar_config *config = &registrar->config;

    registrar->is_inside_publication = true;
    while (registrar->pending < REGISTRAR_WINDOW || registrar->publication.channel != 0) {
        if (!turn_server_publish(config->server, &registrar->publication)) {
            registrar->publishing = AWAITING_ANSWERS;
            break;
        }
        config->on_commands(config->context, now);
        registrar_count(registrar, SHARD_COUNT_REGISTRY_PUBLISHED);
    }
    registrar->is_inside_publication = false;
}

static void compare_one(void *context, const struct owner *owner, const struct turn_record *record)
{
    struct registrar *registrar = context;

    (void)owner;
    if (record != NULL && record->kind == TURN_RECORD_ALLOCATION &&
        !turn_server_has(registrar->config.server, &record->five_tuple))
        registrar_write_record(registrar, registrar_begin(registrar), false, record);
}

static void on_compared(void *context, const struct ownership_answer *answer)
{
    struct registrar *registrar = context;

    (void)registrar_begin(registrar);
    registrar->pending--;
    registrar->wants_comparison = answer->outcome != OWNERSHIP_DONE;
    registrar->publishing = PUBLISHING_NOTHING;
}

static void end_publication(struct registrar *registrar, struct turn_now now)
{
    const struct registrar_config *config = &registrar->config;

    /* With all claims answered it is known what is still ours. */
    if (!registrar->wants_all && !registrar->publication.only_unclaimed &&
        !mono_time_before(registrar->publication_began_at, registrar->doubt_at))
        lease_settled(&registrar->lease);
    registrar->publish_at = after_msec(now, RETRY_MSEC);
    if (registrar->wants_comparison && mono_time_is_never(registrar->again_at) &&
        ownership_list(config->ownership, now, &config->lease.owner, compare_one, on_compared,
                       registrar) == ERR_OK) {
        registrar->wants_comparison = false;
        registrar->publishing = COMPARING;
        registrar_submitted(registrar);
        return;
    }
    registrar->publishing = PUBLISHING_NOTHING;
}

void registrar_publish(struct registrar *registrar, struct turn_now now)
{
    /* While it is asked whether the lease has outlived a pause, it is not known under which. */
    bool is_asking = registrar->lease.is_doubtful && registrar->epoch == registrar->doubt_epoch;

    if (!registrar_can_write(registrar) || !registrar->is_restored || is_asking)
        return;
    if (registrar->publishing == PUBLISHING_NOTHING &&
        mono_time_due(registrar->publish_at, now.mono))
        begin_publication(registrar, now);
    if (registrar->publishing == PUBLISHING_CLAIMS)
        publish_some(registrar, now);
    if (registrar->publishing == AWAITING_ANSWERS && registrar->publication_claims == 0)
        end_publication(registrar, now);
}

/* ownership_redis_listing.c — walks an index in Redis and reads what it names, step by step. */
#include "ownership_redis_listing.h"

#include "ownership_redis_records.h"
#include "ownership_redis_reply.h"
#include "ownership_redis_seen.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    SCAN_COUNT = 128,
    /* So many members are read in a step at most, fewer where they have many records. */
    READ_MAX = 32,
    READ_FIELDS = 512,
    CURSOR_MAX = 24,
    MEMBER_MAX = RECORD_KEY_MAX,
    INDEX_MAX = 24 + OWNER_TEXT_MAX,
};
_Static_assert((int)MEMBER_MAX >= (int)OWNER_TEXT_MAX, "members of both indexes fit");
_Static_assert(2 * READ_MAX + 3 <= REDIS_COMMAND_ARGS_MAX, "two keys for a lease");

struct listing {
    struct redis_requests *requests;
    struct owner owner; /* whose allocations */
    ownership_each_record *each_record;
    char host[HOST_NAME_MAX_LEN + 1]; /* whose leases; empty for all */
    ownership_each_lease *each_lease; /* NULL: allocations are listed */
    ownership_done *done;
    void *context;

    char index[INDEX_MAX];
    char cursor[CURSOR_MAX];
    struct redis_seen seen; /* Redis may name a member twice */
    char (*members)[MEMBER_MAX];
    size_t member_count;
    size_t next; /* of the members */
    size_t step; /* of them are being read */
    size_t step_max;
    char keys[2 * READ_MAX][24 + MEMBER_MAX];
};

static void advance(struct listing *listing);

static void free_listing(struct listing *listing)
{
    redis_seen_free(&listing->seen);
    free(listing->members);
    free(listing);
}

static void end(struct listing *listing, enum ownership_outcome outcome)
{
    struct ownership_answer answer = {.outcome = outcome};
    ownership_done *done = listing->done;
    void *context = listing->context;

    free_listing(listing);
    done(context, &answer);
}

static bool is_done(const struct redisReply *reply)
{
    return redis_reply_is(redis_reply_at(reply, 0), "DONE");
}

/* Reading. */

static size_t give_allocation(struct listing *listing, const char *member,
                              const struct redisReply *fields)
{
    struct redis_allocation allocation;
    enum err err = redis_allocation_read(bytes_of_text(member), fields, &allocation);

    /* ERR_NOT_FOUND: it ended meanwhile. */
    if (err == ERR_MALFORMED)
        listing->each_record(listing->context, &listing->owner, NULL);
    else if (err == ERR_OK && owner_equal(&allocation.owner, &listing->owner))
        redis_allocation_give(&allocation, listing->each_record, listing->context);
    return redis_reply_count(fields);
}

static void give_lease(struct listing *listing, const char *member, const struct redisReply *stored)
{
    struct shard_lease lease;
    struct owner owner;

    if (owner_read(bytes_of_text(member), &owner) == ERR_OK &&
        redis_lease_read(&owner, redis_reply_text(redis_reply_at(stored, 1)),
                         redis_reply_text(redis_reply_at(stored, 2)), &lease) == ERR_OK)
        listing->each_lease(listing->context, &lease,
                            redis_reply_integer(redis_reply_at(stored, 0)) == 1);
}

static void on_read(const struct redis_purpose *purpose, const struct redisReply *reply)
{
    struct listing *listing = purpose->data;
    size_t fields = 0;

    if (!is_done(reply)) {
        end(listing, OWNERSHIP_AWAY);
        return;
    }
    for (size_t i = 0; i < listing->step; i++) {
        const char *member = listing->members[listing->next++];

        if (listing->each_lease != NULL)
            give_lease(listing, member, redis_reply_at(reply, i + 1));
        else
            fields += give_allocation(listing, member, redis_reply_at(reply, i + 1));
    }
    if (fields > READ_FIELDS && listing->step_max > 1)
        listing->step_max /= 2;
    else if (fields < READ_FIELDS / 2 && listing->step_max < READ_MAX)
        listing->step_max *= 2;
    advance(listing);
}

static enum err read_members(struct listing *listing)
{
    struct redis_command command;
    struct redis_purpose purpose = {.finish = on_read, .data = listing};
    bool of_leases = listing->each_lease != NULL;
    size_t rest = listing->member_count - listing->next;
    unsigned key_count = 0;

    listing->step = rest < listing->step_max ? rest : listing->step_max;
    redis_command_begin_script(&command,
                               of_leases ? REDIS_SCRIPT_READ_LEASES : REDIS_SCRIPT_READ_ALLOCATIONS,
                               (unsigned)(of_leases ? 2 * listing->step : listing->step));
    for (size_t i = 0; i < listing->step; i++) {
        const char *member = listing->members[listing->next + i];

        if (of_leases) {
            (void)snprintf(listing->keys[key_count++], sizeof(listing->keys[0]), "relay:live:%s",
                           member);
            (void)snprintf(listing->keys[key_count++], sizeof(listing->keys[0]), "relay:shard:%s",
                           member);
        } else {
            (void)snprintf(listing->keys[key_count++], sizeof(listing->keys[0]),
                           "relay:allocation:%s", member);
        }
    }
    for (unsigned i = 0; i < key_count; i++)
        redis_command_add_text(&command, listing->keys[i]);
    return redis_requests_submit(listing->requests, &command, true, &purpose);
}

/* Scanning. */

/* is_wanted: |member| can be one, and is of what is listed. */
static bool is_wanted(struct listing *listing, struct bytes member)
{
    struct five_tuple five_tuple;
    struct owner owner;

    if (listing->each_lease == NULL) {
        if (member.len < MEMBER_MAX && record_key_read(member, &five_tuple) == ERR_OK)
            return true;
        listing->each_record(listing->context, &listing->owner, NULL);
        return false;
    }
    return member.len < MEMBER_MAX && owner_read(member, &owner) == ERR_OK &&
           (listing->host[0] == '\0' || strcmp(owner.host, listing->host) == 0);
}

static enum err take_members(struct listing *listing, const struct redisReply *scores)
{
    size_t count = redis_reply_count(scores) / 2;

    free(listing->members);
    listing->members = calloc(count + 1, sizeof(*listing->members));
    listing->member_count = 0;
    listing->next = 0;
    if (listing->members == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        struct bytes member = redis_reply_text(redis_reply_at(scores, 2 * i));
        enum err err = redis_seen_add(&listing->seen, member);

        if (err == ERR_NO_MEMORY)
            return err;
        if (err == ERR_OK && is_wanted(listing, member))
            memcpy(listing->members[listing->member_count++], member.data, member.len);
    }
    return ERR_OK;
}

static void on_scanned(const struct redis_purpose *purpose, const struct redisReply *reply)
{
    struct listing *listing = purpose->data;
    struct bytes cursor = redis_reply_text(redis_reply_at(reply, 1));

    if (!is_done(reply) || cursor.len == 0 || cursor.len >= CURSOR_MAX) {
        end(listing, OWNERSHIP_AWAY);
        return;
    }
    memcpy(listing->cursor, cursor.data, cursor.len);
    listing->cursor[cursor.len] = '\0';
    if (take_members(listing, redis_reply_at(reply, 2)) != ERR_OK)
        end(listing, OWNERSHIP_AWAY);
    else
        advance(listing);
}

static enum err scan(struct listing *listing)
{
    struct redis_command command;
    struct redis_purpose purpose = {.finish = on_scanned, .data = listing};

    redis_command_begin_script(&command, REDIS_SCRIPT_SCAN, 1);
    redis_command_add_text(&command, listing->index);
    redis_command_add_text(&command, listing->cursor);
    redis_command_add_number(&command, SCAN_COUNT);
    return redis_requests_submit(listing->requests, &command, true, &purpose);
}

static void advance(struct listing *listing)
{
    enum err err;

    if (listing->next < listing->member_count) {
        err = read_members(listing);
    } else if (strcmp(listing->cursor, "0") == 0) {
        end(listing, OWNERSHIP_DONE);
        return;
    } else {
        err = scan(listing);
    }
    if (err != ERR_OK)
        end(listing, OWNERSHIP_AWAY);
}

/* start frees |listing| when it does not begin. */
static enum err start(struct listing *listing)
{
    enum err err;

    redis_seen_init(&listing->seen);
    (void)strcpy(listing->cursor, "0");
    listing->step_max = READ_MAX / 2;
    err = scan(listing);
    if (err != ERR_OK)
        free_listing(listing);
    return err;
}

enum err redis_list_allocations(struct redis_requests *requests, const struct owner *owner,
                                ownership_each_record *each, ownership_done *done, void *context)
{
    struct listing *listing = calloc(1, sizeof(*listing));
    char owner_text[OWNER_TEXT_MAX];

    if (listing == NULL)
        return ERR_LIMIT;
    listing->requests = requests;
    listing->owner = *owner;
    listing->each_record = each;
    listing->done = done;
    listing->context = context;
    (void)owner_write(owner, owner_text);
    (void)snprintf(listing->index, sizeof(listing->index), "relay:allocations:%s", owner_text);
    return start(listing);
}

enum err redis_list_leases(struct redis_requests *requests, const char *host,
                           ownership_each_lease *each, ownership_done *done, void *context)
{
    struct listing *listing = calloc(1, sizeof(*listing));

    if (listing == NULL)
        return ERR_LIMIT;
    listing->requests = requests;
    listing->each_lease = each;
    listing->done = done;
    listing->context = context;
    (void)snprintf(listing->host, sizeof(listing->host), "%s", host != NULL ? host : "");
    (void)snprintf(listing->index, sizeof(listing->index), "relay:shards");
    return start(listing);
}

/* turn_rate_limit.c — how many unauthenticated answers a source prefix gets. */
#include "turn_rate_limit.h"

#include <stdlib.h>
#include <string.h>

/* A power of two; 24 bytes each. */
enum { BUCKETS = 4096 };

struct turn_rate_bucket {
    uint64_t prefix_hash; /* of the prefix that uses it */
    struct mono_time filled_at;
    uint32_t tokens;
};

enum err turn_rate_limit_init(struct turn_rate_limit *limit, uint32_t rate)
{
    *limit = (struct turn_rate_limit){.rate = rate};
    limit->buckets = calloc(BUCKETS, sizeof *limit->buckets);
    return limit->buckets ? ERR_OK : ERR_NO_MEMORY;
}

void turn_rate_limit_deinit(struct turn_rate_limit *limit)
{
    free(limit->buckets);
    *limit = (struct turn_rate_limit){0};
}

static bool is_loopback(const struct transport_addr *addr)
{
    static const struct ip_prefix v4 = {.ip = {127}, .family = IP_FAMILY_V4, .len = 8};
    static const struct ip_prefix v6 = {.ip = {[15] = 1}, .family = IP_FAMILY_V6, .len = 128};
    return ip_prefix_contains(&v4, addr) || ip_prefix_contains(&v6, addr);
}

static uint64_t hash_prefix(const struct siphash_key *key, const struct transport_addr *source)
{
    struct transport_addr prefix = {.family = source->family};
    memcpy(prefix.ip, source->ip, source->family == IP_FAMILY_V4 ? 3 : 7);
    return transport_addr_hash(key, &prefix);
}

/* Adds what has accrued since the last time, without losing fractions of a token. */
static void refill(struct turn_rate_bucket *bucket, uint32_t rate, struct mono_time now)
{
    int64_t elapsed = mono_time_until(now, bucket->filled_at);
    if (elapsed >= USEC_PER_SEC) {
        bucket->tokens = rate;
        bucket->filled_at = now;
        return;
    }
    uint64_t accrued = (uint64_t)elapsed * rate / (uint64_t)USEC_PER_SEC;
    if (accrued == 0)
        return;
    bucket->filled_at.usec += (int64_t)(accrued * (uint64_t)USEC_PER_SEC / rate);
    uint64_t tokens = bucket->tokens + accrued;
    bucket->tokens = tokens > rate ? rate : (uint32_t)tokens;
}

bool turn_rate_limit_take(struct turn_rate_limit *limit, const struct siphash_key *key,
                          struct mono_time now, const struct transport_addr *source,
                          bool *ret_shared)
{
    *ret_shared = false;
    if (limit->rate == 0 || is_loopback(source))
        return true;

    uint64_t hash = hash_prefix(key, source);
    struct turn_rate_bucket *bucket = &limit->buckets[hash & (BUCKETS - 1)];
    if (bucket->prefix_hash == 0) /* never used */
        *bucket =
            (struct turn_rate_bucket){.prefix_hash = hash, .filled_at = now, .tokens = limit->rate};
    refill(bucket, limit->rate, now);
    if (bucket->prefix_hash != hash) {
        if (bucket->tokens == limit->rate)
            bucket->prefix_hash = hash; /* the former one has been idle */
        else
            *ret_shared = true;
    }
    if (bucket->tokens == 0)
        return false;
    bucket->tokens--;
    return true;
}

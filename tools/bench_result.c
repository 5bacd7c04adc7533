/* bench_result.c — sums and rates of what came of a run. */
#include "bench_traffic.h"

uint64_t bench_result_received(const struct bench_result *result)
{
    return result->ways[BENCH_WAY_UP].received + result->ways[BENCH_WAY_DOWN].received;
}

static uint64_t sent(const struct bench_result *result)
{
    return result->ways[BENCH_WAY_UP].sent + result->ways[BENCH_WAY_DOWN].sent;
}

uint64_t bench_result_lost(const struct bench_result *result)
{
    uint64_t received = bench_result_received(result);
    return sent(result) > received ? sent(result) - received : 0;
}

double bench_result_loss(const struct bench_result *result)
{
    uint64_t all = sent(result);
    return all ? (double)bench_result_lost(result) / (double)all : 0;
}

double bench_result_rate(const struct bench_result *result)
{
    return result->nsec ? (double)bench_result_received(result) * 1e9 / (double)result->nsec : 0;
}

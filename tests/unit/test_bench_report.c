/* test_bench_report.c — the figures of relay-bench, computed from what was counted. */
#include "unit.h"

#include "bench_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct bench_plan plan;
static struct bench_clients clients;
static struct bench_result result;
static struct bench_report report;

static int set_up(void **state)
{
    (void)state;
    plan = (struct bench_plan){.allocations = 100, .channels = 2, .payload = 100, .server_pid = 1};
    memset(&clients, 0, sizeof clients);
    memset(&result, 0, sizeof result);
    clients.plan = &plan;
    clients.made = 100;
    clients.setup_nsec = 50000000;
    clients.deleted = 50;
    clients.delete_nsec = 10000000;
    result.nsec = 2000000000;
    result.ways[BENCH_WAY_UP].sent = 1000;
    result.ways[BENCH_WAY_UP].received = 900;
    result.ways[BENCH_WAY_DOWN].sent = 1000;
    result.ways[BENCH_WAY_DOWN].received = 1000;
    report = (struct bench_report){.plan = &plan, .clients = &clients, .result = &result};
    report.before_setup = (struct process_usage){.cpu_nsec = 1000, .resident_bytes = 1000};
    report.after_setup = (struct process_usage){.cpu_nsec = 3001000, .resident_bytes = 71000};
    report.before_traffic = (struct process_usage){.cpu_nsec = 4000000};
    report.after_traffic = (struct process_usage){.cpu_nsec = 9700000};
    report.before_delete = (struct process_usage){.cpu_nsec = 20000000};
    report.after_delete = (struct process_usage){.cpu_nsec = 20500000};
    return 0;
}

static void rates_and_costs(void **state)
{
    (void)state;
    assert_int_equal(bench_result_lost(&result), 100);
    assert_true(bench_result_loss(&result) > 0.0499 && bench_result_loss(&result) < 0.0501);
    assert_true(bench_result_rate(&result) > 949.9 && bench_result_rate(&result) < 950.1);
    assert_int_equal((int)(bench_report_setups_per_sec(&report) + 0.5), 2000);
    assert_int_equal((int)(bench_report_setup_cpu_usec(&report) + 0.5), 30);
    assert_int_equal((int)(bench_report_deletes_per_sec(&report) + 0.5), 5000);
    assert_int_equal((int)(bench_report_delete_cpu_usec(&report) + 0.5), 10);
    assert_int_equal((int)(bench_report_allocation_bytes(&report) + 0.5), 700);
    assert_int_equal((int)(bench_report_packet_cpu_usec(&report) * 10 + 0.5), 30);
}

static void nothing_divides_by_nothing(void **state)
{
    (void)state;
    memset(&result, 0, sizeof result);
    clients.made = 0;
    clients.setup_nsec = 0;
    clients.deleted = 0;
    clients.delete_nsec = 0;
    report.after_setup = report.before_setup;
    report.after_traffic = report.before_traffic;
    assert_true(bench_result_loss(&result) == 0 && bench_result_rate(&result) == 0);
    assert_true(bench_report_setups_per_sec(&report) == 0);
    assert_true(bench_report_deletes_per_sec(&report) == 0);
    assert_true(bench_report_setup_cpu_usec(&report) == 0);
    assert_true(bench_report_delete_cpu_usec(&report) == 0);
    assert_true(bench_report_allocation_bytes(&report) == 0);
    assert_true(bench_report_packet_cpu_usec(&report) == 0);
}

/* What |print| writes. The caller frees it. */
static char *printed(void (*print)(const struct bench_report *report, FILE *out))
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    print(&report, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void both_forms_say_the_same(void **state)
{
    (void)state;
    char *text = printed(bench_report_text), *json = printed(bench_report_json);
    assert_non_null(strstr(text, "100 allocations with 2 channels each, 2000/s"));
    assert_non_null(strstr(text, "950 packets/s"));
    assert_non_null(strstr(text, "3.00 us CPU for a relayed packet"));
    assert_non_null(strstr(text, "deletion: 50 allocations, 5000/s"));
    assert_non_null(strstr(text, "10.0 us CPU to delete it"));
    assert_non_null(strstr(json, "\"deletes_per_sec\": 5000.0"));
    assert_non_null(strstr(json, "\"delete_cpu_usec\": 10.00"));
    assert_non_null(strstr(json, "\"packets_per_sec\": 950.0"));
    assert_non_null(strstr(json, "\"loss\": 0.050000"));
    assert_non_null(strstr(json, "\"packet_cpu_usec\": 3.000"));
    free(text);
    free(json);
}

static void without_traffic_or_server(void **state)
{
    (void)state;
    report.result = NULL;
    plan.server_pid = 0;
    char *text = printed(bench_report_text), *json = printed(bench_report_json);
    assert_null(strstr(text, "relayed"));
    assert_null(strstr(text, "server"));
    assert_null(strstr(json, "traffic"));
    assert_null(strstr(json, "server"));
    free(text);
    free(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(rates_and_costs, set_up),
        cmocka_unit_test_setup(nothing_divides_by_nothing, set_up),
        cmocka_unit_test_setup(both_forms_say_the_same, set_up),
        cmocka_unit_test_setup(without_traffic_or_server, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

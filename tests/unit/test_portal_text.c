/* test_portal_text.c — the sentence about the connection to the control plane, for each state. */
#include "portal/portal_text.h"

#include "unit.h"

#include <string.h>

enum { NOW = 1800000000 };

static void expect(const struct portal_snapshot *snapshot, const char *sentence)
{
    char text[PORTAL_TEXT_MAX];

    assert_string_equal(portal_text_write(snapshot, NOW, text), sentence);
}

static void each_state(void **state)
{
    struct portal_snapshot s = {
        .is_live = true,
        .status = {.state = PORTAL_STATE_CONNECTING, .since_sec = NOW, .attempts = 1}};

    (void)state;
    expect(NULL, "no portal process has run yet");
    expect(&s, "not connected, attempt 1 is under way");
    (void)strcpy(s.status.error, "TCP: connection refused");
    expect(&s, "not connected, attempt 1 is under way: TCP: connection refused");
    s.status.state = PORTAL_STATE_WAITING;
    s.status.retry_sec = NOW + 12;
    s.status.attempts = 4;
    expect(&s, "not connected, attempt 4, the next one in 12 s: TCP: connection refused");
    s.status.lost_sec = NOW - 150;
    expect(&s, "not connected for 2 min, attempt 4, the next one in 12 s: TCP: connection refused");
    s.status.state = PORTAL_STATE_ADMITTED;
    s.status.admitted_sec = NOW - 3;
    expect(&s, "connected for 3 s, no heartbeat answered yet");
    s.status.admitted_sec = NOW - 3 * 3600;
    s.status.heartbeat_answered_sec = NOW - 4;
    expect(&s, "connected for 3 h, heartbeat answered 4 s ago");
    s.is_live = false;
    expect(&s, "the portal process has ended: TCP: connection refused");
    s.status.state = PORTAL_STATE_REFUSED;
    s.status.since_sec = NOW - 86400 * 5;
    (void)strcpy(s.status.error, "the token was refused");
    expect(&s, "the portal process has ended, 5 d ago: the token was refused");
}

static void whatever_the_clock_says(void **state)
{
    struct portal_snapshot s = {.is_live = true,
                                .status = {.state = PORTAL_STATE_ADMITTED,
                                           .admitted_sec = NOW + 100,
                                           .heartbeat_answered_sec = NOW + 200}};

    (void)state;
    expect(&s, "connected for 0 s, heartbeat answered 0 s ago");
}

/* The longest there can be is cut, not written beyond. */
static void fits(void **state)
{
    struct portal_snapshot s = {.is_live = true,
                                .status = {.state = PORTAL_STATE_WAITING,
                                           .attempts = UINT64_MAX,
                                           .lost_sec = 1,
                                           .retry_sec = UINT64_MAX}};
    char text[PORTAL_TEXT_MAX];

    (void)state;
    memset(s.status.error, 'e', sizeof(s.status.error) - 1);
    assert_true(strlen(portal_text_write(&s, NOW, text)) < PORTAL_TEXT_MAX);
    assert_int_equal(text[strlen(text) - 1], 'e');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_state),
        cmocka_unit_test(whatever_the_clock_says),
        cmocka_unit_test(fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

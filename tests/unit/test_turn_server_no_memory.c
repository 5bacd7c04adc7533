/* test_turn_server_no_memory.c — making a server while the heap says no, at each place in turn.
 *
 * The linker sends the calls of malloc and its kin here (--wrap).
 */
#include "unit.h"

#include "server_setup.h"

#include <stdlib.h>
#include <string.h>

/* Volatile, as compilers know that the real malloc changes no variable. */
static volatile size_t calls_left = SIZE_MAX; /* until one fails */
static volatile long live;                    /* taken and not given back */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void __real_free(void *old);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void __wrap_free(void *old);

static bool refused(void)
{
    if (calls_left == 0)
        return true;
    calls_left--;
    return false;
}

void *__wrap_malloc(size_t size)
{
    void *new = refused() ? NULL : __real_malloc(size);
    live += new != NULL;
    return new;
}

void *__wrap_calloc(size_t count, size_t size)
{
    void *new = refused() ? NULL : __real_calloc(count, size);
    live += new != NULL;
    return new;
}

void __wrap_free(void *old)
{
    live -= old != NULL;
    __real_free(old);
}

/* Nothing is lost and nothing is freed twice, wherever it ends. */
static void server(void **state)
{
    (void)state;
    static struct server_setup setup;
    server_setup_init(&setup);
    size_t failures = 0;
    for (enum err err = ERR_NO_MEMORY; err != ERR_OK; failures++) {
        struct turn_server *server = NULL;
        long before = live;
        calls_left = failures;
        err = turn_server_new(&setup.config, &server);
        calls_left = SIZE_MAX;
        if (err == ERR_OK)
            turn_server_free(server);
        else
            assert_true(err == ERR_NO_MEMORY && server == NULL);
        assert_int_equal(live, before);
    }
    assert_true(failures > 15); /* as many places were tried */
}

static void users(void **state)
{
    (void)state;
    static const char line[] = "user:8493fbc53ba582fb4c044c456bdc40eb";
    struct turn_users *set = NULL;
    long before = live;
    size_t failures = 0;
    for (; !set; failures++) {
        calls_left = failures;
        set = turn_users_new();
        calls_left = SIZE_MAX;
        assert_true(set || live == before);
    }
    assert_true(failures >= 2);
    calls_left = 0;
    assert_int_equal(turn_users_add_line(set, line, strlen(line)), ERR_NO_MEMORY);
    calls_left = SIZE_MAX;
    assert_int_equal(turn_users_count(set), 0);
    assert_int_equal(turn_users_add_line(set, line, strlen(line)), ERR_OK);
    turn_users_free(set);
    assert_int_equal(live, before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(server),
        cmocka_unit_test(users),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

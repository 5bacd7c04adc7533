/* test_portal_resolver.c — tests of portal_resolver.h, with a resolver that answers when it is
 * told. */
#include "portal/portal_resolver.h"

#include <netdb.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

/* Calls of getaddrinfo(3) come here: this program is linked so. */
int __real_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                       struct addrinfo **list);
int __wrap_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                       struct addrinfo **list);

static sem_t may_answer, woken, has_ended;
static atomic_int questions;
static const char *answer; /* looked up instead; NULL: there is no such name */
static int copies = 1;     /* of it, in the list */

int __wrap_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                       struct addrinfo **list)
{
    int failure;

    assert_string_equal(node, "portal.example");
    atomic_fetch_add(&questions, 1);
    while (sem_wait(&may_answer) != 0)
        ;
    failure = answer == NULL ? EAI_NONAME : 0;
    for (int i = 0; i < copies && failure == 0; i++) {
        failure = __real_getaddrinfo(answer, service, hints, list);
        while (failure == 0 && *list != NULL)
            list = &(*list)->ai_next;
    }
    sem_post(&has_ended);
    return failure;
}

static void wake(void *context)
{
    sem_post(context);
}

static int setup(void **state)
{
    (void)state;
    atomic_store(&questions, 0);
    return sem_init(&may_answer, 0, 0) + sem_init(&woken, 0, 0) + sem_init(&has_ended, 0, 0);
}

static struct portal_resolver *asking(void)
{
    struct portal_resolver *resolver = portal_resolver_new("portal.example", wake, &woken);

    assert_non_null(resolver);
    assert_int_equal(portal_resolver_ask(resolver), ERR_OK);
    return resolver;
}

static void an_answer_is_waited_for_and_taken_once(void **state)
{
    struct portal_resolver *resolver = asking();
    struct portal_addresses addresses;
    struct problem problem;

    (void)state;
    assert_int_equal(portal_resolver_take(resolver, &addresses, &problem), ERR_UNAVAILABLE);
    assert_int_equal(portal_resolver_ask(resolver), ERR_OK); /* under way already */
    answer = "192.0.2.1";
    sem_post(&may_answer);
    assert_int_equal(sem_wait(&woken), 0);
    assert_int_equal(portal_resolver_take(resolver, &addresses, &problem), ERR_OK);
    assert_int_equal(addresses.count, 1);
    assert_string_equal(addresses.text[0], "192.0.2.1");
    assert_int_equal(portal_resolver_take(resolver, &addresses, &problem), ERR_UNAVAILABLE);
    assert_int_equal(atomic_load(&questions), 1);
    /* And anew. */
    answer = "2001:db8::1";
    assert_int_equal(portal_resolver_ask(resolver), ERR_OK);
    sem_post(&may_answer);
    assert_int_equal(sem_wait(&woken), 0);
    assert_int_equal(portal_resolver_take(resolver, &addresses, &problem), ERR_OK);
    assert_string_equal(addresses.text[0], "2001:db8::1");
    portal_resolver_free(resolver);
}

static void of_many_addresses_the_first_ones_are_taken(void **state)
{
    struct portal_resolver *resolver = asking();
    struct portal_addresses addresses;
    struct problem problem;

    (void)state;
    answer = "2001:db8:1111:2222:3333:4444:5555:6666";
    copies = 100;
    sem_post(&may_answer);
    assert_int_equal(sem_wait(&woken), 0);
    copies = 1;
    assert_int_equal(portal_resolver_take(resolver, &addresses, &problem), ERR_OK);
    assert_int_equal(addresses.count, PORTAL_ADDRESSES_MAX);
    assert_string_equal(addresses.text[PORTAL_ADDRESSES_MAX - 1], answer);
    portal_resolver_free(resolver);
}

static void a_name_without_an_address_says_so(void **state)
{
    struct portal_resolver *resolver = asking();
    struct portal_addresses addresses;
    struct problem problem = {.text = ""};

    (void)state;
    answer = NULL;
    sem_post(&may_answer);
    assert_int_equal(sem_wait(&woken), 0);
    assert_int_equal(portal_resolver_take(resolver, &addresses, &problem), ERR_NOT_FOUND);
    assert_non_null(strstr(problem.text, "DNS: portal.example: "));
    portal_resolver_free(resolver);
}

/* Nobody waits for a resolver that hangs, and what it says in the end is heard by nobody. */
static void one_that_hangs_is_left_behind(void **state)
{
    struct portal_resolver *resolver = asking();
    int wakes;

    (void)state;
    portal_resolver_free(resolver);
    answer = "192.0.2.1";
    sem_post(&may_answer);
    assert_int_equal(sem_wait(&has_ended), 0);
    usleep(20000); /* until it has freed itself, which a sanitizer looks after */
    assert_int_equal(sem_getvalue(&woken, &wakes), 0);
    assert_int_equal(wakes, 0);
    portal_resolver_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_answer_is_waited_for_and_taken_once, setup),
        cmocka_unit_test_setup(of_many_addresses_the_first_ones_are_taken, setup),
        cmocka_unit_test_setup(a_name_without_an_address_says_so, setup),
        cmocka_unit_test_setup(one_that_hangs_is_left_behind, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

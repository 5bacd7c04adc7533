/* ownership_local_guard.c — calls LMDB so that a store that broke underneath does not end the
 * process. */
#include "ownership_local_guard.h"

#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>

static const int signals[] = {SIGBUS, SIGSEGV};
enum { SIGNAL_COUNT = sizeof(signals) / sizeof(signals[0]) };

static struct sigaction former[SIGNAL_COUNT];
static bool is_set;
static volatile sig_atomic_t is_running;
static sigjmp_buf back;

/* The instruction that failed is tried again, under the former handler; a signal that somebody sent
 * has to be sent again. */
static void as_before(int number, const siginfo_t *info)
{
    for (unsigned i = 0; i < SIGNAL_COUNT; i++)
        if (signals[i] == number)
            (void)sigaction(number, &former[i], NULL);
    if (info->si_code <= 0)
        (void)raise(number);
}

static void on_signal(int number, siginfo_t *info, void *context)
{
    (void)context;
    if (is_running && info->si_code > 0)
        siglongjmp(back, 1);
    as_before(number, info);
}

static void on_assertion(MDB_env *lmdb, const char *text)
{
    (void)lmdb;
    (void)text;
    if (is_running)
        siglongjmp(back, 1);
}

void local_guard_init(void)
{
    struct sigaction action = {.sa_sigaction = on_signal,
                               /* not blocked meanwhile, since it is left by a jump */
                               .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK};

    if (is_set)
        return;
    is_set = true;
    (void)sigemptyset(&action.sa_mask);
    for (unsigned i = 0; i < SIGNAL_COUNT; i++)
        (void)sigaction(signals[i], &action, &former[i]);
}

void local_guard_watch(MDB_env *lmdb)
{
    (void)mdb_env_set_assert(lmdb, on_assertion);
}

int local_guard_run(int (*run)(void *context), void *context)
{
    int ret;

    if (sigsetjmp(back, 0) != 0) {
        is_running = 0;
        return LOCAL_FAULT;
    }
    is_running = 1;
    ret = run(context);
    is_running = 0;
    return ret;
}

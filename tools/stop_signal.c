/* stop_signal.c — SIGINT and SIGTERM as a flag that long loops look at. */
#include "stop_signal.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t came;

static void on_signal(int signal_number)
{
    (void)signal_number;
    came = 1;
}

void stop_signal_catch(void)
{
    /* SA_RESETHAND: the second signal does what it does by default. */
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

bool stop_signal_came(void)
{
    return came != 0;
}

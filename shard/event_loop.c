/* event_loop.c — makes libevent's event loop as a shard wants it, and lets it end in order. */
#include "event_loop.h"

#include "log.h"

enum { LAST_TURNS = 4 }; /* that libevent needs to take a look-up apart, and one more */

/* What libevent has to say, of name servers above all, else goes to standard error as it is. */
static void log_libevent(int severity, const char *text)
{
    log_event(severity >= EVENT_LOG_WARN ? LOG_LEVEL_WARNING : LOG_LEVEL_DEBUG, "libevent", "text",
              text, NULL);
}

struct event_base *event_loop_new(void)
{
    struct event_base *base = NULL;

    event_set_log_callback(log_libevent);

    struct event_config *config = event_config_new();

    /* One thread: no locks. */
    if (config != NULL && event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0)
        base = event_base_new_with_config(config);
    if (config != NULL)
        event_config_free(config);
    return base;
}

void event_loop_settle(struct event_base *base)
{
    for (unsigned i = 0; base != NULL && i < LAST_TURNS; i++)
        (void)event_base_loop(base, EVLOOP_NONBLOCK);
}

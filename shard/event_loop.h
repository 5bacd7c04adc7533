/* event_loop.h — the event loop of a shard: libevent's, without locks, its words in our log. */
#ifndef RELAY_EVENT_LOOP_H
#define RELAY_EVENT_LOOP_H

#include <event2/event.h>

/* event_loop_new: NULL when there is no memory or the system refuses. The caller frees it with
 * event_base_free. From the first call on, what libevent has to say goes to the log. */
struct event_base *event_loop_new(void);

/* event_loop_settle lets libevent take apart what was given up, such as a look-up of a name, which
 * it does in turns of the loop. After all events of the caller were taken out, before
 * event_base_free. NULL is fine. */
void event_loop_settle(struct event_base *base);

#endif

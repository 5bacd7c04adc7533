/* ownership_registry.h — a registry of each backend in turn, for the tests that all of them pass.
 */
#ifndef RELAY_TESTS_OWNERSHIP_REGISTRY_H
#define RELAY_TESTS_OWNERSHIP_REGISTRY_H

#include "ownership_client.h"

#include "unit.h"

/* registry_run_tests runs the |count| tests on an empty registry of each backend, as cmocka's
 * groups do, and returns the number of failures. The functions below are for such a test. */
int registry_run_tests(const struct CMUnitTest *tests, size_t count);

/* registry_open opens a client, as shard |shard| of "host", and registry_open_with_lease takes its
 * lease; |timeout_msec| 0 is patient. */
void registry_open(struct ownership_client *client, uint32_t shard, uint32_t timeout_msec);
void registry_open_with_lease(struct ownership_client *client, uint32_t shard,
                              uint32_t timeout_msec);

/* registry_hang has it answer nothing that writes until registry_go_on. */
void registry_hang(void);
void registry_go_on(void);

/* registry_lose removes all that is recorded, as if it were another one. */
void registry_lose(void);

#endif

/* scenario.h — what every scenario test includes. */
#ifndef RELAY_TESTS_SCENARIO_H
#define RELAY_TESTS_SCENARIO_H

/* cmocka.h needs these four. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"

#endif

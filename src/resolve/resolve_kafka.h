/* SPDX-License-Identifier: Apache-2.0 */
/* resolve_kafka.h - KAFKA: brokers, security protocol, mechanism, keystore. */
#ifndef RESOLVE_KAFKA_H
#define RESOLVE_KAFKA_H

#include "resolving.h"

/* Fill the target of a validated definition of type KAFKA in; false when there is none. */
bool resolve_kafka(struct resolving *resolving);

#endif

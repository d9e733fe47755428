/* SPDX-License-Identifier: Apache-2.0 */
/* observed_librdkafka.c - a TLS connection by librdkafka, from a thread of its own. */
#include <librdkafka/rdkafka.h>
#include <stdio.h>

#include "observed.h"

CONNECT_BY_LIBRARY
{
    char error[256];
    char servers[300];
    const rd_kafka_metadata_t *metadata = NULL;
    snprintf(servers, sizeof servers, "%s:%u", host, port);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", servers, error, sizeof error);
    rd_kafka_conf_set(conf, "security.protocol", "ssl", error, sizeof error);
    rd_kafka_conf_set(conf, "enable.ssl.certificate.verification", "false", error, sizeof error);
    rd_kafka_conf_set(conf, "log_level", "0", error, sizeof error);
    rd_kafka_t *producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
    if (producer)
        rd_kafka_metadata(producer, 0, NULL, &metadata, 1000);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kafka_bare.c - what a program over librdkafka does that wants to know at once: a client, its
 * metadata call in a thread, errors polled beside it. `kafka_bare NAME=VALUE...` prints the
 * milliseconds from rd_kafka_new() to the answer.
 */
#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile bool done;
static volatile bool failed;

static void see_error(rd_kafka_t *client, int code, const char *reason, void *unused)
{
    (void)client;
    (void)reason;
    (void)unused;
    failed = failed || code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
}

static void *ask(void *client)
{
    const struct rd_kafka_metadata *metadata = NULL;
    done = rd_kafka_metadata(client, 0, NULL, &metadata, 10000) == RD_KAFKA_RESP_ERR_NO_ERROR;
    failed = failed || !done;
    return NULL;
}

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1000 + (double)now.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
    char words[512];
    pthread_t thread;
    double began = now_ms();
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (int i = 1; i < argc; i++) {
        char *value = strchr(argv[i], '=');
        if (!value)
            return 2;
        *value = '\0';
        if (rd_kafka_conf_set(conf, argv[i], value + 1, words, sizeof words) != RD_KAFKA_CONF_OK) {
            fprintf(stderr, "%s\n", words);
            return 2;
        }
    }
    rd_kafka_conf_set(conf, "enable.sparse.connections", "false", words, sizeof words);
    rd_kafka_conf_set_error_cb(conf, see_error);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, words, sizeof words);
    if (!client || pthread_create(&thread, NULL, ask, client) != 0)
        return 1;
    while (!done && !failed)
        rd_kafka_poll(client, 1);
    printf("%.3f\n", now_ms() - began);
    fflush(stdout);
    _exit(done ? 0 : 1);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* aws_cluster.c - DescribeClusters, and what a status means. */
#include "aws_cluster.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"

enum { PORT_MAXIMUM = 65535 };

void aws_cluster_release(struct aws_cluster *cluster)
{
    free(cluster->status);
    free(cluster->address);
    free(cluster->version);
    *cluster = AWS_CLUSTER_INIT;
}

static void take(struct aws_cluster *cluster, const char *body, size_t length)
{
    unsigned long port = 0;
    char *digits = aws_xml_text(body, length, "Port");
    cluster->status = aws_xml_text(body, length, "ClusterStatus");
    cluster->address = aws_xml_text(body, length, "Address");
    cluster->version = aws_xml_text(body, length, "ClusterVersion");
    if (digits && text_to_number(digits, 1, PORT_MAXIMUM, &port))
        cluster->port = (unsigned)port;
    free(digits);
}

bool aws_cluster_describe(struct aws *aws, struct aws_call *call, const char *name,
                          struct aws_cluster *cluster, struct error *err)
{
    const char *pairs[] = {"ClusterIdentifier", name, NULL};
    struct aws_answer answer = AWS_ANSWER_INIT;
    char *query = aws_query(pairs);
    call->service = AWS_REDSHIFT;
    call->operation = "DescribeClusters";
    call->body = query;
    bool found = aws_send(aws, call, &answer, err);
    if (found && !answer.ok) {
        found = aws_explain_test(aws, call, &answer, err);
    } else if (found) {
        take(cluster, answer.http.body, answer.http.body_length);
        found = cluster->status || aws_tell_foreign(call, &answer, err);
    }
    aws_answer_release(&answer);
    call->body = NULL;
    free(query);
    return found;
}

bool aws_cluster_judge(const char *status, const char *what, const char *property,
                       struct error *err)
{
    if (!status || strncasecmp(status, "available", strlen("available")) == 0)
        return true;
    error_set(err, REASON_SERVER_STARTING, "%s of Redshift is not available: its status is \"%s\"",
              what, status);
    if (strcasecmp(status, "paused") == 0)
        error_remedy(err, "resume the cluster");
    return error_property(err, property);
}

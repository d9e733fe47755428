/* SPDX-License-Identifier: Apache-2.0 */
/* aws_cluster.h - a provisioned cluster of Redshift: where it is, and whether it is up. */
#ifndef AWS_CLUSTER_H
#define AWS_CLUSTER_H

#include "aws.h"

/* Begin with AWS_CLUSTER_INIT, end with aws_cluster_release(). NULL: not told. */
struct aws_cluster {
    char *status; /* "available" */
    char *address;
    char *version;
    unsigned port; /* 0: not told */
};
#define AWS_CLUSTER_INIT ((struct aws_cluster){.status = NULL})
void aws_cluster_release(struct aws_cluster *cluster);

/* Ask for NAME by CALL, DescribeClusters of Redshift, whose body is put in. False with ERR set. */
bool aws_cluster_describe(struct aws *aws, struct aws_call *call, const char *name,
                          struct aws_cluster *cluster, struct error *err);

/* Whether STATUS ("available", "Available, ..."; NULL: nobody knows) is one of a cluster or
 * workgroup that answers. False with ERR set to SERVER_STARTING; WHAT and PROPERTY are blamed. */
bool aws_cluster_judge(const char *status, const char *what, const char *property,
                       struct error *err);

#endif

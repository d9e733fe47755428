/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_line.h - the lines that a worker sends while it tests, one JSON object each, "\n"-ended,
 * at most REPORT_LINE_MAXIMUM bytes. Every line has "at": microseconds since the worker read its
 * request.
 *
 *   {"at":N,"stage":"tcp"}                       that stage begins, the one before it passed
 *   {"at":N,"attempt":"dns"}                     a new attempt: stages from there on start over
 *   {"at":N,"fact":KEY,"value":V[,"stage":S]}    a fact of the stage at hand (or of S)
 *   {"at":N,"finding":{severity,rule,message[,property]}[,"stage":S]}
 *   {"at":N,"plan":["dns","tcp",...]}            the stages that this test has, in any order
 *   {"at":N,"driver":NAME} {"at":N,"target":{...}} {"at":N,"tls":{...}} {"at":N,"server":{...}}
 *                                                target merges, tls and server replace
 *   {"at":N,"ok":true}                           verdict: every stage entered passed
 *   {"at":N,"ok":false,"stage":S,"code":C,"reason":R[,"remedy":T][,"property":P][,"attempt":K]
 *                                                [,"brief":B][,"details":[[LABEL,TEXT],...]]}
 *                                                verdict; K (from 0): which attempt decided
 */
#ifndef REPORT_LINE_H
#define REPORT_LINE_H

enum {
    REPORT_LINE_MAXIMUM = 256 * 1024,  /* bytes, newline included */
    REPORT_TOTAL_MAXIMUM = 1024 * 1024 /* bytes of all lines of one worker */
};

#endif

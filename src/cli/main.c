/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - the program: argv[1] is a command. */
#include <stdio.h>

int main(void)
{
    puts("testconn " TESTCONN_VERSION);
    return 0;
}

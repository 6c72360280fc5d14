/* A jail for tests: memory, reading and writing open descriptors, exit; every other system call kills
 * the process. Nothing under the sanitizers, which make calls of their own. */
#ifndef CH_TEST_CONFINE_H
#define CH_TEST_CONFINE_H

void test_confine(void);

#endif

/* The process: the fetcher's program, started as egress. */
#ifndef CH_EGRESS_PROCESS_H
#define CH_EGRESS_PROCESS_H

/* From the set-up to the end; says itself what fails. Exit status. */
int egress_process(void);

#endif

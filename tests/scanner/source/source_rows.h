/* Sources, and the finding that each must have, or that it must have none that is loud. */
#ifndef CH_TESTS_SOURCE_ROWS_H
#define CH_TESTS_SOURCE_ROWS_H

#include <stddef.h>

struct source_row {
    int place;           /* enum ch_code_place */
    const char *finding; /* NULL: none but notes and what is of severity low */
    const char *source;
};

extern const struct source_row source_rows[];
extern const size_t source_row_count;
extern const struct source_row source_row_doors[]; /* ways to a function other than its name */
extern const size_t source_row_door_count;
extern const struct source_row source_row_near[]; /* honest code, and what comes nearest to it */
extern const size_t source_row_near_count;

#endif

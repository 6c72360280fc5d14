/* Writes archives that tests build into a corpus folder of the fuzz targets: test_zip, test_zip_extra,
 * test_wheel, test_tar, test_stream and test_page_facts with CORPUS_DIR as the only argument. */
#ifndef CH_TEST_CORPUS_H
#define CH_TEST_CORPUS_H

#include "customhouse/bytes.h"

/* The label becomes the file's name; false when it cannot be written (errno). */
bool corpus_write(const char *dir, const char *label, struct ch_str bytes);

#endif

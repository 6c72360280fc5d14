/* Writes archives that tests build into a corpus folder of the fuzz targets:
 *   test_zip CORPUS_DIR     test_wheel CORPUS_DIR     test_tar CORPUS_DIR     test_stream CORPUS_DIR
 *   test_page_facts CORPUS_DIR */
#ifndef CH_TEST_CORPUS_H
#define CH_TEST_CORPUS_H

#include "customhouse/bytes.h"

/* The label becomes the file's name; false when it cannot be written (errno). */
bool corpus_write(const char *dir, const char *label, struct ch_str bytes);

#endif

/* Targets: ch_lockfile_parse. The first byte of the input chooses the format. */
#include <stdint.h>

#include "base/lockfile/lockfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ch_lockfile *f = NULL;
    struct ch_err err;
    if (size == 0) {
        return 0;
    }
    struct ch_str text = {(const char *)data + 1, size - 1};
    enum ch_lockfile_format format = (enum ch_lockfile_format)(1 + data[0] % 8);
    if (ch_lockfile_parse(text, "f", format, &f, &err) == CH_OK) {
        for (size_t i = 0; i < f->package_count; i++) {
            const struct ch_locked *p = &f->packages[i];
            CH_ASSERT(p->line > 0 && p->column > 0 && p->line <= size + 1);
            CH_ASSERT(p->name.ptr != NULL || p->source.ptr != NULL);
            for (size_t k = 0; k < p->hash_count; k++) {
                CH_ASSERT(p->hashes[k].ptr[p->hashes[k].len] == '\0');
            }
        }
        for (size_t i = 0; i < f->include_count; i++) {
            CH_ASSERT(f->includes[i].path.len > 0 && f->includes[i].line > 0);
        }
    } else {
        CH_ASSERT(f == NULL && err.msg[0] != '\0');
    }
    ch_lockfile_free(f);
    return 0;
}

#include "corpus.h"

#include <stdio.h>

bool corpus_write(const char *dir, const char *label, struct ch_str bytes)
{
    char path[4096];
    int n = snprintf(path, sizeof(path), "%s/", dir);
    for (const char *c = label; *c != '\0' && (size_t)n < sizeof(path) - 1; c++) {
        bool plain =
            (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');
        path[n++] = plain ? *c : '-';
    }
    path[n] = '\0';
    FILE *f = fopen(path, "wb");
    if (f == NULL) {
        return false;
    }
    bool ok = fwrite(bytes.ptr, 1, bytes.len, f) == bytes.len;
    return fclose(f) == 0 && ok;
}

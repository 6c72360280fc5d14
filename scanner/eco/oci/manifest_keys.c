/* Keys as Go's encoding/json finds them: by case folding, U+017F and U+212A included. */
#include <stdio.h>
#include <string.h>

#include "scanner/eco/oci/manifest_int.h"

/* The letter at *s in lower case; *ret_next is behind it. */
static char fold_letter(const char *s, const char **ret_next)
{
    if (strncmp(s, "\xc5\xbf", 2) == 0) { /* LATIN SMALL LETTER LONG S */
        *ret_next = s + 2;
        return 's';
    }
    if (strncmp(s, "\xe2\x84\xaa", 3) == 0) { /* KELVIN SIGN */
        *ret_next = s + 3;
        return 'k';
    }
    *ret_next = s + 1;
    return (char)(*s >= 'A' && *s <= 'Z' ? *s - 'A' + 'a' : *s);
}

static bool is_folded(const char *key, const char *known)
{
    const char *next;
    while (*key != '\0' && *known != '\0') {
        char want = fold_letter(known, &known);
        if (fold_letter(key, &next) != want) {
            return false;
        }
        key = next;
    }
    return *key == '\0' && *known == '\0';
}

enum ch_code ch_oci_check_keys(const struct ch_json *object, const char *const *known,
                               struct ch_err *err)
{
    struct ch_json at;
    void *walk = NULL;
    while (ch_json_next(object, &walk, &at)) {
        for (size_t i = 0; known[i] != NULL; i++) {
            if (strcmp(at.key, known[i]) != 0 && is_folded(at.key, known[i])) {
                char what[128];
                snprintf(what, sizeof(what), "some clients take this key for %s", known[i]);
                return ch_json_fail(at, err, what);
            }
        }
    }
    return CH_OK;
}

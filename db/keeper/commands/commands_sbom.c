/* sbom: what one file, or one image, is made of. The document alone is printed: it is for programs.
 */
#include "commands_int.h"

#include "customhouse/limits.h"
#include "db/keeper/signing/images.h"
#include "db/keeper/signing/sboms.h"

/* The only one that is meant; an image is meant by each of its files. SIZE_MAX: none, or
 * *ret_count. */
static size_t find(const struct page *p, const struct what *what, size_t *ret_count)
{
    size_t found = SIZE_MAX;
    *ret_count = 0;
    for (size_t i = 0; i < p->facts.file_count; i++) {
        bool of_image = p->eco->whole_versions && what->kind != WHAT_FILE;
        if (command_names(p, i, what) && (!of_image || images_role(p, i) != CH_WHOLE_PART)) {
            found = i;
            ++*ret_count;
        }
    }
    return *ret_count == 1 ? found : SIZE_MAX;
}

static enum step end_unclear(struct command *c, const struct page *p, const struct what *what,
                             size_t count)
{
    if (count == 0) {
        return command_end(c, 1, "%s: the upstream lists nothing like that", what->project);
    }
    for (size_t i = 0; i < p->facts.file_count; i++) {
        if (command_names(p, i, what)) {
            command_put_escaped(c, p->facts.files[i].index.file_name);
            command_print(c, "\n");
        }
    }
    return command_end(c, 2, "that is %zu files: name one of them", count);
}

enum step command_sbom(struct command *c)
{
    struct ch_str format = command_option(c, "format");
    bool spdx = ch_str_eq(format, CH_STR("spdx"));
    struct what what;
    struct ch_buf document;
    struct ch_err err;
    enum step step;
    size_t count;
    if (format.len > 0 && !spdx && !ch_str_eq(format, CH_STR("cyclonedx"))) {
        return command_end(c, 2, "--format: expected cyclonedx or spdx");
    }
    if (command_what(c, &what, &err) != CH_OK) {
        return command_end(c, command_status_of(&err), "%s", err.msg);
    }
    struct page *p = command_page(c, &what, &step);
    if (p == NULL) {
        return step;
    }
    size_t file = find(p, &what, &count);
    if (file == SIZE_MAX) {
        return end_unclear(c, p, &what, count);
    }
    ch_buf_init(&document, ch_limits.sbom_bytes);
    enum ch_code rc =
        sboms_put(c->k, p, file, spdx ? CH_PART_SPDX : CH_PART_CYCLONEDX, &document, &err);
    if (rc == CH_OK) {
        command_put(c, ch_buf_str(&document));
        command_print(c, "\n");
    }
    ch_buf_done(&document);
    return rc == CH_OK ? command_end(c, 0, "%s", "") : command_end(c, 1, "%s", err.msg);
}

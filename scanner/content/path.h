/* Paths of members, taken apart. */
#ifndef CH_CONTENT_PATH_H
#define CH_CONTENT_PATH_H

#include "customhouse/bytes.h"

struct ch_str path_base(struct ch_str path);   /* after the last '/' */
struct ch_str path_folder(struct ch_str path); /* before that, with the '/'; or empty */
/* "py" of "a/b.tar.py", absent when there is none; as it stands. */
struct ch_str path_extension(struct ch_str path);
bool path_has_extension(struct ch_str path, const char *lower_case); /* without the dot */
bool path_ends_nocase(struct ch_str s, struct ch_str suffix);
/* Whether some folder of the path has one of the names under which packages keep what they do not
 * run: tests, examples. */
bool path_is_test(struct ch_str path);
struct ch_str
path_test_part(struct ch_str path); /* the first such folder, within `path`; or absent */
/* The part before the first '.': "mod" of "mod.cpython-312-x86_64-linux-gnu.so". */
struct ch_str path_stem(struct ch_str base);
/* In a package a module that is of tests by its name: those that pytest looks for (python_files, conftest), and helpers of
 * such. Nothing else says so of it: any text that is its name names it. */
bool path_is_test_module(struct ch_str path);
/* In a package what `python -m` starts, and no import does but one that names it. */
bool path_is_program(struct ch_str path);
/* Named like a script of a shell, of Windows' too. */
bool path_is_shell(struct ch_str path);

/* What lies under sys.prefix, and is imported from there: "lib/python3.12/site-packages/x.py" is
 * "x.py", so is "lib/python3.12/x.py", which takes the standard library's place. Borrows from
 * `path`. */
bool path_below_prefix(struct ch_str path, struct ch_str *ret);

#endif

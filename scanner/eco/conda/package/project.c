/* What a conda package is called as a Python project, where the names differ: its modules are its
 * own. Of packages that bring the modules of scanner/content/modules.c under another name; who may
 * use a name in a channel is another question (threats.md T12). */
#include "scanner/eco/conda/package/package_int.h"

static const struct {
    const char *package;
    const char *project;
} others[] = {
    {"dask-core", "dask"},
    {"libopencv", "opencv-python"},
    {"lightgbm-python", "lightgbm"},
    {"matplotlib-base", "matplotlib"},
    {"msgpack-python", "msgpack"},
    {"opencv", "opencv-python"},
    {"py-lightgbm", "lightgbm"},
    {"py-opencv", "opencv-python"},
    {"py-xgboost", "xgboost"},
    {"py-xgboost-cpu", "xgboost"},
    {"py-xgboost-gpu", "xgboost"},
    {"pyarrow-core", "pyarrow"},
    {"pytables", "tables"},
    {"pytorch", "torch"},
    {"pytorch-cpu", "torch"},
    {"pytorch-gpu", "torch"},
    {"ray-core", "ray"},
    {"ray-default", "ray"},
    {"redis-py", "redis"},
    {"seaborn-base", "seaborn"},
    {"sentencepiece-python", "sentencepiece"},
    {"tensorflow-base", "tensorflow"},
    {"tensorflow-cpu", "tensorflow"},
    {"tensorflow-gpu", "tensorflow"},
};

struct ch_str conda_project(struct ch_str name)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(others); i++) {
        if (ch_str_eq(name, ch_str_of(others[i].package))) {
            return ch_str_of(others[i].project);
        }
    }
    return name;
}

bool conda_is_interpreter(struct ch_str name)
{
    static const char *const names[] = {"python",  "pypy",    "pypy3.7",
                                        "pypy3.8", "pypy3.9", "graalpy"};
    bool is = false;
    for (size_t i = 0; i < CH_ARRAY_LEN(names); i++) {
        is = is || ch_str_eq(name, ch_str_of(names[i]));
    }
    return is;
}

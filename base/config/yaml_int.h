#ifndef BASE_CONFIG_YAML_INT_H
#define BASE_CONFIG_YAML_INT_H

#include "base/config/yaml.h"

struct ch_yaml {
    char *file_name;
    struct ch_yaml_node *root;
    uint64_t node_count;
};

#endif

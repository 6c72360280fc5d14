#ifndef BASE_CONFIG_CONFIG_INT_H
#define BASE_CONFIG_CONFIG_INT_H

#include "base/config/schema.h"
#include "base/config/yaml.h"
#include "customhouse/config.h"

/* Whether `s`, which stands at the node, is a text of this type. */
enum ch_code ch_config_check_text(const struct ch_yaml *yaml, const struct ch_yaml_node *node,
                                  enum ch_schema_type type, struct ch_str s,
                                  struct ch_err *err) CH_MUST_CHECK;

/* What no single value shows: names that refer to each other, addresses against TLS. */
enum ch_code ch_config_check(const struct ch_config *config, const struct ch_yaml *yaml,
                             struct ch_err *err) CH_MUST_CHECK;
/* The part of it about destinations of egress. */
enum ch_code ch_config_check_egress(const struct ch_config *config, const struct ch_yaml *yaml,
                                    struct ch_err *err) CH_MUST_CHECK;

#endif

# Writes OUTPUT, a C file holding the texts of RULES (files of YARA rules).
list(SORT RULES)
set(arrays "")
set(rows "")
set(count 0)
foreach(path IN LISTS RULES)
    get_filename_component(name ${path} NAME)
    file(READ ${path} text HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${text}")
    string(APPEND arrays "static const char rules_${count}[] = {${bytes}0};\n")
    string(APPEND rows
        "    {{\"${name}\", sizeof(\"${name}\") - 1}, {rules_${count}, sizeof(rules_${count}) - 1}},\n")
    math(EXPR count "${count} + 1")
endforeach()
# Bytes above 0x7f do not fit a signed char: the files are ASCII, and the compiler checks it.
file(WRITE ${OUTPUT} "#include \"scanner/rules/rules_int.h\"\n\n${arrays}
const struct ch_rule_text ch_rules_shipped[] = {\n${rows}};
const size_t ch_rules_shipped_count = ${count};\n")
